"""ServiceRemoved: nothing runs under the service's name, and nothing leads to it."""

from typing import Any

from chalicelib.cloud import Cloud
from chalicelib.steps.step import StepEvent


def run(cloud: Cloud, event: StepEvent) -> dict[str, Any]:
    """Record that the service is gone. Hands on `proven`."""
    name, now = event.service_name, cloud.now()
    cloud.store.forget_live(cloud.store.part(event.deployment_id, name), name)
    cloud.store.progress(
        event.deployment_id, name, now, status="succeeded", phase="removed", what_serves=None, finished_at=now
    )
    cloud.store.record(event.deployment_id, name, "removed", "Inactive, and no route leads to it.", now)
    return {"service": name, "proven": True}
