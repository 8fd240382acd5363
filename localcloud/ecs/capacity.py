"""Where a task runs: choose a container instance or a capacity provider. Values and pure functions on them.

Rules: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement.html and
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CapacityProviderStrategyItem.html
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

GUIDE = "For more information, see the Troubleshooting section of the Amazon ECS Developer Guide."
NO_INSTANCE = "No Container Instances were found in your cluster."


@dataclass(frozen=True)
class ContainerInstance:
    """A machine that tasks of the launch type EC2 are placed on. `cpu` is in CPU units: 1024 are one vCPU."""

    arn: str
    cluster_arn: str
    ec2_instance_id: str
    zone: str
    cpu: int
    memory_mib: int
    registered_at: datetime
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """Return the last part of its ARN."""
        return self.arn.rsplit("/", 1)[-1]


@dataclass(frozen=True)
class Place:
    """Where one task runs: on a container instance, or on Fargate, which a capacity provider may have given."""

    launch_type: str
    capacity_provider: str | None = None
    instance: ContainerInstance | None = None


@dataclass(frozen=True)
class Need:
    """What a task reserves."""

    cpu: int
    memory_mib: int


@dataclass(frozen=True)
class Room:
    """What an instance has left, and how many tasks of the same group run there."""

    instance: ContainerInstance
    cpu: int
    memory_mib: int
    tasks_alike: int = 0

    def lacks(self, need: Need) -> str | None:
        """Return what there is too little of, "CPU" or "MEMORY"; None when the task fits."""
        if self.cpu < need.cpu:
            return "CPU"
        return "MEMORY" if self.memory_mib < need.memory_mib else None


class NoRoomError(Exception):
    """No container instance can take a task; the message is a service event's. `lacks` is (instance ARN, reason)."""

    def __init__(self, message: str, lacks: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__(message)
        self.lacks = tuple(lacks)


def need_of(task_definition: Mapping[str, Any]) -> Need:
    """Return what a task reserves: its own size, or else the sum of its containers'."""
    containers = task_definition["containerDefinitions"]
    memory = sum(int(c.get("memoryReservation") or c.get("memory") or 0) for c in containers)
    cpu = sum(int(c.get("cpu") or 0) for c in containers)
    return Need(int(task_definition.get("cpu") or cpu), int(task_definition.get("memory") or memory))


def choose_instance(need: Need, rooms: Sequence[Room]) -> ContainerInstance:
    """Return the instance with the fewest tasks of the group, then with the most memory left. Raises NoRoomError."""
    fitting = [room for room in rooms if room.lacks(need) is None]
    if fitting:
        return min(fitting, key=lambda room: (room.tasks_alike, -room.memory_mib)).instance
    sentence = "was unable to place a task because no container instance met all of its requirements."
    if not rooms:
        raise NoRoomError(f"{sentence} Reason: {NO_INSTANCE} {GUIDE}")
    closest = max(rooms, key=lambda room: (room.lacks(need) == "MEMORY", room.cpu, room.memory_mib))
    short = "CPU units" if closest.lacks(need) == "CPU" else "memory"
    raise NoRoomError(
        f"{sentence} The closest matching container-instance {closest.instance.id} has insufficient {short} "
        f"available. {GUIDE}",
        [(room.instance.arn, f"RESOURCE:{room.lacks(need)}") for room in rooms],
    )


def choose_provider(strategy: Sequence[Mapping[str, Any]], running: Mapping[str, int]) -> str:
    """Return the capacity provider of the next task: bases first, then the one furthest below its weight's share.

    `running` is how many tasks each provider has given already. A provider alone needs no weight.
    """
    for item in strategy:
        if running.get(item["capacityProvider"], 0) < item.get("base", 0):
            return str(item["capacityProvider"])
    weighted = [item for item in strategy if item.get("weight", 0) > 0] or strategy[:1]

    def load(item: Mapping[str, Any]) -> float:
        above_base: int = running.get(item["capacityProvider"], 0) - item.get("base", 0)
        weight: int = item.get("weight", 0)
        return (above_base + 1) / max(1, weight)

    return str(min(weighted, key=load)["capacityProvider"])
