"""ServiceFailed: why this service failed and what serves under its name now, recorded; its branch ends normally."""

from typing import Any

from chalicelib import errors
from chalicelib.cloud import Cloud
from chalicelib.decide import failure_of
from chalicelib.deployment import Deployment, ServiceProgress
from chalicelib.diagnosis import Facts, LogLine, StoppedTask
from chalicelib.errors import AwsRefused, BeforeDeployFailed, DeploymentError, SiblingFailed
from chalicelib.log import logger
from chalicelib.steps.await_task import log_tail
from chalicelib.steps.step import StepEvent


def run(cloud: Cloud, event: StepEvent) -> dict[str, Any]:
    """Record the failure, with ECS's words on the tasks that stopped. Hands on `proven`: false.

    The first failure of a deployment is its failure; a service that only stopped because of it is `stopped`.
    """
    deployment = cloud.store.get(event.deployment_id)
    progress = deployment.services[event.service_name]
    name, message = event.caught
    error = deployment_error(name, message)
    log = _log(cloud, deployment, progress) if isinstance(error, BeforeDeployFailed) else ()
    stopped = _stopped_tasks(cloud, deployment, progress)
    facts = Facts(stopped_tasks=stopped, log=log, log_of=progress.before_deploy_task)
    failure = failure_of(error, progress.name, facts)
    now = cloud.now()
    if not isinstance(error, SiblingFailed):
        cloud.store.fail(deployment.id, failure, now)
    cloud.store.progress(
        deployment.id,
        progress.name,
        now,
        status="stopped" if isinstance(error, SiblingFailed) else "failed",
        phase="failed",
        what_serves=what_serves(cloud, deployment, progress),
        finished_at=now,
    )
    cloud.store.record(deployment.id, progress.name, "failed", failure.cause, now)
    return {"service": progress.name, "proven": False}


def deployment_error(name: str, message: str) -> DeploymentError:
    """Return the error that a Catch handed on; AWS's refusals and the unforeseen keep their words and their name."""
    known = getattr(errors, name, None)
    if isinstance(known, type) and issubclass(known, DeploymentError):
        return known(message)
    return errors.StepFailed(f"{name}: {message}")


def _stopped_tasks(cloud: Cloud, deployment: Deployment, progress: ServiceProgress) -> tuple[StoppedTask, ...]:
    """Only what our own rollout stopped is evidence; a failure must be recorded even when ECS cannot be asked."""
    if progress.ecs_deployment_id is None or not progress.changed:
        return ()
    try:
        return cloud.ecs.stopped_tasks(deployment.cluster, progress.name, progress.ecs_deployment_id)
    except AwsRefused as error:
        logger.warning("stopped tasks cannot be read", extra={"cause": str(error)})
        return ()


def _log(cloud: Cloud, deployment: Deployment, progress: ServiceProgress) -> tuple[LogLine, ...]:
    """Return what the task of before_deploy wrote last, as far as ECS can be asked."""
    try:
        task = cloud.tasks.find(deployment.cluster, progress.before_deploy_task or "")
    except AwsRefused as error:
        logger.warning("the task of before_deploy cannot be read", extra={"cause": str(error)})
        return ()
    return log_tail(cloud, task) if task else ()


def what_serves(cloud: Cloud, deployment: Deployment, progress: ServiceProgress) -> str | None:
    """Return the task definition whose tasks run now, as far as ECS can be asked."""
    try:
        return cloud.ecs.running_task_definition(*deployment.ecs_service(progress.name))
    except AwsRefused as error:
        logger.warning("what serves cannot be read", extra={"cause": str(error)})
        return progress.previous_task_definition
