"""AwaitTask: the task of before_deploy has exited 0."""

from typing import Any

from chalicelib.cloud import Cloud
from chalicelib.decide import OneOffTask, task_ended
from chalicelib.deployment import Deployment
from chalicelib.steps.evidence import log_tail
from chalicelib.steps.step import StepEvent
from chalicelib.steps.wait import look


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
