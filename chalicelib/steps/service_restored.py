"""ServiceRestored: what served before serves again and its name is proven, or what was made is gone."""

from typing import Any

from chalicelib.cloud import Cloud
from chalicelib.deployment import Deployment, ServiceProgress
from chalicelib.steps.balancer import url_before
from chalicelib.steps.step import StepEvent


def run(cloud: Cloud, event: StepEvent) -> dict[str, Any]:
    """Record that the service went back, what serves, and where."""
    name, now = event.service_name, cloud.now()
    deployment = cloud.store.part(event.deployment_id, name)
    progress = deployment.services[name]
    status = "rolled_back" if progress.previous_task_definition else "removed"
    serves = progress.restored_task_definition or progress.previous_task_definition
    url = _url(cloud, deployment, progress) if serves else None
    cloud.store.progress(
        event.deployment_id, name, now, status=status, phase=status, what_serves=serves, url=url, finished_at=now
    )
    message = f"{serves.rpartition('/')[2]} serves again." if serves else "Removed: it was not there before."
    cloud.store.record(event.deployment_id, name, status, message, now)
    return {}


def _url(cloud: Cloud, deployment: Deployment, progress: ServiceProgress) -> str | None:
    """Return where people reach what serves again: a rule that stayed leads there, one that was put back as before."""
    return progress.url if progress.stays("rule") else url_before(cloud, deployment, progress.name)
