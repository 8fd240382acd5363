"""ServiceRestored: what served before serves again and its name is proven, or what was made is gone."""

from typing import Any

from chalicelib.cloud import Cloud
from chalicelib.steps.step import StepEvent


def run(cloud: Cloud, event: StepEvent) -> dict[str, Any]:
    """Record that the service went back, and what serves."""
    name, now = event.service_name, cloud.now()
    progress = cloud.store.part(event.deployment_id, name).services[name]
    status = "rolled_back" if progress.previous_task_definition else "removed"
    serves = progress.restored_task_definition or progress.previous_task_definition
    cloud.store.progress(
        event.deployment_id, name, now, status=status, phase=status, what_serves=serves, finished_at=now
    )
    message = f"{serves.rpartition('/')[2]} serves again." if serves else "Removed: it was not there before."
    cloud.store.record(event.deployment_id, name, status, message, now)
    return {}
