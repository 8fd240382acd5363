"""ServiceProven: the service runs as asked, and its name is proven."""

from typing import Any

from chalicelib.cloud import Cloud
from chalicelib.steps.step import StepEvent


def run(cloud: Cloud, event: StepEvent) -> dict[str, Any]:
    """Record that the new revision serves. Hands on `proven`."""
    name, now = event.service_name, cloud.now()
    serves = cloud.store.part(event.deployment_id, name).services[name].task_definition
    changes = {"status": "succeeded", "what_serves": serves, "finished_at": now}
    cloud.store.tell(event.deployment_id, name, "proven", "Stable and proven.", now, **changes)
    return {"service": name, "proven": True}
