"""Decide which tasks of a service to start and to stop: a pure function on values.

Rules: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class TaskFact:
    """A task that nothing has asked to stop. `failing` is why it must be replaced; `age` counts from the newest."""

    id: str
    deployment_id: str
    running: bool
    healthy: bool
    failing: str | None = None
    age: float = 0.0


@dataclass(frozen=True)
class ServiceFact:
    """What a service asks for. `may_start` is false while starts back off, and after a failure without a way back."""

    desired: int
    primary_id: str
    minimum_healthy_percent: int = 100
    maximum_percent: int = 200
    may_start: bool = True

    @property
    def lower(self) -> int:
        """Return how many healthy tasks must remain."""
        return math.ceil(self.desired * self.minimum_healthy_percent / 100)

    @property
    def upper(self) -> int:
        """Return how many tasks there may be."""
        return math.floor(self.desired * self.maximum_percent / 100)


@dataclass(frozen=True)
class Moves:
    """What to do now. `replace` are failing tasks; `blocked` means that the percents leave no room to go on."""

    start: int = 0
    stop: tuple[str, ...] = ()
    replace: tuple[str, ...] = ()
    blocked: bool = False


def decide(service: ServiceFact, tasks: Sequence[TaskFact]) -> Moves:
    """Return what brings the service nearer to `desired` tasks of its primary deployment.

    Failing tasks are replaced; what the primary has too many goes, the least useful first; older deployments give
    way as healthy new tasks appear, never below `lower` healthy ones, never above `upper` in all.
    """
    replace = tuple(task.id for task in tasks if task.failing)
    sound = [task for task in tasks if not task.failing]
    new = [task for task in sound if task.deployment_id == service.primary_id]
    old = [task for task in sound if task.deployment_id != service.primary_id]
    surplus = _surplus(new, service.desired)
    missing = max(0, service.desired - len(new))
    unstarted = tuple(task.id for task in old if not task.running)
    room = max(0, service.upper - len(sound) + len(surplus) + len(unstarted))
    start = min(missing, room) if service.may_start else 0
    retired = _retire(service, new, [task for task in old if task.running], room)
    stop = surplus + unstarted + retired
    stuck = bool(missing and service.may_start and not (start or stop or replace))
    return Moves(start, stop, replace, blocked=stuck)


def _surplus(new: Sequence[TaskFact], desired: int) -> tuple[str, ...]:
    """Return the primary's tasks beyond `desired`: those not running first, then not healthy, the newest first."""
    by_use = sorted(new, key=lambda task: (task.running, task.healthy, task.age))
    return tuple(task.id for task in by_use[: max(0, len(new) - desired)])


def _retire(service: ServiceFact, new: Sequence[TaskFact], old: Sequence[TaskFact], room: int) -> tuple[str, ...]:
    """Return the running tasks of older deployments that can go: unhealthy first, then the oldest."""
    healthy_new = sum(task.healthy for task in new)
    spare = max(0, healthy_new + sum(task.healthy for task in old) - service.lower)
    succeeded = len(old) - max(0, service.desired - healthy_new)
    # Where the maximum leaves no room for new tasks, the minimum says how many old ones may make room.
    in_the_way = service.desired - len(new) if room == 0 and service.may_start else 0
    going: list[str] = []
    for task in sorted(old, key=lambda task: (task.healthy, -task.age)):
        if len(going) >= max(succeeded, in_the_way) or (task.healthy and spare == 0):
            break
        spare -= task.healthy
        going.append(task.id)
    return tuple(going)
