"""What is wanted of ECS, and what is there, as values: task definitions and services, in the manifest's words."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from typing import Any

from chalicelib.manifest import CapacityProvider, HealthCheck, Mount, Volume
from chalicelib.manifest.definition_rules import SIZES, units


@dataclass(frozen=True)
class ContainerSpec:
    """A container of a task definition; `cpu` in CPU units and `memory` in MiB are its own shares, None without."""

    name: str
    image: str
    port: int | None = None
    essential: bool = True
    command: tuple[str, ...] | None = None
    entry_point: tuple[str, ...] | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    health_check: HealthCheck | None = None
    depends_on: Mapping[str, str] = field(default_factory=dict)
    stop_timeout: int | None = None
    mounts: tuple[Mount, ...] = ()
    cpu: int | None = None
    memory: int | None = None


@dataclass(frozen=True)
class TaskSpec:
    """What goes into a task definition; `cpu` in CPU units, `memory` in MiB, `compatibility` FARGATE or EC2.

    A definition that the caller wrote in ECS's own words is `raw`, beside `family` and `compatibility` alone.
    """

    family: str
    containers: tuple[ContainerSpec, ...] = ()
    cpu: int | None = None
    memory: int | None = None
    architecture: str | None = None
    compatibility: str = "FARGATE"
    volumes: Mapping[str, Volume] = field(default_factory=dict)
    ephemeral_storage_gib: int | None = None
    log_group: str | None = None
    task_role: str | None = None
    execution_role: str | None = None
    raw: Mapping[str, Any] | None = None

    @property
    def images(self) -> tuple[str, ...]:
        """Return the images of all containers."""
        if self.raw is not None:
            return tuple(each.get("image", "") for each in self.raw.get("containerDefinitions", []))
        return tuple(container.image for container in self.containers)

    @property
    def network_mode(self) -> str:
        """Return ECS's network mode; without one in a raw definition it is bridge (RegisterTaskDefinition)."""
        return "awsvpc" if self.raw is None else str(self.raw.get("networkMode", "bridge"))

    @property
    def content_hash(self) -> str:
        """Return the SHA-256 of this content: the same content, the same revision, in whatever order it is written."""
        content = asdict(self) | {"containers": {each.name: asdict(each) for each in self.containers}}
        return hashlib.sha256(json.dumps(content, sort_keys=True, default=dict).encode()).hexdigest()

    @property
    def content(self) -> tuple[str, str]:
        """Return family and content hash, by which the record remembers the revision that holds this."""
        return self.family, self.content_hash


@dataclass(frozen=True)
class Registry:
    """How an ECS service registers in Cloud Map: container and port only with SRV records.

    Others than Slipway may have written a `fixed_port` instead of both.
    """

    arn: str
    container: str | None = None
    port: int | None = None
    fixed_port: int | None = None


def readable_group_name(application: str, service: str) -> str:
    """Return how the name of a service's target group begins; eight hexadecimal digits come after it."""
    name = f"{application}-{service}"
    return "".join(letter if letter.isalnum() else "-" for letter in name)[:23].strip("-")


@dataclass(frozen=True)
class Target:
    """A target group that a service's tasks join, and with which container and port.

    `advanced` is ECS's own advancedConfiguration, where somebody has given the service one.
    """

    group_arn: str
    container: str
    port: int
    advanced: Mapping[str, Any] | None = None

    @property
    def group_name(self) -> str:
        """Return the name of the target group, which its ARN has."""
        return self.group_arn.partition(":targetgroup/")[2].partition("/")[0]

    def is_made_for(self, application: str, service: str) -> bool:
        """Tell whether Slipway made the target group for a service: by its name."""
        pattern = re.escape(readable_group_name(application, service)) + "-[0-9a-f]{8}"
        return re.fullmatch(pattern, self.group_name) is not None


@dataclass(frozen=True)
class Placement:
    """Where tasks run: subnet and security group ids, and whether they get a public IP."""

    subnets: tuple[str, ...]
    security_groups: tuple[str, ...]
    assign_public_ip: bool = False


@dataclass(frozen=True)
class ServiceSpec:
    """An ECS service as it is asked for, or as it serves. `task_definition` is an ARN with its revision.

    `desired_count` None is left as it is. `launch_type` is None with capacity providers. `route` are all the target
    groups that its tasks join, also those that no route of ours leads to. `deployment_configuration` is ECS's own, as
    it was read: what a manifest does not say of it stays, and so it is not compared.
    """

    task_definition: str | None
    desired_count: int | None
    minimum_healthy_percent: int
    maximum_percent: int
    circuit_breaker: bool
    health_check_grace_period_seconds: int
    network: Placement | None
    discovery: Registry | None
    route: tuple[Target, ...]
    launch_type: str | None = "FARGATE"
    capacity_providers: tuple[CapacityProvider, ...] = ()
    deployment_configuration: Mapping[str, Any] = field(default_factory=dict, compare=False)


# A change of one of these starts an ECS deployment, any other does not (API reference, UpdateService).
STARTS_A_DEPLOYMENT = frozenset(
    {"task_definition", "network", "discovery", "route", "launch_type", "capacity_providers"}
)


