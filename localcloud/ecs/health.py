"""When a task is healthy, and when it must be replaced: pure functions on values.

Rules: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html (what counts as
healthy) and https://docs.aws.amazon.com/AmazonECS/latest/developerguide/healthcheck.html
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

SETTLE_SECONDS = 40.0
"""A task without any check counts as healthy after so long in RUNNING."""


class CheckedContainer(Protocol):
    """The part of a container that its task's health depends on."""

    @property
    def name(self) -> str:
        """Return the container's name."""

    health_status: str


@dataclass(frozen=True)
class HealthFact:
    """What is known of one running task. Seconds are wall seconds, already scaled.

    `targets` are (target group ARN, state) pairs; `expects_targets` says that there must be some.
    """

    running_seconds: float
    settle_seconds: float
    grace_seconds: float = 0.0
    has_container_check: bool = False
    health_status: str = "UNKNOWN"
    expects_targets: bool = False
    targets: tuple[tuple[str, str], ...] = ()


def task_health(containers: Sequence[CheckedContainer], checked: Sequence[str]) -> str:
    """Return a task's healthStatus from those of its containers that have a check (`checked`, by name)."""
    statuses = {container.health_status for container in containers if container.name in checked}
    if "UNHEALTHY" in statuses:
        return "UNHEALTHY"
    return "HEALTHY" if statuses == {"HEALTHY"} else "UNKNOWN"


def counts_as_healthy(fact: HealthFact) -> bool:
    """Tell whether a running task counts as healthy for its deployment."""
    if not fact.has_container_check and not fact.expects_targets:
        return fact.running_seconds >= fact.settle_seconds
    container_ok = not fact.has_container_check or fact.health_status == "HEALTHY"
    targets_ok = not fact.expects_targets or (bool(fact.targets) and all(s == "healthy" for _, s in fact.targets))
    return container_ok and targets_ok


def why_failing(fact: HealthFact) -> str | None:
    """Return AWS's stoppedReason for a running task that must be replaced, or None."""
    if fact.running_seconds < fact.grace_seconds:
        return None
    if fact.health_status == "UNHEALTHY":
        return "Task failed container health checks"
    unhealthy = next((arn for arn, state in fact.targets if state == "unhealthy"), None)
    return f"Task failed ELB health checks in (target-group {unhealthy})" if unhealthy else None
