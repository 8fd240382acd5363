"""Whether what is found of a service shows what an earlier deployment has left of it. Pure.

AWS is eventually consistent: what a look shows may be what was before that deployment's last writes. A part that it
did not change says nothing of that, and neither does one that nobody looked at.
"""

from collections.abc import Iterator, Mapping
from dataclasses import fields

from chalicelib.aws.load_balancer_document import Routed
from chalicelib.before import Before
from chalicelib.deployment import Deployment, ServiceProgress
from chalicelib.forecast import Found, otherwise
from chalicelib.manifest import Manifest
from chalicelib.plan import service_spec
from chalicelib.specs import STARTS_A_DEPLOYMENT, ServiceSpec, service_changes

# Of the others the ECS deployment is the proof.
AWAITED = frozenset({"log_group", "discovery", "target_group", "rule", "tags", "scaling"})
# The count is asked for by itself: a scaler may have moved it.
SETTINGS = {each.name for each in fields(ServiceSpec)} - STARTS_A_DEPLOYMENT - {"desired_count"}
NO_SETTINGS = tuple(each.name for each in fields(ServiceSpec) if each.name not in SETTINGS)


def shows_what_was_left(earlier: Deployment, asked: Manifest, name: str, found: Found, before: Before) -> bool:
    """Tell whether a service is found as an earlier deployment has left it; `found` is told by what that one `asked`.

    What went back is as it was `before`, what was removed is gone, all else is as it was asked for. Of a way back that
    never came to its end nobody knows what it has left.
    """
    progress = earlier.services[name]
    if progress.status == "rolled_back":
        return all(_as_before(progress, before, found))
    if progress.status == "removed":
        return _is_gone(progress, found)
    return not earlier.goes_back and _is_as_asked(progress, asked, found)


def _is_as_asked(progress: ServiceProgress, asked: Manifest, found: Found) -> bool:
    scaled = progress.status == "succeeded" or progress.phase == "scaling"
    awaited = AWAITED - set(progress.as_asked or ()) - (set() if scaled else {"scaling"})
    wanted = service_spec(asked, progress.name, task_definition=None)
    return not awaited & set(otherwise(asked, progress.name, found)) and _is_set(progress, wanted, found)


def _is_set(progress: ServiceProgress, wanted: ServiceSpec, found: Found) -> bool:
    """Tell whether a service has the settings, and the count, of the last call on it."""
    if found.serving is None or progress.called_at is None:
        return True
    spec = found.serving.spec
    return progress.desired_asked in (None, spec.desired_count) and not service_changes(wanted, spec, NO_SETTINGS)


def _as_before(progress: ServiceProgress, before: Before, found: Found) -> Iterator[bool]:
    """Tell of each part that was put back whether it is found so."""
    yield before.spec is None or _is_set(progress, before.spec, found)
    if before.log_group and found.log_group:
        yield found.log_group == before.log_group
    if found.registered:
        made = before.registered is None and not progress.stays("discovery")
        yield not (made and progress.registry_arn in (None, found.registered.arn))  # None: it was removed
        yield before.registered is None or found.registered.ttl == before.registered.ttl
    if found.routed:
        made = before.routed is None and not progress.stays("target_group")
        yield not (made and found.routed.target_group == progress.target_group_arn)
        yield before.routed is None or _route(found.routed) == _route(before.routed)
    if not progress.stays("scaling") and "scaling" not in found.unknown:
        yield found.scaled == before.scaled
    if before.tagged and found.serving:
        yield _told(found.serving.tags) == _told(before.tagged.tags)


def _is_gone(progress: ServiceProgress, found: Found) -> bool:
    """Tell whether nothing is found of what a service that was removed had, but for what was there before it."""
    has = {
        "discovery": found.registered is not None,
        "target_group": found.routed is not None,
        "scaling": found.scaled is not None,
    }
    return not any(there and not progress.stays(part) for part, there in has.items())


def _route(routed: Routed) -> tuple[object, ...]:
    rule = routed.rule
    return routed.health_check, routed.deregistration_delay, rule and (rule.path, rule.host, rule.priority)


def _told(tags: Mapping[str, str]) -> dict[str, str]:
    return {key: text for key, text in tags.items() if key != "slipway:deployment"}
