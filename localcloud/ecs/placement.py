"""Find a place for a task among what the cluster has."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from localcloud.ecs.capacity import ContainerInstance, Place, Room, choose_instance, choose_provider, need_of
from localcloud.ecs.revisions import TaskDefinition
from localcloud.ecs.state import Cluster, Task, World


class Placement:
    """Places tasks. Call it with `World.changed` held, and make the task before it is let go."""

    def __init__(self, world: World) -> None:
        self._world = world

    def place(self, cluster: Cluster, settings: Mapping[str, Any], definition: TaskDefinition, group: str) -> Place:
        """Return where a task of a service's or RunTask's `settings` runs. Raises NoRoomError."""
        strategy = settings.get("capacityProviderStrategy")
        if strategy:
            given = Counter(task.place.capacity_provider or "" for task in self._alike(cluster, group))
            return Place("FARGATE", capacity_provider=choose_provider(strategy, given))
        if settings.get("launchType") != "EC2":
            return Place("FARGATE")
        rooms = [self.room(instance, group) for instance in self.instances(cluster)]
        return Place("EC2", instance=choose_instance(need_of(definition.body), rooms))

    def instances(self, cluster: Cluster) -> list[ContainerInstance]:
        """Return a cluster's container instances."""
        return [each for each in self._world.container_instances.values() if each.cluster_arn == cluster.arn]

    def room(self, instance: ContainerInstance, group: str = "") -> Room:
        """Return what an instance has left, and how many tasks of the group are on it."""
        tasks = self.tasks_on(instance)
        needs = [need_of(task.task_definition.body) for task in tasks]
        return Room(
            instance,
            cpu=instance.cpu - sum(need.cpu for need in needs),
            memory_mib=instance.memory_mib - sum(need.memory_mib for need in needs),
            tasks_alike=sum(task.group == group for task in tasks),
        )

    def tasks_on(self, instance: ContainerInstance) -> list[Task]:
        """Return the tasks that still reserve something of an instance."""
        tasks = self._world.tasks.values()
        return [task for task in tasks if task.place.instance is instance and task.last_status != "STOPPED"]

    def _alike(self, cluster: Cluster, group: str) -> list[Task]:
        return [t for t in self._world.tasks.values() if t.cluster is cluster and t.group == group and t.is_wanted]
