"""What a delivery of GitHub's webhook means: verified, read, matched with triggers, and accepted as deployments."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from chalicelib.api.deployments import Request, accept, new_deployment
from chalicelib.api.registrations import manifest_of
from chalicelib.cloud import Cloud
from chalicelib.deployment import Deployment
from chalicelib.errors import Forbidden, InvalidDelivery, NotFound, RequestError
from chalicelib.github.body import demand_size
from chalicelib.github.delivery import DeploymentRequested, Ignored, Occurrence, read
from chalicelib.github.signature import verify
from chalicelib.github.statuses import Refusal, words_of
from chalicelib.github.triggers import Trigger, applies, names, of_repository, why_not
from chalicelib.manifest import Manifest
from chalicelib.notices import notify_refusal
from chalicelib.own_secrets import own_secret
from chalicelib.registration import Registration

DELIVERY_ID = r"[!-~]{1,100}"  # a GUID, for all we have seen
TOLD_LENGTH = 500  # of each text in a notice: what GitHub sends is shorter, and an invocation takes 256 KB


@dataclass(frozen=True)
class Delivery:
    """A delivery as it came: the raw body, and the headers that tell what it is; None where one is missing."""

    body: bytes
    content_type: str | None
    signature: str | None
    event: str | None
    id: str | None


@dataclass(frozen=True)
class Match:
    """An environment that a delivery is to deploy, and by which trigger."""

    registration: Registration
    trigger: Trigger
    environment: str


def deliver(cloud: Cloud, delivery: Delivery) -> list[tuple[Deployment, bool]] | Ignored:
    """Accept what a delivery deploys, or tell why that is nothing. A flag tells what an earlier delivery had made.

    Several environments may be deployed. When one of them cannot be, the others are all the same, and the error of
    the first is raised: delivered again, those that were accepted change nothing.

    Raises BodyTooLarge, Unauthorized, InvalidDelivery, UnsupportedMediaType, InvalidManifest and DeploymentInProgress.
    """
    demand_size(delivery.body)
    verify(delivery.body, delivery.signature, secrets(cloud))
    if not delivery.event or not re.fullmatch(DELIVERY_ID, delivery.id or ""):
        raise InvalidDelivery("A delivery has the headers X-GitHub-Event, and X-GitHub-Delivery with a GUID.")
    occurrence = read(delivery.event, delivery.body, delivery.content_type)
    if isinstance(occurrence, Ignored):
        return occurrence
    registrations = cloud.store.registrations_of(occurrence.repository, cloud.now())
    found = matches(registrations, occurrence)
    admitted = [match for match in found if match.registration.admits(occurrence.event)]
    if admitted:
        return _all_accepted(cloud, delivery, occurrence, admitted)
    if isinstance(occurrence, DeploymentRequested):  # a push asked for no deployment: nothing is pending on GitHub
        for match in found:
            _tell_refusal(cloud, delivery, occurrence, match, Forbidden(match.registration.doors))
    return Ignored(_why_nothing(registrations, occurrence))


def secrets(cloud: Cloud) -> list[bytes]:
    """Return the webhook's secrets, all of them valid; each is read once a minute."""
    return [own_secret(cloud, name).encode() for name in cloud.settings.github_secrets]


def matches(registrations: list[Registration], occurrence: Occurrence) -> list[Match]:
    """Return which environments an occurrence asks for, each once, by the first trigger that names it."""
    found: dict[tuple[str, str], Match] = {}
    for each in _targets(registrations):
        if applies(each.trigger, occurrence, each.environment):
            found.setdefault((each.registration.application, each.environment), each)
    return list(found.values())


def _targets(registrations: list[Registration]) -> Iterator[Match]:
    """Yield every trigger with the environment that it may deploy."""
    by_environment = {(each.application, each.environment): each for each in registrations}
    for registration in registrations:
        for trigger in registration.triggers:
            key = registration.application, trigger.to_environment or registration.environment
            if target := by_environment.get(key):
                yield Match(target, trigger, target.environment)


