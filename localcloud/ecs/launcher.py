"""Make tasks and the threads that live their lives."""

import string

from localcloud.ecs.life import Surroundings, TaskLife
from localcloud.ecs.state import Container, Service, Task, new_id


class Launcher:
    """Launch tasks of services, and end all of them at once."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._lives: list[TaskLife] = []

    def launch(self, service: Service) -> Task:
        """Start a task of the service's primary deployment. Call it with `World.changed` held."""
        task = self._make(service)
        service.tasks.append(task)
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

    def _make(self, service: Service) -> Task:
        world, revision, task_id = self._around.world, service.primary.revision, new_id()
        subnets = revision.subnets or [""]
        # Tasks are spread over the subnets, which stand for as many availability zones.
        place = service.launched % len(subnets)
        service.launched += 1
        container_arn = f"container/{service.cluster.name}/{task_id}"
        propagated = service.settings.get("propagateTags")
        inherited = {"SERVICE": service.tags, "TASK_DEFINITION": revision.task_definition.tags}
        return Task(
            id=task_id,
            arn=world.arn(f"task/{service.cluster.name}/{task_id}"),
            cluster=service.cluster,
            revision=revision,
            group=f"service:{service.name}",
            started_by=service.primary.id,
            service_name=service.name,
            subnet_id=subnets[place],
            availability_zone=world.region + string.ascii_lowercase[place],
            containers=[
                Container(world.arn(f"{container_arn}/{new_id()}"), definition)
                for definition in revision.task_definition.containers
            ],
            created_at=world.now(),
            tags=dict(inherited.get(propagated or "", {})),
        )
