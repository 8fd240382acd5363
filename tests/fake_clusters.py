"""Clusters and services that come to their end, in memory."""

from chalicelib.aws.clusters import Cluster
from chalicelib.preflight import Capacity
from tests.world import World


class FakeClusters:
    """Clusters over one world."""

    def __init__(self, world: World) -> None:
        self._world = world

    def find(self, name: str) -> Cluster | None:
        """Return a cluster that is there; every service in it has a task."""
        if name not in self._world.clusters:
            return None
        services = [key for key in list(self._world.services) if key[0] == name and self._world.service(*key)]
        return Cluster(self._world.tags.get(f"cluster/{name}", {}), len(services), len(services), 0)

    def capacity(self, name: str) -> Capacity:
        """Return what the world has room for, in whichever cluster."""
        assert name
        return self._world.capacity

    def delete(self, name: str) -> None:
        """Delete a cluster."""
        if name in self._world.clusters:
            self._world.clusters.remove(name)
            self._world.changed(f"delete cluster {name}")

    def delete_service(self, cluster: str, name: str) -> None:
        """Let a service drain."""
        service = self._world.service(cluster, name)
        if service and service.status == "ACTIVE":
            self._world.delete(service)

    def service_is_gone(self, cluster: str, name: str, family: str, *, unseen_is_gone: bool) -> bool:
        """Tell whether a service has drained."""
        assert family.endswith(name), f"{family} is not the family of {name}"
        if self._world.service(cluster, name):
            return False
        return unseen_is_gone or (cluster, name) in [(each.cluster, each.name) for each in self._world.gone]
