"""What is true of a rollout, and since when: asked of ECS and of DNS by nobody whom the benchmarks compare."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from benchmarks.main_job import addresses
from tests.local.local_cloud import LocalCloud

LOOK_SECONDS = 0.05
BEGINS_WITHIN_SECONDS = 60.0
SERVICE = "hello"


@dataclass(frozen=True)
class Observer:
    """Sees one service through, in a cluster and namespace that are named alike; `before` is its PRIMARY until now."""

    cloud: LocalCloud
    ecs: Any
    cluster: str
    before: str
    addresses_before: frozenset[str]

    @classmethod
    def of(cls, cloud: LocalCloud, cluster: str) -> "Observer":
        """Return the observer of a service's next rollout."""
        ecs = cloud.client("ecs")
        return cls(cloud, ecs, cluster, primary(ecs, cluster)["id"], addresses(cloud, name_of(cluster)))

    def began(self) -> str:
        """Wait until another rollout is under way; return its ECS deployment's id, or raise TimeoutError."""
        give_up_at = time.monotonic() + BEGINS_WITHIN_SECONDS
        while (found := primary(self.ecs, self.cluster)["id"]) == self.before:
            if time.monotonic() > give_up_at:
                raise TimeoutError(f"nobody began a rollout in {self.cluster}")
            time.sleep(LOOK_SECONDS)
        return str(found)

    def completed_at(self) -> datetime:
        """Return since when the next rollout is complete, by ECS's own clock, and the name answers its task alone."""
        self.began()
        names_at = self._renamed_at()
        while primary(self.ecs, self.cluster)["rolloutState"] != "COMPLETED":
            time.sleep(LOOK_SECONDS)
        return max(self._finished_at(), names_at)

    def _renamed_at(self) -> datetime:
        while True:
            now = addresses(self.cloud, name_of(self.cluster))
            if len(now) == 1 and not now & self.addresses_before:
                return datetime.now(UTC)
            time.sleep(LOOK_SECONDS)

    def _finished_at(self) -> datetime:
        arns = [service(self.ecs, self.cluster)["currentServiceDeployment"]]
        found = self.ecs.describe_service_deployments(serviceDeploymentArns=arns)["serviceDeployments"]
        finished: datetime = found[0]["finishedAt"]
        return finished

    def hopeless_at(self) -> datetime:
        """Return when the first task of the next rollout stopped, by ECS's own clock."""
        rollout = self.began()
        while not (stopped := self._stopped_at(rollout)):
            time.sleep(LOOK_SECONDS)
        return min(stopped)

    def _stopped_at(self, rollout: str) -> list[datetime]:
        arns = self.ecs.list_tasks(cluster=self.cluster, desiredStatus="STOPPED")["taskArns"]
        tasks = self.ecs.describe_tasks(cluster=self.cluster, tasks=arns)["tasks"] if arns else []
        return [task["stoppedAt"] for task in tasks if task["startedBy"] == rollout and "stoppedAt" in task]


def name_of(cluster: str) -> str:
    """Return the name under which the service of a cluster is discovered."""
    return f"{SERVICE}.{cluster}.local."


def service(ecs: Any, cluster: str) -> dict[str, Any]:
    """Return the service of a cluster as DescribeServices shows it."""
    return dict(ecs.describe_services(cluster=cluster, services=[SERVICE])["services"][0])


def primary(ecs: Any, cluster: str) -> dict[str, Any]:
    """Return the PRIMARY deployment of the service of a cluster."""
    return next(each for each in service(ecs, cluster)["deployments"] if each["status"] == "PRIMARY")
