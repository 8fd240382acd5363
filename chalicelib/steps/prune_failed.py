"""PruneFailed: not all could be removed that the manifest does not name; what it names is proven, and serves on."""

from typing import Any

from chalicelib.cloud import Cloud
from chalicelib.decide import failure_of
from chalicelib.deployment import Deployment
from chalicelib.errors import DeploymentError, PruneFailed
from chalicelib.steps.evidence import events_of
from chalicelib.steps.service_failed import deployment_error, what_serves
from chalicelib.steps.step import StepEvent
from chalicelib.verdict import listed


def run(cloud: Cloud, event: StepEvent) -> dict[str, Any]:
    """Record which services are left and why, with what ECS says of them; a failure that came before stays."""
    deployment, now, error = cloud.store.get(event.deployment_id), cloud.now(), deployment_error(*event.caught)
    left = [name for name, each in deployment.services.items() if each.status not in ("succeeded", "removed")]
    events = tuple(event for name in left for event in events_of(cloud, deployment, name))
    failure = failure_of(PruneFailed(_cause(left, error)), None).model_copy(update={"evidence": events})
    if cloud.store.fail(deployment.id, failure, now):
        cloud.store.record(deployment.id, None, "failed", failure.cause, now)
    for name in left if deployment.phase == "pruning" else ():
        _record_left(cloud, deployment, name, error)
    return {}


def _cause(left: list[str], error: DeploymentError) -> str:
    if not left:
        return f"What is not named any more is removed, and something of it is left: {error.cause}"
    return f"{listed(left)} {'is' if len(left) == 1 else 'are'} not removed: {error.cause}"


def _record_left(cloud: Cloud, deployment: Deployment, name: str, error: DeploymentError) -> None:
    now, serves = cloud.now(), what_serves(cloud, deployment, deployment.services[name], error)
    cloud.store.progress(deployment.id, name, now, status="failed", phase="failed", what_serves=serves, finished_at=now)
