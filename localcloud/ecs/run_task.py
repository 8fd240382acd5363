"""RunTask: tasks that belong to no service.

Rules: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html
"""

import json
import re
from typing import Any

from localcloud.ecs import lookup, view
from localcloud.ecs.capacity import NO_INSTANCE, NoRoomError
from localcloud.ecs.launcher import Launcher, Order
from localcloud.ecs.placement import Placement
from localcloud.ecs.revisions import Revision, TaskDefinition
from localcloud.ecs.state import Cluster, Task, World, tags_of
from localcloud.ecs.validate_service import check_compute, check_network_mode, with_compute
from localcloud.faults import AwsFault

MAX_COUNT = 10
MAX_OVERRIDES = 8_192
STARTED_BY = re.compile(r"[A-Za-z0-9/_-]{1,128}")


class RunTask:
    """Start tasks on request, each once for each client token."""

    def __init__(self, world: World, launcher: Launcher, placement: Placement) -> None:
        self._world = world
        self._launcher = launcher
        self._placement = placement
        self._made: dict[tuple[str, str], tuple[dict[str, Any], dict[str, Any]]] = {}

    def run(self, request: dict[str, Any]) -> dict[str, Any]:
        """Start `count` tasks; what has no room comes in `failures`. The same token and request answer the same."""
        cluster = lookup.cluster(self._world, request)
        definition = lookup.runnable_task_definition(self._world, request.get("taskDefinition"))
        token = (cluster.arn, request.get("clientToken", ""))
        if request.get("clientToken") and token in self._made:
            return self._again(request, *self._made[token])
        settings = with_compute(request, cluster)
        _check(request, definition)
        check_compute(settings, definition, cluster)
        check_network_mode(definition)
        if settings.get("launchType") == "EC2" and not self._placement.instances(cluster):
            raise AwsFault("InvalidParameterException", NO_INSTANCE)
        answer = self._start(request, settings, definition, cluster)
        self._made[token] = (request, answer)
        return answer

    def _start(
        self, request: dict[str, Any], settings: dict[str, Any], definition: TaskDefinition, cluster: Cluster
    ) -> dict[str, Any]:
        revision = Revision("", definition, settings, self._world.now())
        tasks: list[Task] = []
        failures: list[dict[str, str]] = []
        for number in range(request.get("count", 1)):
            order = Order(
                cluster=cluster,
                revision=revision,
                settings=settings,
                group=request.get("group") or f"family:{definition.family}",
                started_by=request.get("startedBy", ""),
                number=number,
                tags=tags_of(request),
                overrides=request.get("overrides", {}),
            )
            try:
                tasks.append(self._launcher.start(order))
            except NoRoomError as error:
                failures += [{"arn": arn, "reason": reason} for arn, reason in error.lacks]
        return {"tasks": [view.task(task, tags=True) for task in tasks], "failures": failures}

    @staticmethod
    def _again(request: dict[str, Any], before: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
        if request != before:
            raise AwsFault(
                "ConflictException",
                "The RunTask request could not be processed due to conflicts. The provided clientToken is already in "
                "use with a different RunTask request.",
                resourceIds=[task["taskArn"] for task in answer["tasks"]],
            )
        return answer


def _check(request: dict[str, Any], definition: TaskDefinition) -> None:
    count = request.get("count", 1)
    _require(1 <= count <= MAX_COUNT, f"Count must be between 1 and {MAX_COUNT}.")
    started_by = request.get("startedBy")
    _require(started_by is None or STARTED_BY.fullmatch(started_by), "startedBy contains invalid characters.")
    names = [container["name"] for container in definition.containers]
    overrides = request.get("overrides", {}).get("containerOverrides", [])
    length = len(json.dumps(overrides, separators=(",", ":"), ensure_ascii=False))
    # Its words: https://github.com/artilleryio/artillery/issues/2584; that it counts the shortest JSON is a guess.
    _require(length <= MAX_OVERRIDES, f"Container Overrides length must be at most {MAX_OVERRIDES}")
    for override in overrides:
        _require(
            override.get("name") in names,
            f"Override for container named {override.get('name')} is not a container in the TaskDefinition.",
        )


def _require(holds: object, message: str) -> None:
    if not holds:
        raise AwsFault("InvalidParameterException", message)
