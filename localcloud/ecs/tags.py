"""The operations on tags of clusters, services, task definitions and tasks."""

from typing import Any

from localcloud.ecs import lookup, view
from localcloud.ecs.state import World, tags_of
from localcloud.faults import AwsFault


class Tags:
    """Set, remove and list tags."""

    def __init__(self, world: World) -> None:
        self._world = world

    def add(self, request: dict[str, Any]) -> dict[str, Any]:
        """TagResource."""
        self._tags(request).update(tags_of(request))
        return {}

    def remove(self, request: dict[str, Any]) -> dict[str, Any]:
        """UntagResource."""
        tags = self._tags(request)
        for key in request["tagKeys"]:
            tags.pop(key, None)
        return {}

    def list(self, request: dict[str, Any]) -> dict[str, Any]:
        """ListTagsForResource."""
        return {"tags": view.tag_list(self._tags(request))}

    def _tags(self, request: dict[str, Any]) -> dict[str, str]:
        arn = request["resourceArn"]
        clusters = (cluster for cluster in self._world.clusters.values() if cluster.arn == arn)
        resource = (
            self._world.services.get(arn)
            or self._world.tasks.get(arn)
            or (lookup.find_task_definition(self._world, arn) if ":task-definition/" in arn else None)
            or self._world.container_instances.get(arn)
            or next(clusters, None)
        )
        if resource is None:
            raise AwsFault("InvalidParameterException", f"The specified resource was not found: {arn}")
        return resource.tags
