"""What ECS says while it works: a service's `events[]`, and events for EventBridge.

Payloads: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_cwe_events.html and
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_deployment_events.html
"""

import queue
import threading
import uuid
from datetime import datetime
from typing import Any

from localcloud.ecs import view
from localcloud.ecs.ports import Emit
from localcloud.ecs.revisions import Deployment
from localcloud.ecs.state import Service, Task, World

ACTION_LEVELS = {
    "SERVICE_STEADY_STATE": "INFO",
    "SERVICE_DESIRED_COUNT_UPDATED": "INFO",
    "SERVICE_TASK_START_IMPAIRED": "WARN",
    "SERVICE_TASK_PLACEMENT_FAILURE": "ERROR",
    "SERVICE_TASK_CONFIGURATION_FAILURE": "ERROR",
}
Event = tuple[str, list[str], dict[str, Any]]


class Announcer:
    """Say what happened. Call it with `World.changed` held: what it says is a picture of that moment.

    A thread of its own hands the events to `emit`, in order, so that a receiver may call ECS again.
    """

    def __init__(self, world: World, emit: Emit) -> None:
        self._world = world
        self._emit = emit
        self._outbox: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._deliver, name="ecs-events", daemon=True)

    def start(self) -> None:
        """Begin to deliver."""
        self._thread.start()

    def stop(self) -> None:
        """Deliver what was said so far and end."""
        self._outbox.put(None)
        self._thread.join()

    def task(self, task: Task) -> None:
        """Send an ECS Task State Change."""
        self._send("ECS Task State Change", [task.arn], view.task(task))

    def deployment(self, service: Service, deployment: Deployment, name: str, level: str = "INFO") -> None:
        """Send an ECS Deployment State Change with the deployment's present reason."""
        detail = {
            "eventType": level,
            "eventName": name,
            "clusterArn": service.cluster.arn,
            "deploymentId": deployment.id,
            "updatedAt": deployment.updated_at,
            "reason": deployment.rollout_state_reason,
        }
        self._send("ECS Deployment State Change", [service.arn], detail)

    def action(self, service: Service, name: str, reason: str | None = None) -> None:
        """Send an ECS Service Action."""
        detail = {
            "eventType": ACTION_LEVELS[name],
            "eventName": name,
            "clusterArn": service.cluster.arn,
            "reason": reason,
            "createdAt": self._world.now(),
        }
        self._send("ECS Service Action", [service.arn], detail)

    def write(self, service: Service, text: str) -> None:
        """Add "(service NAME) text" to the service's events, unless it is the newest that was told of this rollout."""
        message, newest = f"(service {service.name}) {text}", next(iter(service.events), None)
        if not newest or newest["message"] != message or newest["createdAt"] < service.primary.created_at:
            event = {"id": str(uuid.uuid4()), "createdAt": self._world.now(), "message": message}
            service.events.appendleft(event)

    def _send(self, detail_type: str, resources: list[str], detail: dict[str, Any]) -> None:
        self._outbox.put((detail_type, resources, view.json_value(detail, _iso)))

    def _deliver(self) -> None:
        while (event := self._outbox.get()) is not None:
            self._emit("aws.ecs", *event)


def listed(tasks: list[Task]) -> str:
    """Return tasks as the service's events name them: "(task a) (task b)"."""
    return " ".join(f"(task {task.id})" for task in tasks)


def _iso(time: datetime) -> str:
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")
