"""What is wanted, as values: services, task definitions, their order, and what differs from one that serves."""

import re
from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any

from chalicelib.manifest import Container, Manifest, Route, Service, registered_container, routed_container
from chalicelib.specs import (
    Change,
    ContainerSpec,
    Placement,
    Registry,
    ServiceSpec,
    Serving,
    Target,
    TaskSpec,
    service_changes,
    task_changes,
)


def changes(manifest: Manifest, name: str, serving: Serving) -> tuple[Change, ...]:
    """Return what differs as far as it is known before anything is made: not the ARNs of registry and target."""
    wanted = service_spec(manifest, name, task_definition=serving.spec.task_definition, serving=serving)
    settings = service_changes(wanted, serving.spec, leaving_out=("network", "discovery", "route"))
    return content_changes(task_spec(manifest, name), serving) + settings


def content_changes(wanted: TaskSpec, serving: Serving) -> tuple[Change, ...]:
    """Return what differs in the task definition; the content hash decides whether anything does."""
    if serving.content_hash == wanted.content_hash:
        return ()
    found = task_changes(wanted, serving.task) if serving.task else ()
    return found or (Change("task_definition", serving.spec.task_definition, None),)


def waves(depends_on: Mapping[str, tuple[str, ...]]) -> tuple[tuple[str, ...], ...]:
    """Return the services wave by wave: each depends only on services of earlier waves. There must be no cycle."""
    found: list[tuple[str, ...]] = []
    placed: set[str] = set()
    while len(placed) < len(depends_on):
        wave = tuple(name for name, needs in depends_on.items() if name not in placed and placed.issuperset(needs))
        found.append(wave)
        placed.update(wave)
    return tuple(found)


def chained(waves: Sequence[Sequence[Mapping[str, Any]]]) -> dict[str, Any]:
    """Return the items of waves as a state machine goes through them: each wave holds the one that comes after it.

    {"services": [item, …], "next": {"services": […]}}; the last one has no `next`, and the only one may be empty.
    """
    first, *later = waves or [[]]
    return {"services": list(first), **({"next": chained(later)} if later else {})}


def task_spec(manifest: Manifest, name: str) -> TaskSpec:
    """Return what the manifest asks of a service's task definition; a container without a name bears the service's."""
    service, family = manifest.services[name], manifest.family(name)
    if service.definition is not None:
        return TaskSpec(family, compatibility=service.compatibility, raw=service.definition)
    return TaskSpec(
        family=family,
        containers=_containers(service, name),
        cpu=service.cpu,
        memory=service.memory,
        architecture=service.architecture,
        compatibility=service.compatibility,
        volumes=dict(service.volumes),
        ephemeral_storage_gib=service.ephemeral_storage_gib,
        log_group=f"/ecs/{family}",
        task_role=service.task_role,
        execution_role=manifest.execution_role,
    )


def _containers(service: Service, name: str) -> tuple[ContainerSpec, ...]:
    if service.containers is not None:
        return tuple(_container(key, container) for key, container in service.containers.items())
    own = service.model_dump(include=set(Container.model_fields) - {"cpu", "memory", "depends_on"})
    return (_container(name, Container.model_validate(own)),)


def _container(name: str, container: Container) -> ContainerSpec:
    return ContainerSpec(name=name, **dict(container))


