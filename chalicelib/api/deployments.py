"""Accept a deployment, show one, list them, tell their timeline."""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from chalicelib import limits
from chalicelib.api import superseding
from chalicelib.api.manifests import accepted
from chalicelib.api.registrations import demand_door, is_release, released
from chalicelib.belongings import Belongings, unnamed_in
from chalicelib.claims import AlreadyAccepted
from chalicelib.cloud import Cloud
from chalicelib.deployment import Deployment, Event, Status, new_id, progress_of
from chalicelib.errors import (
    AwsError,
    DeploymentInProgress,
    IdempotencyKeyReused,
    InvalidQuery,
    NotFound,
    StoreConflict,
    TooManyServices,
)
from chalicelib.items import IdempotencyRecord
from chalicelib.log import logger
from chalicelib.manifest import Manifest
from chalicelib.manifest.body import read
from chalicelib.notices import notify
from chalicelib.recovery import recover, start_if_free

ATTEMPTS = 5  # at a transaction that meets another one
DEPLOYMENT_ID = "dep_[0-9A-Z]{26}"
EVENT_ID = "evt_[0-9A-Z]{26}"


@dataclass(frozen=True)
class Request:
    """A request that makes a deployment: the body as it came (or what stands for it), and who sent it.

    `supersede`: it takes the place of whatever deployment holds one of its services. `force` deploys what did not
    change, too. `once` is a key of our own beside the caller's: what it made is never made again.
    """

    body: bytes
    content_type: str | None
    caller: str
    idempotency_key: str | None = None
    supersede: bool = False
    force: bool = False
    once: str | None = None

    @property
    def fingerprint(self) -> str:
        """Return what tells this request from any other: its body, and what it asks beside that."""
        beside = b"?force=true\n" if self.force else b""
        return hashlib.sha256(beside + self.body).hexdigest()


def create(cloud: Cloud, request: Request) -> tuple[Deployment, bool]:
    """Accept a manifest. The flag tells a replayed request.

    Raises the RequestErrors of `asked_manifest` and of `accept`, and Forbidden where no request with a token deploys.
    """

    def new() -> tuple[Deployment, Manifest]:
        manifest = asked_manifest(cloud, request)
        demand_door(cloud, manifest)
        return new_deployment(cloud, request.caller, manifest).model_copy(update={"force": request.force}), manifest

    return accept(cloud, request, new)


def asked_manifest(cloud: Cloud, request: Request) -> Manifest:
    """Return the manifest that a request sends, or the registered one that it names, with its images.

    Raises the RequestErrors of `manifest.parse`, and NotFound when nothing is registered.
    """
    document = read(request.body, request.content_type)
    if is_release(document.written):
        return released(cloud, document)
    return accepted(document, cloud.settings)


def accept(
    cloud: Cloud, request: Request, new: Callable[[], tuple[Deployment, Manifest | Belongings]]
) -> tuple[Deployment, bool]:
    """Record what is new, lock its services, start its workflow; or find what the same Idempotency-Key made.

    The flag tells a replayed request. Raises InvalidQuery, IdempotencyKeyReused and DeploymentInProgress.
    """
    keys = _keys(request)
    for key in keys:
        if known := cloud.store.idempotency(request.caller, key, cloud.now()):
            return _replayed(cloud, request, known), True
    deployment, asked = new()
    if request.supersede:
        deployment = superseding.newest(cloud, deployment)
    idempotency = [
        IdempotencyRecord(request.caller, key, request.fingerprint, deployment.id, kept=key == request.once)
        for key in keys
    ]
    called_off: Sequence[Deployment] = ()
    try:
        if request.supersede:
            deployment, called_off = superseding.begin(cloud, deployment, asked, idempotency)
        else:
            _begin(cloud, deployment, asked, idempotency)
    except AlreadyAccepted as accepted:
        return _replayed(cloud, request, accepted.record), True
    notify(cloud, deployment)
    _start(cloud, deployment, called_off)
    return deployment, False


def _keys(request: Request) -> list[str]:
    return [key for key in (key_of(request), request.once) if key]


def key_of(request: Request) -> str | None:
    """Return the key of an Idempotency-Key header, with or without its quotes (a structured-field string).

    Raises InvalidQuery for one that cannot be a key.
    """
    if (header := request.idempotency_key) is None:
        return None
    key = header.strip().removeprefix('"').removesuffix('"')
    if not 1 <= len(key) <= limits.IDEMPOTENCY_KEY_LENGTH or not key.isascii() or not key.isprintable():
        raise InvalidQuery(
            f"Idempotency-Key must be 1 to {limits.IDEMPOTENCY_KEY_LENGTH} printable ASCII characters, such as a UUID."
        )
    return key


def _replayed(cloud: Cloud, request: Request, known: IdempotencyRecord) -> Deployment:
    if known.fingerprint != request.fingerprint:
        raise IdempotencyKeyReused(
            f"This Idempotency-Key made {known.deployment_id} from another request. Send a new key with a new one."
        )
    deployment = cloud.store.get(known.deployment_id)
    if deployment.status is Status.PENDING:
        _start(cloud, deployment)
    return deployment


def new_deployment(cloud: Cloud, caller: str, manifest: Manifest) -> Deployment:
    """Return a deployment of a manifest, not recorded yet."""
    now, live = cloud.now(), cloud.store.live(manifest.application, manifest.environment)
    names = {name: manifest.discovered_name(name) for name in manifest.services}
    return Deployment(
        id=new_id("dep", now),
        application=manifest.application,
        environment=manifest.environment,
        cluster=manifest.cluster_name,
        requested_by=caller,
        created_at=now,
        updated_at=now,
        deadline_at=now + timedelta(seconds=manifest.timeout_seconds),
        succeeded_before={name: each for name, each in live.items() if name in manifest.services},
        services=progress_of(names | dict.fromkeys(_pruned(cloud, manifest))),
    )


