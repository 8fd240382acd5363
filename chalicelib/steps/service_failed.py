"""ServiceFailed: why this service failed and what serves under its name now, recorded; its branch ends normally."""

from typing import Any

from chalicelib import errors
from chalicelib.cloud import Cloud
from chalicelib.decide import failure_of
from chalicelib.deployment import Deployment, ServiceProgress
from chalicelib.diagnosis import Facts
from chalicelib.errors import (
    AwsRefused,
    BeforeDeployFailed,
    DeploymentError,
    RolloutFailed,
    ServiceNotOwned,
    SiblingFailed,
)
from chalicelib.log import logger
from chalicelib.steps.evidence import before_deploy_facts, facts
from chalicelib.steps.step import StepEvent
from chalicelib.steps.wait import tried_out


def run(cloud: Cloud, event: StepEvent) -> dict[str, Any]:
    """Record the failure, with what was seen of the rollout. Hands on `proven`: false.

    The first failure of a deployment is its failure; a service that only stopped because of it is `stopped`. Where AWS
    does not answer, the failure is told without what it would say.
    """
    deployment = cloud.store.get(event.deployment_id)
    progress = deployment.services[event.service_name]
    name, message = event.caught
    error = deployment_error(name, message)
    unanswered = tried_out(cloud, event)
    seen = Facts() if unanswered else _facts(cloud, deployment, progress, error)
    failure, now = failure_of(error, progress.name, seen), cloud.now()
    status = "stopped" if isinstance(error, SiblingFailed) else "failed"
    if not isinstance(error, SiblingFailed):
        cloud.store.fail(deployment.id, failure, now)
    cloud.store.progress(
        deployment.id,
        progress.name,
        now,
        status=status,
        phase=status,
        # What ECS settled is why this failed, or it says nothing of that.
        settled_at=progress.settled_at if isinstance(error, RolloutFailed) else None,
        what_serves=None if unanswered else what_serves(cloud, deployment, progress, error),
        finished_at=now,
    )
    cloud.store.record(deployment.id, progress.name, status, failure.cause, now)
    return {"service": progress.name, "proven": False}


def deployment_error(name: str, message: str) -> DeploymentError:
    """Return the error that a Catch handed on; AWS's refusals and the unforeseen keep their words and their name."""
    known = getattr(errors, name, None)
    if isinstance(known, type) and issubclass(known, DeploymentError):
        return known(message)
    return errors.StepFailed(f"{name}: {message}")


def _facts(cloud: Cloud, deployment: Deployment, progress: ServiceProgress, error: DeploymentError) -> Facts:
    if isinstance(error, SiblingFailed):
        return Facts()
    if isinstance(error, BeforeDeployFailed):
        return before_deploy_facts(cloud, deployment, progress)
    return facts(cloud, deployment, progress)


def what_serves(cloud: Cloud, deployment: Deployment, progress: ServiceProgress, error: DeploymentError) -> str | None:
    """Return the task definition whose tasks run now, as far as ECS can be asked; of somebody else's service none."""
    if isinstance(error, ServiceNotOwned):
        return None
    try:
        return cloud.ecs.running_task_definition(*deployment.ecs_service(progress.name))
    except AwsRefused as refusal:
        logger.warning("what serves cannot be read", extra={"cause": str(refusal)})
        return progress.previous_task_definition
