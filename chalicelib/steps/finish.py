"""Finish: the verdict, and the release of every lock. Every road ends here."""

from typing import Any

from chalicelib.cloud import Cloud
from chalicelib.decide import verdict
from chalicelib.steps.step import StepEvent


def run(cloud: Cloud, event: StepEvent) -> dict[str, Any]:
    """Write how the deployment ended. Hands on its status."""
    deployment, now = cloud.store.get(event.deployment_id), cloud.now()
    status, sentence = verdict(deployment)
    if cloud.store.finish(deployment, status, sentence, now):
        cloud.store.record(deployment.id, None, status.value, sentence, now)
    return {"deployment_id": deployment.id, "status": status.value}
