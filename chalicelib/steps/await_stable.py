"""AwaitStable: the revision that was deployed runs at its desired count, and nothing else does."""

from typing import Any

from chalicelib.cloud import Cloud
from chalicelib.decide import Rollout, stable
from chalicelib.deployment import Deployment, ServiceProgress
from chalicelib.steps.step import StepEvent
from chalicelib.steps.wait import look


def run(cloud: Cloud, event: StepEvent) -> dict[str, Any]:
    """Look at the rollout. Raises RolloutFailed when ECS gave up, RolloutSuperseded when somebody replaced it."""
    return look(cloud, event, lambda deployment: stable(*followed_rollout(cloud, event, deployment)))


def followed_rollout(cloud: Cloud, event: StepEvent, deployment: Deployment) -> tuple[Rollout | None, ServiceProgress]:
    """Return how the rollout that we follow goes, its counts recorded, and the service's progress until now."""
    followed = deployment.services[event.service_name]
    rollout = cloud.ecs.rollout(deployment.cluster, followed.name, followed.service_deployment_arn)
    if rollout is not None:
        _record_counts(cloud, event, followed, rollout)
    return rollout, followed


def _record_counts(cloud: Cloud, event: StepEvent, before: ServiceProgress, rollout: Rollout) -> None:
    counts = {
        "desired": rollout.primary_desired,
        "running": rollout.running,
        "pending": rollout.pending,
        "failed": rollout.failed,
    }
    if counts != before.model_dump(include=set(counts)):
        cloud.store.progress(event.deployment_id, before.name, cloud.now(), **counts)
