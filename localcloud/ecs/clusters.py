"""The operations on clusters."""

from typing import Any

from localcloud.ecs import lookup, view
from localcloud.ecs.capacity_providers import check_providers
from localcloud.ecs.state import Cluster, World, tags_of
from localcloud.faults import AwsFault


class Clusters:
    """Make, show and delete clusters."""

    def __init__(self, world: World) -> None:
        self._world = world

    def create(self, request: dict[str, Any]) -> dict[str, Any]:
        """CreateCluster: one that exists is shown as it is."""
        name = request.get("clusterName") or "default"
        check_providers(request)
        found = self._world.clusters.get(name)
        if found is None or found.status != "ACTIVE":
            found = Cluster(name, self._world.arn(f"cluster/{name}"), tags=tags_of(request), settings=dict(request))
            self._world.clusters[name] = found
        return {"cluster": self._view(found)}

    def describe(self, request: dict[str, Any]) -> dict[str, Any]:
        """DescribeClusters: those that are not there come as failures, MISSING."""
        names = [lookup.short_name(reference) for reference in request.get("clusters") or ["default"]]
        found = {name: self._world.clusters.get(name) for name in names}
        with_tags = "TAGS" in request.get("include", [])
        return {
            "clusters": [self._view(cluster, tags=with_tags) for cluster in found.values() if cluster],
            "failures": [
                {"arn": self._world.arn(f"cluster/{name}"), "reason": "MISSING"}
                for name, cluster in found.items()
                if cluster is None
            ],
        }

    def list(self, request: dict[str, Any]) -> dict[str, Any]:
        """ListClusters."""
        arns = [cluster.arn for cluster in self._world.clusters.values() if cluster.status == "ACTIVE"]
        return lookup.page("clusterArns", arns, request)

    def delete(self, request: dict[str, Any]) -> dict[str, Any]:
        """DeleteCluster: only an empty one."""
        cluster = lookup.cluster(self._world, request)
        if any(s.cluster is cluster and s.status == "ACTIVE" for s in self._world.services.values()):
            raise AwsFault(
                "ClusterContainsServicesException", "The Cluster cannot be deleted while Services are active."
            )
        if any(instance.cluster_arn == cluster.arn for instance in self._world.container_instances.values()):
            raise AwsFault(
                "ClusterContainsContainerInstancesException",
                "The Cluster cannot be deleted while Container Instances are active or draining.",
            )
        if any(t.cluster is cluster and t.last_status != "STOPPED" for t in self._world.tasks.values()):
            raise AwsFault("ClusterContainsTasksException", "The Cluster cannot be deleted while Tasks are active.")
        cluster.status = "INACTIVE"
        return {"cluster": self._view(cluster)}

    def _view(self, cluster: Cluster, *, tags: bool = True) -> dict[str, Any]:
        services, tasks = list(self._world.services.values()), list(self._world.tasks.values())
        instances = sum(each.cluster_arn == cluster.arn for each in self._world.container_instances.values())
        return view.cluster(cluster, services, tasks, tags=tags) | {"registeredContainerInstancesCount": instances}