def _pruned(cloud: Cloud, manifest: Manifest) -> list[str]:
    """Return the services that a deployment removes: with `prune`, all that the record knows and nobody names."""
    known = cloud.store.belongings(manifest.application, manifest.environment) if manifest.prune else None
    unnamed = sorted(unnamed_in(manifest, known)) if known else []
    if len(unnamed) > limits.SERVICES:
        raise TooManyServices(
            f"{len(unnamed)} services of {manifest.application} are not named here, and prune removes up to "
            f"{limits.SERVICES} at a time.",
            hint="Name some of them still, and leave them out the next time.",
        )
    return unnamed


def _begin(
    cloud: Cloud, deployment: Deployment, asked: Manifest | Belongings, idempotency: Sequence[IdempotencyRecord]
) -> None:
    """Record and lock. A holder that died is closed first; a write that met another is written again."""
    for _ in range(ATTEMPTS - 1):
        try:
            return cloud.store.begin(deployment, asked, idempotency)
        except StoreConflict:
            continue
        except DeploymentInProgress as busy:
            if not _dead(cloud, deployment, busy):
                raise
    return cloud.store.begin(deployment, asked, idempotency)


def _dead(cloud: Cloud, deployment: Deployment, busy: DeploymentInProgress) -> bool:
    """Tell whether the holder of a service does not run any more.

    Only a lease that is over, or a start that never came, is a reason to ask.
    """
    leases = [cloud.store.lock(name) for name in deployment.locks]
    over = any(lease and lease.deployment_id == busy.holder and lease.expires_at <= cloud.now() for lease in leases)
    pending = cloud.store.get(busy.holder).status is Status.PENDING
    return (over or pending) and recover(cloud, busy.holder)


def _start(cloud: Cloud, deployment: Deployment, called_off: Sequence[Deployment] = ()) -> None:
    """Start the workflow, once those at work on its services have ended; those whose place it takes are called off.

    When AWS does not let us now, the record is a promise that the sweep keeps in a minute.
    """
    try:
        superseding.call_off(cloud, deployment, called_off)
        start_if_free(cloud, deployment)
    except AwsError as error:
        logger.warning("left pending for the sweep", extra={"deployment_id": deployment.id, "cause": str(error)})


def get(cloud: Cloud, deployment_id: str) -> Deployment:
    """Return a deployment; raises NotFound. One that was left pending by a crash is started again."""
    if not re.fullmatch(DEPLOYMENT_ID, deployment_id):
        raise NotFound("There is no such deployment: an id is dep_ and 26 capital letters and digits.")
    deployment = cloud.store.get(deployment_id)
    if deployment.status is Status.PENDING:
        recover(cloud, deployment_id)
    return deployment


def events(cloud: Cloud, deployment_id: str, query: Mapping[str, str]) -> tuple[list[Event], str | None]:
    """Return the timeline after `after`, oldest first, and where to go on; raises NotFound and InvalidQuery."""
    refuse_unknown(query, ("after", "limit"))
    after = query.get("after")
    if after is not None and not re.fullmatch(EVENT_ID, after):
        raise InvalidQuery("after: send the `next` of the answer before, or an event's id.")
    deployment = get(cloud, deployment_id)
    found = cloud.store.events(deployment.id, after, _limit(query, default=limits.EVENTS_UNLESS_TOLD))
    return found, found[-1].id if found else after


def list_deployments(cloud: Cloud, query: Mapping[str, str]) -> tuple[list[Deployment], str | None]:
    """Return deployments, newest first, and the cursor of the next page; raises InvalidQuery."""
    refuse_unknown(query, ("application", "environment", "status", "limit", "cursor"))
    statuses = [status.value for status in Status]
    if (status := query.get("status")) and status not in statuses:
        raise InvalidQuery(f"status={status[:20]}: write one of {', '.join(statuses)}.")
    cursor = query.get("cursor")
    if cursor is not None and not re.fullmatch(DEPLOYMENT_ID, cursor):
        raise InvalidQuery("cursor: send the next_cursor of the page before, as it is.")
    filters = {name: query[name] for name in ("environment", "status") if query.get(name)}
    application, limit = query.get("application"), _limit(query, default=limits.DEPLOYMENTS_UNLESS_TOLD)
    return cloud.store.newest(application=application, filters=filters, limit=limit, after=cursor)


def refuse_unknown(query: Mapping[str, str], known: tuple[str, ...]) -> None:
    """Raise InvalidQuery for a parameter that a route does not have, and for one that is too long."""
    for name, value in query.items():
        if name not in known:
            raise InvalidQuery(f"{name[:50]} is no parameter of this route; it has {', '.join(known)}.")
        if not 1 <= len(value) <= limits.PARAMETER_LENGTH:
            most = limits.PARAMETER_LENGTH
            raise InvalidQuery(f"{name} has {len(value)} characters: write 1 to {most}, or leave it out.")


def _limit(query: Mapping[str, str], default: int) -> int:
    text = query.get("limit", str(default))
    if not re.fullmatch("[0-9]{1,3}", text) or not 1 <= int(text) <= limits.PAGE:
        raise InvalidQuery(f"limit={text[:20]}: write a number from 1 to {limits.PAGE}.")
    return int(text)
