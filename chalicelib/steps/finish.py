"""Finish: the verdict, and the release of every lock. Every road ends here."""

from typing import Any

from chalicelib.belongings import unnamed_in
from chalicelib.cloud import Cloud
from chalicelib.decide import failure_of
from chalicelib.deployment import Deployment
from chalicelib.errors import FailureDecided, PruneFailed
from chalicelib.recovery import conclude
from chalicelib.steps.step import StepEvent
from chalicelib.verdict import goes_back, listed


def run(cloud: Cloud, event: StepEvent) -> dict[str, Any]:
    """Write how the deployment ended. Hands on its status. Raises FailureDecided when it has to go back after all."""
    deployment = cloud.store.get(event.deployment_id)
    _refuse_unreturned(cloud, deployment)
    succeeds = deployment.kind == "deploy" and not deployment.failure and not deployment.status.ended
    if event.of_an_older_release and succeeds:
        _tell_unpruned(cloud, deployment)
        deployment = cloud.store.get(event.deployment_id)
    status = conclude(cloud, deployment)
    return {"deployment_id": deployment.id, "status": status.value}


def _refuse_unreturned(cloud: Cloud, deployment: Deployment) -> None:
    """Raise FailureDecided for one that has to go back and was not asked yet: the last service was proven already."""
    if deployment.kind == "teardown" or deployment.status.ended or deployment.goes_back or not deployment.failure:
        return
    if goes_back(deployment, cloud.store.manifest(deployment.id).on_failure):
        raise FailureDecided(f"{deployment.failure.cause}, when every service was proven")


def _tell_unpruned(cloud: Cloud, deployment: Deployment) -> None:
    """Record as a failure that services are left which the manifest does not name: nothing would say so."""
    manifest, now = cloud.store.manifest(deployment.id), cloud.now()
    known = cloud.store.belongings(deployment.application, deployment.environment) if manifest.prune else None
    left = list(unnamed_in(manifest, known)) if known else []
    if not left:
        return
    why = "an older release began this deployment, and removes nothing in it"
    for name in deployment.services.keys() & left:
        cloud.store.progress(deployment.id, name, now, status="failed", phase="failed", finished_at=now)
    cause = PruneFailed(f"{listed(left)} {'is' if len(left) == 1 else 'are'} not removed: {why}")
    cloud.store.fail(deployment.id, failure_of(cause, None), now)
