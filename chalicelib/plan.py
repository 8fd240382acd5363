"""What a deployment will do, as values: the services wanted, those that serve, and what differs between them."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from chalicelib.manifest import HealthCheck, Manifest, Route, Service


@dataclass(frozen=True)
class TaskSpec:
    """What goes into a task definition, in the manifest's words; `cpu` in CPU units, `memory` in MiB."""

    family: str
    image: str
    cpu: int
    memory: int
    architecture: str
    port: int | None
    container: str
    log_group: str
    command: tuple[str, ...] | None = None
    entry_point: tuple[str, ...] | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    health_check: HealthCheck | None = None
    stop_timeout: int | None = None
    task_role: str | None = None
    execution_role: str | None = None

    @property
    def content_hash(self) -> str:
        """Return the SHA-256 of this content: the same content, the same revision."""
        content = asdict(self)
        content["health_check"] = self.health_check.model_dump() if self.health_check else None
        return hashlib.sha256(json.dumps(content, sort_keys=True, default=dict).encode()).hexdigest()


@dataclass(frozen=True)
class Registry:
    """How an ECS service registers in Cloud Map: `port` only with SRV records."""

    arn: str
    container: str | None = None
    port: int | None = None


@dataclass(frozen=True)
class Target:
    """The target group that a service's tasks join, and with which container and port."""

    group_arn: str
    container: str
    port: int


@dataclass(frozen=True)
class Placement:
    """Where tasks run: subnet and security group ids, and whether they get a public IP."""

    subnets: tuple[str, ...]
    security_groups: tuple[str, ...]
    assign_public_ip: bool = False


@dataclass(frozen=True)
class ServiceSpec:
    """An ECS service as it is asked for, or as it serves. `task_definition` is an ARN with its revision."""

    task_definition: str | None
    desired_count: int
    minimum_healthy_percent: int
    maximum_percent: int
    circuit_breaker: bool
    health_check_grace_period_seconds: int
    network: Placement | None
    discovery: Registry | None
    route: Target | None


@dataclass(frozen=True)
class Serving:
    """What serves now under a service's name; `status` is ECS's: ACTIVE, DRAINING or INACTIVE."""

    arn: str
    status: str
    spec: ServiceSpec
    tags: Mapping[str, str]
    task: TaskSpec | None = None
    content_hash: str | None = None


@dataclass(frozen=True)
class Plan:
    """What will be done: `create`, `update` or `unchanged` for each service, what served, and the waves."""

    actions: Mapping[str, str]
    changed_fields: Mapping[str, tuple[str, ...]]
    previous: Mapping[str, str | None]
    waves: tuple[tuple[str, ...], ...]


def plan(manifest: Manifest, serving: Mapping[str, Serving | None]) -> Plan:
    """Compare what is asked with what serves. `serving` holds ACTIVE services only, None for those to be made."""
    changed = {name: _changed_fields(manifest, name, serving[name]) for name in manifest.services}
    return Plan(
        actions={name: _action(serving[name], changed[name]) for name in manifest.services},
        changed_fields=changed,
        previous={name: now.spec.task_definition if now else None for name, now in serving.items()},
        waves=waves({name: service.depends_on for name, service in manifest.services.items()}),
    )


def _action(serving: Serving | None, changed: tuple[str, ...]) -> str:
    if serving is None:
        return "create"
    return "update" if changed else "unchanged"


def _changed_fields(manifest: Manifest, name: str, serving: Serving | None) -> tuple[str, ...]:
    """Return what differs as far as it is known before anything is made: not the ARNs of registry and target."""
    if serving is None:
        return ()
    wanted = service_spec(manifest, name, task_definition=serving.spec.task_definition)
    settings = difference(wanted, serving.spec, leaving_out=("network", "discovery", "route"))
    return changed_content(task_spec(manifest, name), serving) + settings


