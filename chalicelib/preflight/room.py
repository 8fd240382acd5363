"""Room: a container instance can take a task of a service on EC2, and a rollout can replace one."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

from chalicelib.manifest import Manifest, Service, no_room
from chalicelib.manifest.definition_rules import units
from chalicelib.preflight.finding import Finding, Severity
from chalicelib.specs import Serving, TaskSpec


@dataclass(frozen=True)
class Room:
    """CPU units and MiB: what a container instance has left, or what a task reserves."""

    cpu: int
    memory_mib: int

    def takes(self, task: "Room") -> bool:
        """Tell whether a task fits."""
        return task.cpu <= self.cpu and task.memory_mib <= self.memory_mib


@dataclass(frozen=True)
class Capacity:
    """A cluster's room, for each ACTIVE container instance; `scales` when a capacity provider adds instances."""

    rooms: tuple[Room, ...] = ()
    scales: bool = False


def waits_for_room(service: Service, serving: Serving | None, *, changed: bool) -> bool:
    """Tell whether a service on EC2 cannot go on unless one more of its tasks is placed.

    ECS stops tasks before it starts others where minimum_healthy_percent lets it, which makes room:
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html
    """
    runs = _runs(serving)
    if service.compatibility != "EC2" or not service.count_after(runs):
        return False
    if runs is None:
        return True
    kept = ceil(runs * service.rollout.minimum_healthy_percent / 100)
    return changed and runs <= kept


def rollout_findings(manifest: Manifest, serving: Mapping[str, Serving | None]) -> Iterator[Finding]:
    """Return the services of which ECS can replace no task, at the count that they will have or may be scaled in to.

    The fewer tasks, the less room.
    """
    for name, now in serving.items():
        service = manifest.services[name]
        scaled_in = max(service.scaling.min, 1) if service.scaling else 0
        fewest = min(filter(None, (service.count_after(_runs(now)), scaled_in)), default=0)
        rollout = service.rollout
        if words := no_room(fewest, rollout.minimum_healthy_percent, rollout.maximum_percent):
            yield Finding("rollout_has_no_room", f"{name}: {words}", f"/services/{name}/rollout", name)


def _runs(serving: Serving | None) -> int | None:
    """Return the desired count of a service that serves, None of a new one."""
    return serving.spec.desired_count or 0 if serving and serving.status == "ACTIVE" else None


def room_findings(manifest: Manifest, tasks: Mapping[str, TaskSpec], capacity: Capacity) -> Iterator[Finding]:
    """Return the services, of those that wait for room, of which no task can be placed; the ENIs are not counted."""
    for name, task in tasks.items():
        reserved = _reserved(task)
        if not any(room.takes(reserved) for room in capacity.rooms):
            field = "capacity_providers" if manifest.services[name].capacity_providers else "launch_type"
            needs = f"a task of {name} reserves {reserved.cpu} CPU units and {reserved.memory_mib} MiB"
            detail = f"{needs}, and {_left(manifest.cluster_name, capacity)}"
            severity: Severity = "warning" if capacity.scales else "error"
            yield Finding("no_room", detail, f"/services/{name}/{field}", name, severity)


def _left(cluster: str, capacity: Capacity) -> str:
    if not capacity.rooms:
        return f"the cluster {cluster} has no ACTIVE container instance"
    left = " · ".join(f"{room.cpu} and {room.memory_mib}" for room in capacity.rooms)
    return f"the container instances of {cluster} have left: {left}"


def _reserved(task: TaskSpec) -> Room:
    """Return what a task reserves: its own size, or else the sum of its containers'.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters_ec2.html
    """
    if task.raw is None:
        return Room(task.cpu or 0, task.memory or 0)
    containers: list[dict[str, Any]] = task.raw["containerDefinitions"]
    cpu = sum(each.get("cpu", 0) for each in containers)
    memory = sum(each.get("memoryReservation") or each.get("memory", 0) for each in containers)
    return Room(_size(task.raw, "cpu") or cpu, _size(task.raw, "memory") or memory)


def _size(definition: Mapping[str, Any], key: str) -> int | None:
    return units(str(definition[key]), key) if definition.get(key) else None
