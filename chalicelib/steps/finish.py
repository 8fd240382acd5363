"""Finish: the verdict, and the release of every lock. Every road ends here."""

from typing import Any

from chalicelib.cloud import Cloud
from chalicelib.recovery import conclude
from chalicelib.steps.step import StepEvent


def run(cloud: Cloud, event: StepEvent) -> dict[str, Any]:
    """Write how the deployment ended. Hands on its status. Raises FailureDecided when it has to go back after all."""
    status = conclude(cloud, cloud.store.get(event.deployment_id))
    return {"deployment_id": event.deployment_id, "status": status.value}
