"""The record's values to and from items of the table; what each item is stands in `store`."""

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from chalicelib import limits
from chalicelib.aws.dynamodb import Condition, Item
from chalicelib.belongings import Belongings, belongings_of
from chalicelib.deployment import Deployment, Event, ServiceProgress
from chalicelib.manifest import Manifest, with_images
from chalicelib.registration import Registration
from chalicelib.versions import present, present_body, stamped

IDEMPOTENCY_LIFETIME = timedelta(hours=limits.IDEMPOTENCY_HOURS)
CHANGES_LIFETIME = timedelta(days=1)
TORN_DOWN = "torn_down"
GROUND = "ground"


@dataclass(frozen=True)
class IdempotencyRecord:
    """What was made under a caller's key, and the fingerprint of the body that came with it.

    One that is `kept` is never forgotten.
    """

    caller: str
    key: str
    fingerprint: str
    deployment_id: str
    kept: bool = False


def deployment_key(deployment_id: str) -> Item:
    """Return the key of a deployment."""
    return {"pk": f"deployment#{deployment_id}", "sk": "deployment"}


def deployment_item(deployment: Deployment) -> Item:
    """Return a new deployment as an item, in the indexes of those that are open."""
    fields = deployment.model_dump(mode="json", exclude={"services"})
    indexed = {"listing": "deployment", "open": "open"}
    item = {**deployment_key(deployment.id), **fields, **indexed, "names": list(deployment.services)}
    return stamped("deployment", item)


def services_named(head: Item) -> list[str] | None:
    """Return the names of a deployment's services; None where an older release wrote it, and left them out."""
    names: list[str] | None = head.get("names")
    return names


def services_ended(deployment: Deployment) -> Item:
    """Return what the head of a deployment that ended keeps of its services, so that a list reads the heads alone."""
    return {"ended": [service_item(deployment.id, each) for each in deployment.services.values()]}


def services_in(head: Item) -> list[Item] | None:
    """Return the items of services that a head keeps; None while the deployment is open, and of an older release's."""
    items: list[Item] | None = head.get("ended")
    return items


def deployment_of(item: Item, services: Mapping[str, ServiceProgress]) -> Deployment:
    """Return the deployment of an item, as recent as the most recent of its services."""
    fields = {key: value for key, value in present("deployment", item).items() if key in Deployment.model_fields}
    deployment = Deployment.model_validate({**fields, "services": dict(sorted(services.items()))})
    changes = [each.updated_at for each in services.values() if each.updated_at]
    return deployment.model_copy(update={"updated_at": max([deployment.updated_at, *changes])})


def service_key(deployment_id: str, service: str) -> Item:
    """Return the key of a service's progress."""
    return {"pk": f"deployment#{deployment_id}", "sk": f"service#{service}"}


def service_item(deployment_id: str, progress: ServiceProgress) -> Item:
    """Return the progress of a service as an item."""
    return stamped("service", {**service_key(deployment_id, progress.name), **progress.model_dump(mode="json")})


def live_items(deployment: Deployment) -> list[Item]:
    """Return, of each service that a deployment proved, that it was this one, as items of its application."""
    proven = [name for name, each in deployment.services.items() if each.status == "succeeded"]
    return [live_key(deployment, name) | {"deployment_id": deployment.id} for name in proven]


def live_key(deployment: Deployment, service: str) -> Item:
    """Return the key under which stands with which deployment a service of an application last succeeded."""
    return {"pk": f"live#{deployment.application}/{deployment.environment}", "sk": service}


def changed_item(deployment: Deployment, at: datetime) -> Item | None:
    """Return which services a deployment that ends has changed, or may have, as an item; None where it changed nothing.

    A teardown, and a way back, change what services share, too.
    """
    services = [name for name, each in deployment.services.items() if each.changed and each.status != "pending"]
    shared = deployment.kind == "teardown" or deployment.goes_back or deployment.namespace_operation_id
    if not services and not shared:
        return None
    expires = int((at + CHANGES_LIFETIME).timestamp())
    key = {"pk": changes_key(deployment.application, deployment.environment), "sk": deployment.id, "expires": expires}
    return {**key, "kind": deployment.kind, "services": services, "ended_at": at.isoformat()}


def changes_key(application: str, environment: str) -> str:
    """Return under which key stands what deployments of an application have changed."""
    return f"changes#{application}/{environment}"


def service_of(item: Item) -> ServiceProgress:
    """Return the progress that an item holds."""
    return ServiceProgress.model_validate(own(present("service", item)))


def event_item(deployment_id: str, event: Event) -> Item:
    """Return a line of a deployment's timeline as an item."""
    return stamped("event", {"pk": f"events#{deployment_id}", "sk": event.id, **event.model_dump(mode="json")})


def event_of(item: Item) -> Event:
    """Return the line of a timeline that an item holds."""
    return Event.model_validate(own(present("event", item)))


def own(item: Item) -> Item:
    """Return an item without its key."""
    return {key: value for key, value in item.items() if key not in ("pk", "sk")}


def plain(changes: Mapping[str, Any]) -> Item:
    """Return values as DynamoDB and JSON know them."""
    return {key: plain_value(value) for key, value in changes.items()}


def plain_value(value: Any) -> Any:
    """Return a value as DynamoDB and JSON know it."""
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple):
        return [plain_value(each) for each in value]
    return value


def packed_manifest(manifest: Manifest) -> bytes:
    """Return a manifest as gzipped JSON: 256 KB of it would not fit into an item of 400 KB with all defaults."""
    return gzip.compress(manifest.model_dump_json().encode(), mtime=0)