def _why_nothing(registrations: list[Registration], occurrence: Occurrence) -> str:
    """Return why nothing is deployed: what is wrong with a trigger that names this, or that none does."""
    for each in _targets(registrations):
        named = names(each.trigger, occurrence, each.environment)
        if named and (reason := why_not(each.trigger, occurrence)):
            return f"the trigger of {each.registration.application} in {each.environment} {reason}"
    own = [trigger for each in registrations for trigger in each.triggers if of_repository(trigger, occurrence)]
    what = f"{occurrence.event} of {occurrence.ref[:100] or occurrence.sha} in {occurrence.repository[:100]}"
    return f"none of the triggers that are registered for this repository, {len(own)}, names this {what}"


def _all_accepted(
    cloud: Cloud, delivery: Delivery, occurrence: Occurrence, found: list[Match]
) -> list[tuple[Deployment, bool]]:
    accepted: list[tuple[Deployment, bool]] = []
    refusals: list[RequestError] = []
    for match in found:
        try:
            accepted.append(_accepted(cloud, delivery, occurrence, match))
        except RequestError as refusal:
            refusals.append(refusal)
            _tell_refusal(cloud, delivery, occurrence, match, refusal)
    if refusals:
        raise refusals[0]
    return accepted


def _tell_refusal(
    cloud: Cloud, delivery: Delivery, occurrence: Occurrence, match: Match, refusal: RequestError
) -> None:
    """Have GitHub told why a delivery deploys nothing in an environment: there it would be pending for ever."""
    source = {name: text[:TOLD_LENGTH] for name, text in source_of(delivery, occurrence).items()}
    key = _key(_body_name(delivery.body), match)
    caller = _caller(source["repository"])
    where = match.registration.application, match.environment
    notify_refusal(cloud, Refusal(*where, caller=caller, key=key, words=words_of(refusal), source=source))


def _caller(repository: str) -> str:
    return f"github:{repository}"


def _accepted(cloud: Cloud, delivery: Delivery, occurrence: Occurrence, match: Match) -> tuple[Deployment, bool]:
    caller = _caller(occurrence.repository)
    supersede = match.trigger.on_busy == "supersede"
    by_id, by_body = (_key(name, match) for name in (delivery.id, _body_name(delivery.body)))
    request = Request(delivery.body, None, caller, by_id, supersede=supersede, once=by_body)

    def new() -> tuple[Deployment, Manifest]:
        registration = cloud.store.registration(match.registration.application, match.environment)
        if registration is None:
            raise NotFound(f"{match.registration.application} is not registered in {match.environment} any more.")
        manifest = manifest_of(cloud, registration, occurrence.values, match.trigger.images)
        source = source_of(delivery, occurrence)
        return new_deployment(cloud, caller, manifest).model_copy(update={"source": source}), manifest

    return accept(cloud, request, new)


def _key(name: str | None, match: Match) -> str:
    """Return the key of what a delivery does in one environment: it may do something in several.

    A delivery has two names: its id, and its body. GitHub signs the body alone, so that whoever gets hold of one may
    send it under any id; no two events have the same body, for it has the event's own ids and times.
    """
    where = f"{match.registration.application}/{match.environment}"
    return f"{name} {hashlib.sha256(where.encode()).hexdigest()[:16]}"


def _body_name(body: bytes) -> str:
    """Return the name of a body, which is no delivery's id: those have no spaces."""
    return f"body {hashlib.sha256(body).hexdigest()}"


def source_of(delivery: Delivery, occurrence: Occurrence) -> dict[str, str]:
    """Return where a deployment comes from: what its statuses on GitHub need, by our own words.

    No URL of the payload is kept: nothing that a delivery says is ever asked.
    """
    source = {
        "type": "github",
        "repository": occurrence.repository,
        "event": occurrence.event,
        "ref": occurrence.ref,
        "sha": occurrence.sha,
        "delivery": delivery.id or "",
    }
    if isinstance(occurrence, DeploymentRequested):
        source |= {"deployment_id": str(occurrence.deployment_id), "environment": occurrence.environment}
    return source
