"""ServiceRemoved: nothing runs under the service's name, and nothing leads to it."""

from typing import Any

from chalicelib.cloud import Cloud
from chalicelib.deployment import Deployment
from chalicelib.steps.step import StepEvent

GONE = "Inactive, and no route leads to it."


def run(cloud: Cloud, event: StepEvent) -> dict[str, Any]:
    """Record that the service is gone. Hands on `proven`."""
    deployment = cloud.store.part(event.deployment_id, event.service_name)
    record_removed(cloud, deployment, event.service_name, "succeeded", GONE)
    return {"service": event.service_name, "proven": True}


def record_removed(cloud: Cloud, deployment: Deployment, name: str, status: str, message: str) -> None:
    """Record that a service is gone, and forget that it is live."""
    now = cloud.now()
    cloud.store.forget_live(deployment, name)
    cloud.store.progress(deployment.id, name, now, status=status, phase="removed", what_serves=None, finished_at=now)
    cloud.store.record(deployment.id, name, "removed", message, now)
