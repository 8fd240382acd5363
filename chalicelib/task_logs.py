"""What the tasks of a deployment wrote last. It is no state: the API asks the function `observe` for it."""

from collections.abc import Iterator, Mapping
from typing import Any

from chalicelib import limits
from chalicelib.aws.task_document import RolloutTask
from chalicelib.cloud import Cloud
from chalicelib.deployment import rfc3339
from chalicelib.log import logger

STATE = "Logs"  # what `observe` is told in the place of a state


def run(cloud: Cloud, document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the last lines of each container of the newest tasks that a deployment started for a service.

    `{"service", "tasks": [{"task", "status", "container", "lines": [{"at", "message"}]}]}`: docs/api.md. There are no
    tasks where ECS knows of none: it forgets those that stopped an hour ago.
    """
    deployment_id, service = document["deployment_id"], document["service"]
    # A function's process keeps the keys of its last step.
    logger.append_keys(deployment_id=deployment_id, service_name=service, state=STATE)
    deployment = cloud.store.part(deployment_id, service)
    progress, (cluster, _) = deployment.services[service], deployment.ecs_service(service)
    if progress.ecs_deployment_id is None or progress.task_definition is None:
        return {"service": service, "tasks": []}
    tasks = cloud.ecs.rollout_tasks(cluster, progress.task_definition, progress.ecs_deployment_id)
    told = [each for task in tasks[: limits.LOG_TASKS] for each in _containers(cloud, task, document["lines"])]
    return {"service": service, "tasks": told}


def _containers(cloud: Cloud, task: RolloutTask, lines: int) -> Iterator[dict[str, Any]]:
    """Yield what each container of a task wrote; one whose log is elsewhere than in CloudWatch wrote nothing."""
    for container in task.containers:
        stream = cloud.tasks.log_stream(task.arn, task.task_definition, container)
        found = cloud.logs.tail(stream, lines) if stream else ()
        yield {
            "task": task.arn,
            "status": task.status,
            "container": container,
            "lines": [{"at": rfc3339(line.at), "message": line.message[: limits.LOG_LINE_LENGTH]} for line in found],
        }