@dataclass(frozen=True)
class Serving:
    """What serves now under a service's name; `status` is ECS's: ACTIVE, DRAINING or INACTIVE.

    `ecs_deployment_id` is its PRIMARY deployment, made at `ecs_deployment_created_at`; with `rollout_failed` that one
    gave up, and would not try again. `ecs_deployments` are all that ECS lists. A Classic Load Balancer that it is
    behind is told by its name. What its task definition holds, `task` and its `content_hash`, is asked for by itself;
    `task` may be None where the hash says all.
    """

    arn: str
    status: str
    spec: ServiceSpec
    tags: Mapping[str, str]
    task: TaskSpec | None = None
    content_hash: str | None = None
    ecs_deployment_id: str | None = None
    ecs_deployment_created_at: datetime | None = None
    rollout_failed: bool = False
    classic_load_balancer: str | None = None
    ecs_deployments: tuple[str, ...] = ()


@dataclass(frozen=True)
class Change:
    """A field that differs: its name in the manifest, what serves, and what is asked; None where there is nothing."""

    field: str
    old: Any
    new: Any


ROLES = ("task_role", "execution_role", "taskRoleArn", "executionRoleArn")


def same_role(one: Any, other: Any) -> bool:
    """Tell whether two spellings mean one role: ECS stores an ARN for a name, and no other role has that name.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskDefinition.html (taskRoleArn)
    """
    if not isinstance(one, str) or not isinstance(other, str) or (one.startswith("arn:") and other.startswith("arn:")):
        return bool(one == other)
    return one.rpartition("/")[2] == other.rpartition("/")[2]


def service_changes(wanted: ServiceSpec, serving: ServiceSpec, leaving_out: tuple[str, ...] = ()) -> tuple[Change, ...]:
    """Return what differs between two services; a desired count of None differs from none."""
    unsaid = ("desired_count",) if wanted.desired_count is None else ()
    return tuple(_changes(wanted, serving, (*leaving_out, *unsaid)))


def task_changes(wanted: TaskSpec, serving: TaskSpec) -> tuple[Change, ...]:
    """Return what differs between two task definitions, each field under the name that it has in the manifest.

    Of a service of one container it is `image`, of several `containers.web.image`, of a raw definition, by its own
    keys, `task_definition.cpu`.
    """
    if wanted.raw is not None and serving.raw is not None:
        return tuple(_raw_changes(wanted.raw, serving.raw))
    if wanted.raw is not None or serving.raw is not None:
        return (Change("task_definition", serving.raw, wanted.raw),)
    whole = _changes(wanted, serving, ("containers",))
    return (*_container_changes(wanted.containers, serving.containers), *whole)


def _changes(wanted: Any, serving: Any, leaving_out: tuple[str, ...], prefix: str = "") -> Iterator[Change]:
    for name in (each.name for each in fields(wanted) if each.compare and each.name not in leaving_out):
        new, old = getattr(wanted, name), getattr(serving, name)
        if new != old and not (name in ROLES and same_role(new, old)):
            yield Change(prefix + name, old, new)


def _container_changes(wanted: tuple[ContainerSpec, ...], serving: tuple[ContainerSpec, ...]) -> Iterator[Change]:
    if len(wanted) == len(serving) == 1:
        yield from _changes(wanted[0], serving[0], ())
        return
    new, old = ({each.name: each for each in containers} for containers in (wanted, serving))
    for name in new | old:
        if name in new and name in old:
            yield from _changes(new[name], old[name], (), f"containers.{name}.")
        else:
            yield Change(f"containers.{name}", old.get(name), new.get(name))


def _raw_changes(wanted: Mapping[str, Any], serving: Mapping[str, Any]) -> Iterator[Change]:
    """Compare what the caller wrote: ECS adds defaults to what it stores, and stores some of it in other words."""
    for key in (key for key in wanted if key not in ("family", "tags")):
        if not _means(key, serving.get(key), wanted[key]):
            yield Change(f"task_definition.{key}", serving.get(key), wanted[key])


def _means(key: str, stored: Any, written: Any) -> bool:
    """Tell whether what ECS stored is what was written: it stores "1 vCPU" as "1024", and a role by its ARN."""
    if key in SIZES and isinstance(stored, str) and isinstance(written, str):
        return units(stored, key) == units(written, key)
    return same_role(stored, written) if key in ROLES else _says(stored, written)


def _says(stored: Any, written: Any) -> bool:
    """Tell whether what ECS stored holds all that was written."""
    if isinstance(written, Mapping) and isinstance(stored, Mapping):
        return all(_says(stored.get(key), value) for key, value in written.items())
    if isinstance(written, list | tuple) and isinstance(stored, list | tuple):
        return len(written) == len(stored) and all(map(_says, _by_name(stored), _by_name(written)))
    return bool(stored == written)


def _by_name(values: Sequence[Any]) -> list[Any]:
    """Return what has names in their order: variables and containers come in any."""
    named = all(isinstance(each, Mapping) and isinstance(each.get("name"), str) for each in values)
    return sorted(values, key=lambda each: str(each["name"])) if named else list(values)
