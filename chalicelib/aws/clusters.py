"""Amazon ECS: what a cluster has room for, and clusters and services when they come to their end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chalicelib.aws.calls import batched, call, listed, tags_of
from chalicelib.errors import AwsRefused
from chalicelib.preflight import Capacity, Room

if TYPE_CHECKING:
    from mypy_boto3_ecs import ECSClient

GONE = {"ClusterNotFoundException", "ServiceNotFoundException", "ServiceNotActiveException"}
DESCRIBED_AT_ONCE = 100  # tasks in one DescribeTasks, as container instances in theirs, ECS API reference


@dataclass(frozen=True)
class Cluster:
    """An ACTIVE cluster: its tags, and how many services, tasks and container instances are in it."""

    tags: Mapping[str, str]
    services: int
    tasks: int
    container_instances: int


class Clusters:
    """The clusters of an account and region."""

    def __init__(self, client: ECSClient) -> None:
        self._client = client

    def find(self, name: str) -> Cluster | None:
        """Return the ACTIVE cluster of this name, None when there is none."""
        found = call(self._client.describe_clusters, clusters=[name], include=["TAGS"])["clusters"]
        cluster = next((each for each in found if each.get("status") == "ACTIVE"), None)
        if cluster is None:
            return None
        return Cluster(
            tags=tags_of(cluster.get("tags", [])),
            services=cluster.get("activeServicesCount", 0),
            tasks=cluster.get("runningTasksCount", 0) + cluster.get("pendingTasksCount", 0),
            container_instances=cluster.get("registeredContainerInstancesCount", 0),
        )

    def capacity(self, name: str) -> Capacity:
        """Return what the container instances of a cluster have left; a cluster that is not there has none."""
        try:
            return Capacity(tuple(map(_room, self._container_instances(name))), self._scales(name))
        except AwsRefused as refusal:
            if refusal.aws_code == "ClusterNotFoundException":
                return Capacity()
            raise

    def _container_instances(self, name: str) -> list[Any]:
        arns = listed(self._client, "list_container_instances", "containerInstanceArns", cluster=name, status="ACTIVE")
        instances: list[Any] = []
        for batch in batched(arns, DESCRIBED_AT_ONCE):
            described = call(self._client.describe_container_instances, cluster=name, containerInstances=batch)
            instances += described["containerInstances"]
        return instances

    def _scales(self, name: str) -> bool:
        """Tell whether one of a cluster's capacity providers adds container instances as tasks need them."""
        clusters = call(self._client.describe_clusters, clusters=[name])["clusters"]
        names = [provider for each in clusters for provider in each.get("capacityProviders", [])]
        if not names:
            return False
        providers = call(self._client.describe_capacity_providers, capacityProviders=names)["capacityProviders"]
        return any(map(_adds_instances, providers))

    def delete(self, name: str) -> None:
        """Delete a cluster; one that is gone is left so. Raises Unsettled while something is in it."""
        try:
            call(self._client.delete_cluster, cluster=name)
        except AwsRefused as refusal:
            if refusal.aws_code not in GONE:
                raise

    def delete_service(self, cluster: str, name: str) -> None:
        """Delete a service with its tasks; one that is gone, or on its way, is left so.

        `force` saves an UpdateService that scales it to 0: without a listener rule ECS would refuse that, in the words
        "does not have an associated load balancer".
        """
        try:
            call(self._client.delete_service, cluster=cluster, service=name, force=True)
        except AwsRefused as refusal:
            if refusal.aws_code not in GONE:
                raise

    def service_is_gone(self, cluster: str, name: str, family: str, *, unseen_is_gone: bool) -> bool:
        """Tell whether a service is INACTIVE or not there, and every task that it ran is STOPPED.

        A service is INACTIVE as soon as its tasks are STOPPING (API reference, DeleteService); until they are STOPPED
        their cluster cannot be deleted.
        """
        try:
            services = call(self._client.describe_services, cluster=cluster, services=[name])["services"]
            if any(each.get("status") != "INACTIVE" for each in services) or not (services or unseen_is_gone):
                return False
            tasks = [each for status in ("RUNNING", "STOPPED") for each in self._tasks(cluster, family, status)]
        except AwsRefused as refusal:
            if refusal.aws_code == "ClusterNotFoundException":
                return unseen_is_gone
            raise
        # Whoever else starts a task of this family may let it run; what stops only has to come to its end.
        ours = [each for each in tasks if each.get("group") == f"service:{name}" or each["desiredStatus"] == "STOPPED"]
        return all(each["lastStatus"] == "STOPPED" for each in ours)

    def _tasks(self, cluster: str, family: str, desired_status: str) -> list[Any]:
        which = {"family": family, "desiredStatus": desired_status}
        arns = listed(self._client, "list_tasks", "taskArns", cluster=cluster, **which)
        tasks: list[Any] = []
        for batch in batched(arns, DESCRIBED_AT_ONCE):
            tasks += call(self._client.describe_tasks, cluster=cluster, tasks=batch)["tasks"]
        return tasks


def _adds_instances(provider: Mapping[str, Any]) -> bool:
    """Tell whether a capacity provider adds container instances: ECS Managed Instances do, a group if it is told to.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ManagedInstances.html
    """
    scaling = provider.get("autoScalingGroupProvider", {}).get("managedScaling", {})
    return "managedInstancesProvider" in provider or scaling.get("status") == "ENABLED"


def _room(instance: Mapping[str, Any]) -> Room:
    left = {each["name"]: each.get("integerValue", 0) for each in instance.get("remainingResources", [])}
    return Room(left.get("CPU", 0), left.get("MEMORY", 0))
