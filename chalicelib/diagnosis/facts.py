"""What was seen of a rollout: values, in ECS's and the load balancer's own words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

SIGNALLED = (137, 143)  # 128 + SIGKILL, 128 + SIGTERM: how ECS ends the other containers of a task


@dataclass(frozen=True)
class StoppedContainer:
    """A container of a task that stopped; `health` is HEALTHY, UNHEALTHY or UNKNOWN."""

    name: str
    reason: str | None = None
    exit_code: int | None = None
    health: str = "UNKNOWN"


@dataclass(frozen=True)
class StoppedTask:
    """A task that stopped, and why, in ECS's words.

    `container_reason` and `exit_code` are those of `container`, the one whose end tells most; `containers` are all.
    """

    arn: str
    stop_code: str
    reason: str
    container_reason: str | None = None
    exit_code: int | None = None
    stopped_at: datetime | None = None
    task_definition: str = ""
    container: str | None = None
    containers: tuple[StoppedContainer, ...] = ()

    @property
    def cause(self) -> str:
        """Return why it stopped: the task's reason, its container's, and the exit code."""
        parts = [self.reason]
        if self.container_reason and self.container_reason not in self.reason:
            parts.append(self.container_reason)
        if self.exit_code is not None:
            parts.append(f"exit code {self.exit_code}")
        return "; ".join(part for part in parts if part)

    @property
    def failed_by_load_balancer(self) -> bool:
        """Tell whether ECS stopped it because its target is unhealthy; why that is, the task does not tell."""
        return "failed ELB health checks" in self.reason


@dataclass(frozen=True)
class ServiceEvent:
    """A line of a service's `events`."""

    at: datetime
    message: str


@dataclass(frozen=True)
class TargetHealth:
    """A target ("ip:port") as DescribeTargetHealth shows it; a healthy one has no reason and no description."""

    target: str
    state: str
    reason: str = ""
    description: str = ""


@dataclass(frozen=True)
class LogLine:
    """A line that a task wrote."""

    at: datetime
    message: str


@dataclass(frozen=True)
class Facts:
    """All that was seen of one rollout: tasks and events newest first, log lines (of `log_of`, a task) oldest first."""

    stopped_tasks: tuple[StoppedTask, ...] = ()
    events: tuple[ServiceEvent, ...] = ()
    targets: tuple[TargetHealth, ...] = ()
    alarms: tuple[str, ...] = ()
    log: tuple[LogLine, ...] = ()
    log_of: str | None = None


def telling(containers: Sequence[StoppedContainer]) -> StoppedContainer | None:
    """Return the container whose end tells most of its task's: with a reason, else sick, else one that nobody ended."""
    return min(containers, key=_tells_least, default=None)


def _tells_least(container: StoppedContainer) -> tuple[bool, ...]:
    """Return a rank; ECS ends the other containers with a signal when an essential one ends or is UNHEALTHY."""
    return (
        not container.reason,
        container.health != "UNHEALTHY",
        container.exit_code is None,
        container.exit_code in SIGNALLED,
        container.exit_code == 0,
    )
