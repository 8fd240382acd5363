"""PruneFailed: not all could be removed that the manifest does not name; what it names is proven, and serves on."""

from typing import Any

from chalicelib.cloud import Cloud
from chalicelib.decide import failure_of
from chalicelib.errors import DeploymentError, PruneFailed
from chalicelib.steps.evidence import events_of
from chalicelib.steps.service_failed import deployment_error, what_serves
from chalicelib.steps.step import StepEvent
from chalicelib.steps.wait import tried_out
from chalicelib.verdict import listed


def run(cloud: Cloud, event: StepEvent) -> dict[str, Any]:
    """Record which services are left and why, with what ECS says of them; a failure that came before stays."""
    deployment, now, error = cloud.store.get(event.deployment_id), cloud.now(), deployment_error(*event.caught)
    left = [name for name, each in deployment.services.items() if each.status not in ("succeeded", "removed")]
    unanswered = tried_out(cloud, event)
    events = () if unanswered else tuple(each for name in left for each in events_of(cloud, deployment, name))
    failure = failure_of(PruneFailed(_cause(left, error)), None).model_copy(update={"evidence": events})
    if cloud.store.fail(deployment.id, failure, now):
        cloud.store.record(deployment.id, None, "failed", failure.cause, now)
    for name in left if deployment.phase == "pruning" else ():
        serves = None if unanswered else what_serves(cloud, deployment, deployment.services[name], error)
        now = cloud.now()
        cloud.store.progress(
            deployment.id, name, now, status="failed", phase="failed", what_serves=serves, finished_at=now
        )
    return {}


def _cause(left: list[str], error: DeploymentError) -> str:
    if not left:
        return f"What is not named any more is removed, and something of it is left: {error.cause}"
    return f"{listed(left)} {'is' if len(left) == 1 else 'are'} not removed: {error.cause}"
