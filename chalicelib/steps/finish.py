"""Finish: the verdict, and the release of every lock. Every road ends here."""

from typing import Any

from chalicelib.cloud import Cloud
from chalicelib.deployment import Deployment
from chalicelib.errors import FailureDecided
from chalicelib.recovery import conclude
from chalicelib.steps.step import StepEvent
from chalicelib.verdict import goes_back


def run(cloud: Cloud, event: StepEvent) -> dict[str, Any]:
    """Write how the deployment ended. Hands on its status. Raises FailureDecided when it has to go back after all."""
    deployment = cloud.store.get(event.deployment_id)
    _refuse_unreturned(cloud, deployment)
    status = conclude(cloud, deployment)
    return {"deployment_id": deployment.id, "status": status.value}


def _refuse_unreturned(cloud: Cloud, deployment: Deployment) -> None:
    """Raise FailureDecided for one that has to go back and was not asked yet: the last service was proven already."""
    if deployment.kind == "teardown" or deployment.status.ended or deployment.goes_back or not deployment.failure:
        return
    if goes_back(deployment, cloud.store.manifest(deployment.id).on_failure):
        raise FailureDecided(f"{deployment.failure.cause}, when every service was proven")