def changed_content(wanted: TaskSpec, serving: Serving) -> tuple[str, ...]:
    """Return the fields of a task definition that differ; the content hash decides whether any does."""
    if serving.content_hash == wanted.content_hash:
        return ()
    if serving.task is None:
        return ("task_definition",)
    return difference(wanted, serving.task) or ("task_definition",)


def difference(wanted: Any, serving: Any, leaving_out: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Return the names of the fields in which two values of one dataclass differ."""
    names = (each.name for each in fields(wanted) if each.name not in leaving_out)
    return tuple(name for name in names if getattr(wanted, name) != getattr(serving, name))


def waves(depends_on: Mapping[str, tuple[str, ...]]) -> tuple[tuple[str, ...], ...]:
    """Return the services wave by wave: each depends only on services of earlier waves. There must be no cycle."""
    found: list[tuple[str, ...]] = []
    placed: set[str] = set()
    while len(placed) < len(depends_on):
        wave = tuple(name for name, needs in depends_on.items() if name not in placed and placed.issuperset(needs))
        found.append(wave)
        placed.update(wave)
    return tuple(found)


def task_spec(manifest: Manifest, name: str) -> TaskSpec:
    """Return what the manifest asks of a service's task definition; its one container bears the service's name."""
    service = manifest.services[name]
    return TaskSpec(
        family=manifest.family(name),
        image=service.image,
        cpu=service.cpu,
        memory=service.memory,
        architecture=service.architecture,
        port=service.port,
        container=name,
        log_group=f"/ecs/{manifest.family(name)}",
        command=service.command,
        entry_point=service.entry_point,
        environment=dict(service.environment),
        health_check=service.health_check,
        stop_timeout=service.stop_timeout,
        task_role=service.task_role,
        execution_role=manifest.execution_role,
    )


def service_spec(
    manifest: Manifest,
    name: str,
    *,
    task_definition: str | None,
    network: Placement | None = None,
    registry_arn: str | None = None,
    target_group_arn: str | None = None,
) -> ServiceSpec:
    """Return the ECS service that the manifest asks for, with the ARNs that earlier steps found or made."""
    service = manifest.services[name]
    return ServiceSpec(
        task_definition=task_definition,
        desired_count=service.desired_count,
        minimum_healthy_percent=service.rollout.minimum_healthy_percent,
        maximum_percent=service.rollout.maximum_percent,
        circuit_breaker=service.rollout.circuit_breaker,
        health_check_grace_period_seconds=service.health_check_grace_period_seconds,
        network=network,
        discovery=_registry(service, name, registry_arn) if registry_arn else None,
        route=Target(target_group_arn, name, service.port) if target_group_arn and service.port else None,
    )


def _registry(service: Service, name: str, arn: str) -> Registry:
    """Return the registry as ECS wants it for awsvpc: container and port with SRV records, neither with A alone."""
    if service.discovery and "SRV" in service.discovery.records:
        return Registry(arn, container=name, port=service.port)
    return Registry(arn)


PRIORITIES_PER_LENGTH = 380  # 131 lengths of a path's literal prefix share 1..50000


def first_free_priority(route: Route, taken: set[int]) -> int:
    """Return a listener rule's priority: the longer a route's literal prefix, the earlier it is asked.

    Each length of the prefix has a band of its own; in it a route with a host comes before one without, and an exact
    path before a pattern. So no rule ever has to be renumbered (docs/decisions/0002). ELB asks the lowest number first.
    """
    prefix = literal_prefix(route.path)
    quarter = 2 * (route.host is None) + (prefix != route.path)
    start = 1 + (128 - min(len(prefix), 128)) * PRIORITIES_PER_LENGTH + quarter * (PRIORITIES_PER_LENGTH // 4)
    return next(priority for priority in range(start, 50_001) if priority not in taken)


def literal_prefix(path: str) -> str:
    """Return what a path pattern begins with before its first wildcard."""
    return re.split(r"[*?]", path, maxsplit=1)[0]
