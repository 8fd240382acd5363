"""The operations on tasks."""

from typing import Any

from localcloud.ecs import lookup, view
from localcloud.ecs.state import Task, World
from localcloud.faults import AwsFault


class Tasks:
    """List, show and stop tasks."""

    def __init__(self, world: World) -> None:
        self._world = world

    def list(self, request: dict[str, Any]) -> dict[str, Any]:
        """ListTasks: by service, family, desired status (RUNNING by default), who started them, and where they run."""
        cluster = lookup.cluster(self._world, request)
        wanted = {"desired_status": request.get("desiredStatus", "RUNNING"), "cluster": cluster}
        if "serviceName" in request:
            wanted["service_name"] = lookup.service(self._world, cluster, request["serviceName"]).name
        if "startedBy" in request:
            wanted["started_by"] = request["startedBy"]
        family, instance = request.get("family"), request.get("containerInstance")
        launch_type = request.get("launchType")
        arns = [
            task.arn
            for task in self._world.tasks.values()
            if all(getattr(task, name) == value for name, value in wanted.items())
            and family in (None, task.task_definition.family)
            and launch_type in (None, task.place.launch_type)
            and (instance is None or _is_on(task, instance))
        ]
        return lookup.page("taskArns", arns, request)

    def describe(self, request: dict[str, Any]) -> dict[str, Any]:
        """DescribeTasks: at most 100; those that are not there come as failures, MISSING."""
        cluster = lookup.cluster(self._world, request)
        if len(request["tasks"]) > 100:
            raise AwsFault("InvalidParameterException", "Tasks cannot have more than 100 elements.")
        found = {name: lookup.task(self._world, cluster, name) for name in request["tasks"]}
        tags = "TAGS" in request.get("include", [])
        return {
            "tasks": [view.task(task, tags=tags) for task in found.values() if task],
            "failures": [
                {"arn": self._world.arn(f"task/{cluster.name}/{lookup.short_name(name)}"), "reason": "MISSING"}
                for name, task in found.items()
                if task is None
            ],
        }

    def stop(self, request: dict[str, Any]) -> dict[str, Any]:
        """StopTask: SIGTERM, then SIGKILL; a service replaces it."""
        task = self._task(request)
        task.request_stop("UserInitiated", request.get("reason", "Task stopped by user"), self._world.now())
        self._world.wake()
        return {"task": view.task(task)}

    def _task(self, request: dict[str, Any]) -> Task:
        cluster = lookup.cluster(self._world, request)
        task = lookup.task(self._world, cluster, request["task"])
        if task is None:
            raise AwsFault("InvalidParameterException", "The referenced task was not found.")
        return task


def _is_on(task: Task, instance: str) -> bool:
    return task.place.instance is not None and task.place.instance.id == lookup.short_name(instance)
