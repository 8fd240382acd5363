"""RollBack: whether what this deployment changed goes back to what served before, and in which order."""

from datetime import datetime, timedelta
from typing import Any

from chalicelib.cloud import Cloud
from chalicelib.deployment import Deployment
from chalicelib.plan import waves
from chalicelib.polls import poll_seconds_home
from chalicelib.steps.step import StepEvent
from chalicelib.verdict import goes_back

GOING_BACK_AT_LEAST = timedelta(minutes=5)
"""What served before needs its time to serve again, also where its successor was given little."""


def run(cloud: Cloud, event: StepEvent) -> dict[str, Any]:
    """Decide it, and record it. Hands on `needed`, and the waves home: newest first.

    A service that was not there before goes `away`. One that no wave came to is as it was.
    """
    deployment, manifest = cloud.store.get(event.deployment_id), cloud.store.manifest(event.deployment_id)
    needed, now = goes_back(deployment, manifest.on_failure), cloud.now()
    home = max(timedelta(seconds=manifest.timeout_seconds), GOING_BACK_AT_LEAST)
    if needed:
        _record(cloud, deployment, now, now + home)
    begun_at = deployment.deadline_at - timedelta(seconds=manifest.timeout_seconds)
    poll_seconds = poll_seconds_home(manifest, (now - begun_at).total_seconds(), home.total_seconds())
    order = waves({name: service.depends_on for name, service in manifest.services.items()})[::-1] if needed else ()
    return {
        "deployment_id": deployment.id,
        "needed": needed,
        "waves": [
            {"services": [_item(deployment, name, poll_seconds) for name in _started(deployment, wave)]}
            for wave in order
        ],
        "poll_seconds": poll_seconds,
    }


def _started(deployment: Deployment, wave: tuple[str, ...]) -> list[str]:
    """Return the services of a wave that it came to, but for those to which nothing was to happen."""
    services = deployment.services
    return [name for name in wave if services[name].status != "pending" and services[name].changed is not False]


def _item(deployment: Deployment, name: str, poll_seconds: int) -> dict[str, Any]:
    away = deployment.services[name].previous_task_definition is None
    return {"deployment_id": deployment.id, "service": name, "poll_seconds": poll_seconds, "away": away}


def _record(cloud: Cloud, deployment: Deployment, now: datetime, deadline_at: datetime) -> None:
    """Record that it goes back, for which it has as long as it had to go, or longer."""
    cloud.store.update(deployment.id, now, phase="rolling_back", rollback_deadline_at=deadline_at)
    cloud.store.record(deployment.id, None, "rolling_back", "Going back to what served before.", now)
