"""Make tasks and the threads that live their lives."""

import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from localcloud.ecs.capacity import Place
from localcloud.ecs.life import Surroundings, TaskLife
from localcloud.ecs.placement import Placement
from localcloud.ecs.revisions import Revision
from localcloud.ecs.state import Cluster, Container, Service, Task, new_id


@dataclass(frozen=True)
class Order:
    """One task to start. `number` says which of several it is; `settings` and `overrides` are as in the request."""

    cluster: Cluster
    revision: Revision
    settings: Mapping[str, Any]
    group: str
    started_by: str
    number: int
    service_name: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    overrides: Mapping[str, Any] = field(default_factory=dict)


class Launcher:
    """Launch tasks, and end all of them at once. Call `launch` and `start` with `World.changed` held."""

    def __init__(self, around: Surroundings, placement: Placement) -> None:
        self._around = around
        self._placement = placement
        self._lives: list[TaskLife] = []

    def launch(self, service: Service) -> Task:
        """Start a task of the service's primary deployment. Raises NoRoomError."""
        order = Order(
            cluster=service.cluster,
            revision=service.primary.revision,
            settings=service.settings,
            group=f"service:{service.name}",
            started_by=service.primary.id,
            number=service.launched,
            service_name=service.name,
            tags=service.tags if service.settings.get("propagateTags") == "SERVICE" else {},
        )
        task = self.start(order)
        service.launched += 1
        service.tasks.append(task)
        return task

    def start(self, order: Order) -> Task:
        """Start one task. Raises NoRoomError."""
        definition = order.revision.task_definition
        place = self._placement.place(order.cluster, order.settings, definition, order.group)
        task = self._make(order, place)
        self._around.world.tasks[task.arn] = task
        self._around.announcer.task(task)
        life = TaskLife(task, self._around)
        self._lives = [other for other in self._lives if other.is_alive]
        self._lives.append(life)
        life.start()
        return task

    def close(self) -> None:
        """Kill every task's processes and wait until all threads have ended."""
        for life in self._lives:
            life.close()
        for life in self._lives:
            life.join()

    def _make(self, order: Order, place: Place) -> Task:
        world, revision, task_id = self._around.world, order.revision, new_id()
        subnets = revision.subnets or [""]
        # Tasks are spread over the subnets, which stand for as many availability zones.
        turn = order.number % len(subnets)
        container_arn = f"container/{order.cluster.name}/{task_id}"
        return Task(
            id=task_id,
            arn=world.arn(f"task/{order.cluster.name}/{task_id}"),
            cluster=order.cluster,
            revision=revision,
            group=order.group,
            started_by=order.started_by,
            service_name=order.service_name,
            subnet_id=subnets[turn],
            availability_zone=place.instance.zone if place.instance else world.region + string.ascii_lowercase[turn],
            containers=[
                Container(world.arn(f"{container_arn}/{new_id()}"), overridden(definition, order.overrides))
                for definition in revision.task_definition.containers
            ],
            created_at=world.now(),
            place=place,
            overrides=dict(order.overrides),
            tags=_tags(order),
        )


def overridden(container: dict[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Return a container definition with a TaskOverride's members for it in place of its own."""
    by_name = {each["name"]: each for each in overrides.get("containerOverrides", [])}
    override: dict[str, Any] = by_name.get(container["name"], {})
    changed = {key: value for key, value in override.items() if key not in ("name", "environment")}
    environment = {each["name"]: each["value"] for each in container.get("environment", [])}
    environment |= {each["name"]: each["value"] for each in override.get("environment", [])}
    pairs = [{"name": name, "value": value} for name, value in environment.items()]
    return {**container, **changed, "environment": pairs}


def _tags(order: Order) -> dict[str, str]:
    """Return a task's tags: its own or its service's, its task definition's where asked, and ECS's own where asked.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-using-tags.html
    """
    tags = dict(order.tags)
    if order.settings.get("propagateTags") == "TASK_DEFINITION":
        tags = {**order.revision.task_definition.tags, **tags}
    if order.settings.get("enableECSManagedTags"):
        tags["aws:ecs:clusterName"] = order.cluster.name
        if order.service_name:
            tags["aws:ecs:serviceName"] = order.service_name
    return tags
