"""The one account of change: what a deployment does to each resource, what it makes and changes, with how many calls.

The dry run shows it, and the deployment goes by it: what is planned, what runs before, what is awaited, what is told.

A call counts when it would leave something otherwise than it is. So it counts as the steps make them: a log group is
made and given its retention, a target group is made and given its attributes, a policy is put for each thing that a
service is scaled by.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from chalicelib.aws.autoscaling import OURS, Scaled
from chalicelib.aws.cloud_map import Registered
from chalicelib.aws.load_balancer_document import Routed
from chalicelib.aws.logs import LogGroup
from chalicelib.manifest import Manifest, RouteHealthCheck
from chalicelib.plan import content_changes, service_spec, task_spec
from chalicelib.preflight import Finding
from chalicelib.specs import Change, Placement, ServiceSpec, Serving, service_changes

MADE = "(to be made)"  # stands for an ARN that nobody knows yet


@dataclass(frozen=True)
class Found:
    """What is there for one service, None where nothing is, beside the tags and the scaling that are wanted.

    `serving` is ACTIVE; `revision` is a task definition that has the wanted content already. `dropped_tags` are the
    keys that an earlier manifest gave the service and this one does not; `kept_registry` is the ARN of a Cloud Map
    service that no manifest gave it. `unknown` is what could not be looked at:
    log_group, task_definition, network, discovery, route, scaling. With `force` a service that is there gets an ECS
    deployment in any case.
    """

    tags: Mapping[str, str]
    serving: Serving | None = None
    revision: str | None = None
    log_group: LogGroup | None = None
    network: Placement | None = None
    registered: Registered | None = None
    routed: Routed | None = None
    scaled: Scaled | None = None
    scaling: Scaled | None = None
    unknown: frozenset[str] = frozenset()
    force: bool = False
    dropped_tags: frozenset[str] = frozenset()
    kept_registry: str | None = None


@dataclass(frozen=True)
class Effect:
    """What happens to one resource: its kind if it is made, what changes in it, and with how many calls."""

    creates: str | None = None
    changes: tuple[Change, ...] = ()
    calls: int = 0


@dataclass(frozen=True)
class Forecast:
    """What a deployment would do: what services share, and each service.

    A service is None when it would be refused, or when nobody knows what serves.
    """

    shared: tuple[Effect, ...]
    services: Mapping[str, tuple[Effect, ...] | None]
    new: frozenset[str]
    findings: tuple[Finding, ...]
    force: bool = False

    def action(self, name: str) -> str:
        """Return what happens to a service: create, update, unchanged, refused or unknown."""
        effects = self.services[name]
        if refuses(self.findings, name):
            return "refused"
        if effects is None:
            return "unknown"
        if name in self.new:
            return "create"
        return "update" if any(effects) else "unchanged"

    @property
    def changed(self) -> tuple[str, ...]:
        """Return the services that do not stay as they are."""
        return tuple(name for name in self.services if self.action(name) in ("create", "update"))

    def changed_fields(self, name: str) -> tuple[str, ...]:
        """Return what changes in a service that is there, field by field; of a new one nothing is called changed."""
        effects = () if name in self.new else self.services[name] or ()
        return tuple(dict.fromkeys(change.field for effect in effects for change in effect.changes))

    @property
    def calls(self) -> int:
        """Return how many calls would change something."""
        each = [effect for effects in self.services.values() for effect in effects or ()]
        return sum(effect.calls for effect in (*self.shared, *each))


def refuses(findings: Iterable[Finding], name: str) -> bool:
    """Tell whether findings refuse a service: an error of its own, or one of what all services share."""
    return any(each.severity == "error" and each.service in (None, name) for each in findings)


def shared_effects(manifest: Manifest, *, namespace: bool, cluster: bool) -> tuple[Effect, ...]:
    """Return what happens to what the services share; the flags tell what is there."""
    made = [f"namespace {manifest.namespace}"] if manifest.namespace and not namespace else []
    made += [] if cluster else [f"cluster {manifest.cluster_name}"]
    return tuple(Effect(creates=each, calls=1) for each in made)


def effects(manifest: Manifest, name: str, found: Found) -> tuple[Effect, ...]:
    """Return what happens to the resources of one service, in the order of the steps; nothing where nothing does.

    What is unknown is left out. Whatever happens, the task of before_deploy runs before the service changes.
    """
    told = {part: effect for part, effect in _parts(manifest, name, found).items() if effect != Effect()}
    before = tuple(effect for part, effect in told.items() if part not in WITH_THE_SERVICE)
    after = tuple(effect for part, effect in told.items() if part in WITH_THE_SERVICE)
    task = (Effect("before_deploy task", calls=1),) if told and manifest.services[name].before_deploy else ()
    return (*before, *task, *after)


def as_asked(manifest: Manifest, name: str, found: Found) -> tuple[str, ...]:
    """Return the parts of a service to which nothing happens, for they are as they are asked for."""
    return tuple(part for part, effect in _parts(manifest, name, found).items() if effect == Effect())


def otherwise(manifest: Manifest, name: str, found: Found) -> tuple[str, ...]:
    """Return the parts of a service to which something happens; those that nobody could look at are none of them."""
    return tuple(part for part, effect in _parts(manifest, name, found).items() if effect != Effect())


def _parts(manifest: Manifest, name: str, found: Found) -> dict[str, Effect]:
    return {part: effect(manifest, name, found) for part, (effect, needs) in PARTS.items() if not needs & found.unknown}


def _log_group(manifest: Manifest, name: str, found: Found) -> Effect:
    days = manifest.services[name].log_retention_days
    if task_spec(manifest, name).log_group is None:
        return Effect()
    if found.log_group is None:
        return _made("log group", found, Change("log_retention_days", None, days), calls=2)
    return _changed(Change("log_retention_days", found.log_group.retention_days, days))


def _task_definition(manifest: Manifest, name: str, found: Found) -> Effect:
    differs = content_changes(task_spec(manifest, name), found.serving) if found.serving else ()
    known = found.revision or "task_definition" in found.unknown
    return Effect(None, differs) if known else Effect("task definition", differs, calls=1)


def _discovery(manifest: Manifest, name: str, found: Found) -> Effect:
    wanted = manifest.services[name].discovery
    if wanted is None or manifest.namespace is None:
        return Effect()
    if found.registered is None:
        return Effect("cloud map service", calls=1)
    return _changed(Change("discovery.ttl", found.registered.ttl, wanted.ttl))


def _target_group(manifest: Manifest, name: str, found: Found) -> Effect:
    route = manifest.services[name].route
    if route is None:
        return Effect()
    if found.routed is None:
        return Effect("target group", calls=2)
    now = found.routed
    check = tuple(
        Change(f"route.health_check.{field}", getattr(now.health_check, field), getattr(route.health_check, field))
        for field in RouteHealthCheck.model_fields
    )
    delay = Change("route.deregistration_delay", now.deregistration_delay, route.deregistration_delay)
    return _both(_changed(*check), _changed(delay))


def _rule(manifest: Manifest, name: str, found: Found) -> Effect:
    """Return what happens to the listener rule; a priority that the manifest leaves to Slipway stays as it is.

    Without a route, one that is there goes.
    """
    route = manifest.services[name].route
    rule = found.routed.rule if found.routed else None
    if route is None:
        return _changed(Change("route.path", rule.path if rule else None, None))
    if rule is None:
        return _made("listener rule", found, Change("route.path", None, route.path), calls=1)
    conditions = _changed(Change("route.path", rule.path, route.path), Change("route.host", rule.host, route.host))
    return _both(conditions, _changed(Change("route.priority", rule.priority, route.priority or rule.priority)))


def _service(manifest: Manifest, name: str, found: Found) -> Effect:
    if found.serving is None:
        return Effect("service", calls=1)
    again = found.force or found.serving.rollout_failed
    differs = service_changes(_wanted(manifest, name, found), found.serving.spec, leaving_out=tuple(found.unknown))
    shown = tuple(
        change for change in differs if change.field != "task_definition" or not _content(manifest, name, found)
    )
    return Effect("ecs deployment" if again else None, shown, calls=int(again or bool(differs)))


def _content(manifest: Manifest, name: str, found: Found) -> bool:
    """Tell whether the content of a service's task definition differs, which is told by its own fields."""
    return bool(found.serving and content_changes(task_spec(manifest, name), found.serving))


