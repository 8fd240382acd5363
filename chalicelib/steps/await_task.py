"""AwaitTask: the task of before_deploy has exited 0."""

from typing import Any

from chalicelib.cloud import Cloud
from chalicelib.decide import OneOffTask, task_ended
from chalicelib.deployment import Deployment
from chalicelib.diagnosis import LogLine
from chalicelib.errors import AwsRefused
from chalicelib.log import logger
from chalicelib.steps.step import StepEvent
from chalicelib.steps.wait import look

LINES = 20
LINE_LENGTH = 1_000  # a line of CloudWatch Logs has up to 256 KB, an item of the record 400


def run(cloud: Cloud, event: StepEvent) -> dict[str, Any]:
    """Look at the task. Raises BeforeDeployFailed when it failed, or when it takes longer than its timeout_seconds."""
    wanted = cloud.store.manifest(event.deployment_id).services[event.service_name].before_deploy

    def decided(deployment: Deployment) -> bool:
        task = cloud.tasks.find(deployment.cluster, deployment.services[event.service_name].before_deploy_task or "")
        ended = wanted is None or task_ended(task, wanted.timeout_seconds, cloud.now())
        if ended and task:
            _record(cloud, event, task)
        return ended

    return look(cloud, event, decided)


def _record(cloud: Cloud, event: StepEvent, task: OneOffTask) -> None:
    said = [line.message for line in log_tail(cloud, task)]
    message = "\n".join(["before_deploy ended with exit code 0.", *said])
    cloud.store.record(event.deployment_id, event.service_name, "before_deploy", message, cloud.now())


def log_tail(cloud: Cloud, task: OneOffTask) -> tuple[LogLine, ...]:
    """Return the last lines that a task wrote, each cut to LINE_LENGTH; what cannot be read decides nothing."""
    try:
        stream = cloud.tasks.log_stream(task)
        lines = cloud.logs.tail(stream, LINES) if stream else ()
    except AwsRefused as error:
        logger.warning("the log of before_deploy cannot be read", extra={"cause": str(error)})
        return ()
    return tuple(LogLine(line.at, line.message[:LINE_LENGTH]) for line in lines)
