"""Finish: the verdict, and the release of every lock. Every road ends here."""

from typing import Any

from chalicelib.cloud import Cloud
from chalicelib.deployment import Status
from chalicelib.recovery import conclude
from chalicelib.steps.step import StepEvent
from chalicelib.steps.unnamed import prune


def run(cloud: Cloud, event: StepEvent) -> dict[str, Any]:
    """Write how the deployment ended. Hands on its status. Raises FailureDecided when it has to go back after all."""
    deployment = cloud.store.get(event.deployment_id)
    status = conclude(cloud, deployment)
    if status is Status.SUCCEEDED and deployment.kind == "deploy":
        manifest = cloud.store.manifest(deployment.id)
        if manifest.prune:
            prune(cloud, deployment, manifest)
    return {"deployment_id": deployment.id, "status": status.value}