def service_spec(
    manifest: Manifest,
    name: str,
    *,
    task_definition: str | None,
    serving: Serving | None = None,
    network: Placement | None = None,
    registry_arn: str | None = None,
    target_group_arn: str | None = None,
) -> ServiceSpec:
    """Return the ECS service that the manifest asks for, with the ARNs that earlier steps found or made.

    One that serves keeps its desired count where the manifest says none, or scaling decides it. What serves keeps
    whatever of it no manifest says: the target groups that are not Slipway's, and the rest of its deployment
    configuration.
    """
    service = manifest.services[name]
    return ServiceSpec(
        task_definition=task_definition,
        desired_count=None if serving and service.keeps_count else service.first_count,
        minimum_healthy_percent=service.rollout.minimum_healthy_percent,
        maximum_percent=service.rollout.maximum_percent,
        circuit_breaker=service.rollout.circuit_breaker,
        health_check_grace_period_seconds=service.health_check_grace_period_seconds,
        network=network,
        discovery=_registry(manifest, name, registry_arn, serving.spec.discovery if serving else None),
        route=_targets(manifest, name, target_group_arn, serving.spec.route if serving else ()),
        launch_type=None if service.capacity_providers else service.launch_type,
        capacity_providers=service.capacity_providers,
        deployment_configuration=serving.spec.deployment_configuration if serving else {},
    )


def _registry(manifest: Manifest, name: str, arn: str | None, serving: Registry | None) -> Registry | None:
    """Return the registry as ECS wants it for awsvpc: container and port with SRV records, neither with A alone.

    One that others gave the service is as it is.
    """
    if arn is None or (serving and serving.arn == arn and manifest.services[name].discovery is None):
        return serving if arn else None
    container = registered_container(manifest, name)
    return Registry(arn, container.name, container.port) if container else Registry(arn)


def _targets(manifest: Manifest, name: str, group_arn: str | None, serving: tuple[Target, ...]) -> tuple[Target, ...]:
    """Return the target groups that tasks join: our own as it is asked for, and those that others have made."""
    routed = routed_container(manifest, name) if group_arn else None
    others = tuple(each for each in serving if not each.is_made_for(manifest.application, name))
    if group_arn is None or routed is None or routed.port is None:
        return others
    now = next((each for each in serving if each.group_arn == group_arn), None)
    own = Target(group_arn, routed.name, routed.port, now.advanced if now else None)
    if now is None:
        return (*others, own)
    return tuple(own if each is now else each for each in serving if each is now or each in others)


def own_groups(manifest: Manifest, name: str, spec: ServiceSpec) -> tuple[str, ...]:
    """Return the ARNs of the target groups of a service that Slipway made for it."""
    return tuple(each.group_arn for each in spec.route if each.is_made_for(manifest.application, name))


LONGEST_PATH = 128  # values.PATH_PATTERN
PRIORITIES_PER_LENGTH = 380  # each length of a path's literal prefix has so many of ELB's 50,000


def first_free_priority(route: Route, taken: set[int], rank: int = 0) -> int:
    """Return a listener rule's priority: the longer a route's literal prefix, the earlier it is asked.

    Each length of the prefix has a band of its own; in it a route with a host comes before one without, and an exact
    path before a pattern. So no rule ever has to be renumbered (docs/decisions/0002). ELB asks the lowest number first.
    The search begins as many later as the `rank` says.
    """
    prefix = literal_prefix(route.path)
    quarter = 2 * (route.host is None) + (prefix != route.path)
    start = 1 + (LONGEST_PATH - len(prefix)) * PRIORITIES_PER_LENGTH + quarter * (PRIORITIES_PER_LENGTH // 4)
    return next(priority for priority in count(start + rank) if priority not in taken)


def rank_of(manifest: Manifest, name: str) -> int:
    """Return how many routes of a manifest come before a service's and ask for the same priority.

    Their rules are made at the same moment, and none has to be made twice: each asks for a priority of its own.
    """
    routes = {each: service.route for each, service in manifest.services.items() if service.route}
    alike = [each for each, route in routes.items() if _first(route) == _first(routes[name])]
    return alike.index(name)


def _first(route: Route) -> int:
    return first_free_priority(route, set())


def first_free_for(manifest: Manifest, name: str, route: Route, taken: set[int]) -> int:
    """Return the priority of a new rule for a service's route."""
    return first_free_priority(route, taken, rank_of(manifest, name))


def literal_prefix(path: str) -> str:
    """Return what a path pattern begins with before its first wildcard."""
    return re.split(r"[*?]", path)[0]