def _wanted(manifest: Manifest, name: str, found: Found) -> ServiceSpec:
    service = manifest.services[name]
    registry = found.registered.arn if found.registered else MADE
    target_group = found.routed.target_group if found.routed else MADE
    return service_spec(
        manifest,
        name,
        task_definition=found.revision or MADE,
        serving=found.serving,
        network=found.network,
        registry_arn=registry if service.discovery and manifest.namespace else found.kept_registry,
        target_group_arn=target_group if service.route else None,
    )


def _tags(_manifest: Manifest, _name: str, found: Found) -> Effect:
    if found.serving is None:
        return Effect()
    now = found.serving.tags
    differs = _changed(*(Change(f"tags.{key}", now.get(key), text) for key, text in found.tags.items()))
    dropped = sorted(found.dropped_tags & now.keys())
    return _both(differs, _changed(*(Change(f"tags.{key}", now[key], None) for key in dropped)))


def _scaling(_manifest: Manifest, _name: str, found: Found) -> Effect:
    """Return what happens to the scalable target; without `scaling`, one that has no policy of ours is left alone."""
    now, wanted = found.scaled, found.scaling
    if wanted is None:
        return Effect(None, tuple(_scaling_changes(now, None)), calls=1) if now and now.policies else Effect()
    if now is None:
        made = tuple(_scaling_changes(None, wanted))
        return _made("scalable target", found, *made, calls=1 + len(wanted.policies))
    differs = tuple(_scaling_changes(now, wanted))
    bounds = {"scaling.min", "scaling.max"} & {change.field for change in differs}
    return Effect(None, differs, calls=bool(bounds) + sum(change.field not in bounds for change in differs))


