"""StopTask: a task of before_deploy that is not waited for any more does not go on by itself."""

from typing import Any

from chalicelib.cloud import Cloud
from chalicelib.steps.step import StepEvent


def run(cloud: Cloud, event: StepEvent) -> dict[str, Any]:
    """Stop the task; one that has ended is left as it is."""
    deployment = cloud.store.part(event.deployment_id, event.service_name)
    arn = deployment.services[event.service_name].before_deploy_task
    if arn:
        cloud.tasks.stop(deployment.cluster, arn, f"{deployment.id} failed")
    return {}