def manifest_key(deployment_id: str) -> Item:
    """Return the key of what a deployment was asked."""
    return {"pk": f"manifest#{deployment_id}", "sk": "manifest"}


def unpacked_manifest(item: Item) -> Manifest:
    """Return the manifest that an item holds, with the images that Plan resolved."""
    return with_images(Manifest.model_validate_json(present_body("manifest", item)), item.get("images", {}))


def outline_item(deployment: Deployment, manifest: Manifest) -> Item:
    """Return what a manifest asks to be made, as an item of its application; the same outline is the same item."""
    body = belongings_of(manifest).model_dump_json()
    digest = hashlib.sha256(body.encode()).hexdigest()[:16]
    return _of_application(deployment, f"outline#{digest}", body)


def torn_down_item(deployment: Deployment, belongings: Belongings) -> Item:
    """Return what stays known of an application that was torn down: that there was one, and what others use still."""
    shared = {} if deployment.left else {"clusters": (), "namespaces": ()}
    rest = belongings.model_copy(update={"services": {}, "outlines": (), **shared})
    return _of_application(deployment, TORN_DOWN, rest.model_dump_json())


def _of_application(deployment: Deployment, sk: str, body: str) -> Item:
    key = application_key(deployment.application, deployment.environment, sk)
    return stamped("belongings", {**key, "deployment_id": deployment.id, "body": body})


def application_key(application: str, environment: str, sk: str) -> Item:
    """Return the key of what is known of an application in an environment."""
    return {"pk": f"application#{application}/{environment}", "sk": sk}


def belongings_in(item: Item) -> Belongings:
    """Return what one item tells of an application."""
    return asked_belongings(item).model_copy(update={"outlines": (item["sk"],)})


def revision_key(content: tuple[str, str]) -> Item:
    """Return the key under which stands which task definition holds a content, which is a family and a hash."""
    family, content_hash = content
    return {"pk": f"revision#{family}", "sk": content_hash}


def revision_item(content: tuple[str, str], arn: str) -> Item:
    """Return which task definition holds a content, as an item."""
    return {**revision_key(content), "arn": arn}


def registration_key(application: str, environment: str) -> tuple[Item, Item]:
    """Return the keys of a registration: its own, and its place among all."""
    own = {"pk": f"registration#{application}", "sk": environment}
    return own, {"pk": "registrations", "sk": f"{application}/{environment}"}


def repository_keys(repository: str) -> tuple[str, str]:
    """Return under which keys stands who has triggers of a repository: by its name, and by a pattern of its owner's."""
    owner = repository.partition("/")[0]
    return f"repository#{repository}", f"repository#{owner}/*"


def repository_items(registration: Registration) -> list[Item]:
    """Return, of each repository that triggers name, that this registration has one; a pattern stands by its owner."""
    named = {each.repository for each in registration.triggers}
    keys = {repository_keys(each)["*" in each] for each in named}
    return [{"pk": key, "sk": f"{registration.application}/{registration.environment}"} for key in sorted(keys)]


def registration_items(registration: Registration) -> list[Item]:
    """Return a registration as its own item, and the one among all."""
    own, listed = registration_key(registration.application, registration.environment)
    listing = registration.model_dump_json(exclude={"manifest"})
    return [
        stamped("registration", {**own, "body": gzip.compress(registration.model_dump_json().encode(), mtime=0)}),
        stamped("registration", {**listed, "body": listing}),
    ]


def registration_of(item: Item) -> Registration:
    """Return the registration that its own item holds, or, without its manifest, its item among all."""
    return Registration.model_validate_json(present_body("registration", item))


def asked_items(deployment: Deployment, asked: Manifest | Belongings) -> list[Item]:
    """Return what a deployment was asked: a manifest and its outline, or what a teardown removes."""
    if isinstance(asked, Belongings):
        return [stamped("belongings", {**belongings_key(deployment.id), "body": asked.model_dump_json()})]
    manifest = {**manifest_key(deployment.id), "body": packed_manifest(asked)}
    return [stamped("manifest", manifest), outline_item(deployment, asked)]


def belongings_key(deployment_id: str) -> Item:
    """Return the key of what a teardown removes."""
    return {"pk": f"belongings#{deployment_id}", "sk": "belongings"}


def asked_belongings(item: Item) -> Belongings:
    """Return the belongings that an item holds."""
    return Belongings.model_validate_json(present_body("belongings", item))


def equal(filters: Mapping[str, str]) -> Condition:
    """Return the condition that attributes have these values."""
    return Condition(
        " AND ".join(f"#{name} = :{name}" for name in filters),
        {f"#{name}": name for name in filters},
        {f":{name}": value for name, value in filters.items()},
    )


def unused(deployment: Deployment) -> Condition:
    """Return the condition that an Idempotency-Key is unknown, or forgotten when the deployment was made."""
    now = int(deployment.created_at.timestamp())
    return Condition("attribute_not_exists(pk) OR expires <= :now", values={":now": now})


def idempotency_item(record: IdempotencyRecord, at: datetime) -> Item:
    """Return what a key made, as an item that expires unless it is kept."""
    expires = {} if record.kept else {"expires": int((at + IDEMPOTENCY_LIFETIME).timestamp())}
    key = {"pk": f"idempotency#{record.caller}", "sk": record.key, **expires}
    return {**key, "fingerprint": record.fingerprint, "deployment_id": record.deployment_id}


def idempotency_record(item: Item) -> IdempotencyRecord:
    """Return what a key made."""
    caller = item["pk"].removeprefix("idempotency#")
    return IdempotencyRecord(caller, item["sk"], item["fingerprint"], item["deployment_id"], "expires" not in item)
