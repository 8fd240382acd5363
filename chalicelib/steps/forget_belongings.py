"""ForgetBelongings: what the application had is gone, and the record stops looking for it."""

from typing import Any

from chalicelib.cloud import Cloud
from chalicelib.steps.step import StepEvent


def run(cloud: Cloud, event: StepEvent) -> dict[str, Any]:
    """Forget what the application had; its deployments stay in the record. One that was only pruned has more."""
    deployment = cloud.store.get(event.deployment_id)
    if deployment.source["type"] != "prune":
        cloud.store.forget_belongings(deployment, cloud.store.belongings_of(deployment.id))
    return {}
