"""A task as ECS describes it, and the values it becomes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.diagnosis import StoppedContainer, StoppedTask, telling

if TYPE_CHECKING:
    from mypy_boto3_ecs.type_defs import ContainerTypeDef, TaskTypeDef


def stopped_task(task: TaskTypeDef, container: str | None = None) -> StoppedTask:
    """Return how a task ended, by the container of this name, or by the one whose end tells most."""
    containers = tuple(_stopped_container(each) for each in task.get("containers", []))
    named = next((each for each in containers if each.name == container), None)
    told = named if container else telling(containers)
    return StoppedTask(
        arn=task["taskArn"],
        stop_code=task.get("stopCode", ""),
        reason=task.get("stoppedReason", ""),
        container_reason=told.reason if told else None,
        exit_code=told.exit_code if told else None,
        stopped_at=task.get("stoppedAt"),
        task_definition=task.get("taskDefinitionArn", ""),
        container=told.name if told else container,
        containers=containers,
    )


@dataclass(frozen=True)
class RolloutTask:
    """A task of a rollout: its lastStatus, and its containers by name."""

    arn: str
    status: str
    task_definition: str
    containers: tuple[str, ...]


def rollout_task(task: TaskTypeDef) -> RolloutTask:
    """Return what is told of a task whose log is asked for."""
    names = tuple(sorted(each.get("name", "") for each in task.get("containers", [])))
    return RolloutTask(task["taskArn"], task["lastStatus"], task["taskDefinitionArn"], names)


def private_address(task: TaskTypeDef) -> str | None:
    """Return the private IPv4 address of a task's network interface."""
    details = (detail for each in task.get("attachments", []) for detail in each.get("details", []))
    return next((each.get("value") for each in details if each.get("name") == "privateIPv4Address"), None)


def _stopped_container(container: ContainerTypeDef) -> StoppedContainer:
    return StoppedContainer(
        name=container.get("name", ""),
        reason=container.get("reason"),
        exit_code=container.get("exitCode"),
        health=container.get("healthStatus", "UNKNOWN"),
    )
