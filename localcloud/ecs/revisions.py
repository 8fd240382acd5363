"""What ECS is asked to run, and the records of its rollouts, as plain values; guarded by `World.changed`."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass
class TaskDefinition:
    """One revision of a family. `body` is the whole TaskDefinition in AWS's shape, without status and times."""

    arn: str
    family: str
    revision: int
    body: dict[str, Any]
    registered_at: datetime
    tags: dict[str, str] = field(default_factory=dict)
    status: str = "ACTIVE"
    deregistered_at: datetime | None = None

    @property
    def containers(self) -> list[dict[str, Any]]:
        """Return the container definitions."""
        return list(self.body["containerDefinitions"])

    @property
    def checked_containers(self) -> list[str]:
        """Return the names of the essential containers that have a health check."""
        return [c["name"] for c in self.containers if c["essential"] and has_health_check(c)]


def has_health_check(container: dict[str, Any]) -> bool:
    """Tell whether a container definition asks for a health check ("NONE" asks for none)."""
    command = container.get("healthCheck", {}).get("command", [])
    return bool(command) and command[0] != "NONE"


@dataclass(frozen=True)
class Revision:
    """What one deployment runs: the members of a service that start a deployment when they change."""

    arn: str
    task_definition: TaskDefinition
    settings: dict[str, Any]
    created_at: datetime

    @property
    def load_balancers(self) -> list[dict[str, Any]]:
        """Return the target groups that its tasks are registered in."""
        return list(self.settings.get("loadBalancers", []))

    @property
    def registries(self) -> list[dict[str, Any]]:
        """Return the Cloud Map services that its tasks are registered in (at most one)."""
        return list(self.settings.get("serviceRegistries", []))

    @property
    def subnets(self) -> list[str]:
        """Return the subnets that its tasks may live in."""
        return list(self._awsvpc.get("subnets", []))

    @property
    def security_groups(self) -> list[str]:
        """Return the security groups of its tasks' network interfaces; none means the VPC's default group."""
        return list(self._awsvpc.get("securityGroups", []))

    @property
    def assigns_public_ip(self) -> bool:
        """Tell whether its tasks get a public address."""
        return bool(self._awsvpc.get("assignPublicIp") == "ENABLED")

    @property
    def _awsvpc(self) -> dict[str, Any]:
        return dict(self.settings.get("networkConfiguration", {}).get("awsvpcConfiguration", {}))


@dataclass
class Deployment:
    """One entry of a service's `deployments[]`. `failed_tasks` are consecutive, `start_failures` too."""

    id: str
    revision: Revision
    created_at: datetime
    updated_at: datetime
    status: str = "PRIMARY"
    rollout_state: str = "IN_PROGRESS"
    rollout_state_reason: str = ""
    failed_tasks: int = 0
    start_failures: int = 0
    may_start_at: datetime | None = None


@dataclass
class ServiceDeployment:
    """The record of one rollout, kept after it has ended. `deployment_id` is the entry of `deployments[]` it made."""

    arn: str
    deployment_id: str
    target: Revision
    sources: tuple[Revision, ...]
    configuration: dict[str, Any]
    created_at: datetime
    updated_at: datetime
    status: str = "PENDING"
    status_reason: str | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    stopped_at: datetime | None = None
    rollback: dict[str, Any] | None = None
    failure_count: int = 0
    tripped: bool = False

    @property
    def is_ongoing(self) -> bool:
        """Tell whether it has not ended."""
        return self.finished_at is None
