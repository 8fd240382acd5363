"""Make a running task reachable, and unreachable again: target groups and Cloud Map.

Rules: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-discovery.html
"""

from typing import Any

from localcloud.ecs.events import Announcer
from localcloud.ecs.ports import Balancer, Discovery
from localcloud.ecs.state import Service, Task, World


class Registration:
    """Register tasks where their service says. Each step is harmless when it was done before."""

    def __init__(self, world: World, discovery: Discovery, balancer: Balancer, announcer: Announcer) -> None:
        self._world = world
        self._discovery = discovery
        self._balancer = balancer
        self._announcer = announcer

    def add_targets(self, task: Task) -> None:
        """Register a task that is RUNNING in its target groups, and tell the scheduler which they are."""
        for arn, ip, port in _targets(task):
            self._balancer.register(arn, ip, port)
            self._write(task, f"registered 1 targets in (target-group {arn})")

    def add_instance_when_due(self, task: Task) -> None:
        """Register a task in Cloud Map, if it may be found: it runs, and its container checks, if any, pass."""
        if task.task_definition.checked_containers and task.health_status != "HEALTHY":
            return
        for registry in task.revision.registries:
            arn = registry["registryArn"]
            self._discovery.register(arn, task.id, self._attributes(task, registry), healthy=True)

    def remove(self, task: Task) -> bool:
        """Deregister a task everywhere; return whether there are targets that drain."""
        for registry in task.revision.registries:
            self._discovery.deregister(registry["registryArn"], task.id)
        if task.started_at is None:
            return False
        targets = _targets(task)
        for arn, ip, port in targets:
            self._balancer.deregister(arn, ip, port)
            self._write(task, f"deregistered 1 targets in (target-group {arn})")
        if targets:
            self._write(task, f"has begun draining connections on 1 tasks. (task {task.id})")
        return bool(targets)

    def is_drained(self, task: Task) -> bool:
        """Tell whether all its targets have finished draining."""
        return all(self._balancer.is_drained(*target) for target in _targets(task))

    def health(self, task: Task) -> list[tuple[str, int, tuple[str, str, str]]]:
        """Return what the load balancer says of its targets: (target group ARN, port, health)."""
        return [(arn, port, self._balancer.health(arn, ip, port)) for arn, ip, port in _targets(task)]

    def _attributes(self, task: Task, registry: dict[str, Any]) -> dict[str, str]:
        attributes = {
            "AWS_INSTANCE_IPV4": task.interface.ip if task.interface else "",
            "AVAILABILITY_ZONE": task.availability_zone,
            "REGION": self._world.region,
            "ECS_SERVICE_NAME": task.service_name,
            "ECS_CLUSTER_NAME": task.cluster.name,
            "ECS_TASK_DEFINITION_FAMILY": task.task_definition.family,
        }
        port = registry.get("port") or registry.get("containerPort")
        if port and "SRV" in (self._discovery.record_types(registry["registryArn"]) or ()):
            attributes["AWS_INSTANCE_PORT"] = str(port)
        return attributes

    def _write(self, task: Task, text: str) -> None:
        with self._world.changed:
            service = service_of(self._world, task)
            if service:
                self._announcer.write(service, text)


def service_of(world: World, task: Task) -> Service | None:
    """Return the service that started a task, or None."""
    services = world.services.values()
    return next((s for s in services if s.name == task.service_name and s.cluster is task.cluster), None)


def _targets(task: Task) -> list[tuple[str, str, int]]:
    if task.interface is None:
        return []
    ip = task.interface.ip
    return [(lb["targetGroupArn"], ip, int(lb["containerPort"])) for lb in task.revision.load_balancers]