def _scaling_changes(now: Scaled | None, wanted: Scaled | None) -> Iterator[Change]:
    old, new = (_scaling_fields(each) for each in (now, wanted))
    for field in old | new:
        if old.get(field) != new.get(field):
            yield Change(f"scaling.{field}", old.get(field), new.get(field))


def _scaling_fields(scaled: Scaled | None) -> dict[str, object]:
    if scaled is None:
        return {}
    policies = {name.removeprefix(OURS): policy for name, policy in scaled.policies.items()}
    return {"min": scaled.least, "max": scaled.most, **policies}


def _made(what: str, found: Found, *differs: Change, calls: int) -> Effect:
    """Return that something is made; a service that serves without it changes by that."""
    return Effect(what, differs if found.serving else (), calls)


def _changed(*candidates: Change) -> Effect:
    """Return the effect of one call that changes what differs."""
    differs = tuple(change for change in candidates if change.old != change.new)
    return Effect(None, differs, calls=int(bool(differs)))


def _both(first: Effect, second: Effect) -> Effect:
    return Effect(None, first.changes + second.changes, first.calls + second.calls)


PARTS: Mapping[str, tuple[Callable[[Manifest, str, Found], Effect], frozenset[str]]] = {
    "log_group": (_log_group, frozenset({"log_group"})),
    "task_definition": (_task_definition, frozenset()),
    "discovery": (_discovery, frozenset({"discovery"})),
    "target_group": (_target_group, frozenset({"route"})),
    "rule": (_rule, frozenset({"route"})),
    "service": (_service, frozenset()),
    "tags": (_tags, frozenset()),
    "scaling": (_scaling, frozenset({"route", "scaling"})),
}
"""The parts of a service in the order of the steps: what happens to each, and what has to be known for it."""
WITH_THE_SERVICE = ("service", "tags", "scaling")
"""The parts that change after before_deploy."""
