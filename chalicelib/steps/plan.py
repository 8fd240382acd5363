"""Plan: what serves now, and the manifest, make the plan."""

from datetime import timedelta
from typing import Any

from chalicelib.belongings import Belongings
from chalicelib.cloud import Cloud
from chalicelib.decide import called_off
from chalicelib.deployment import Deployment, Status
from chalicelib.manifest import Manifest
from chalicelib.plan import Plan, plan
from chalicelib.steps.step import StepEvent

EVENTS_AT_MOST = 2_000  # looks in one execution: its history ends at 25,000 events (Step Functions quotas)


def run(cloud: Cloud, event: StepEvent) -> dict[str, Any]:
    """Record what will change and what served before; hand on the waves."""
    deployment, manifest = cloud.store.get(event.deployment_id), cloud.store.manifest(event.deployment_id)
    if failure := called_off(deployment, None):
        raise failure
    serving = cloud.ecs.serving(deployment.cluster, list(manifest.services))
    active = {name: now if now and now.status == "ACTIVE" else None for name, now in serving.items()}
    planned = plan(manifest, active)
    _record(cloud, deployment, manifest, planned)
    for name, now in active.items():
        if now:
            cloud.store.keep_before(deployment.id, name, now.spec)
    poll_seconds = poll_seconds_of(manifest)
    return {
        "deployment_id": deployment.id,
        "waves": [{"services": [_item(deployment.id, name, poll_seconds) for name in wave]} for wave in planned.waves],
        "poll_seconds": poll_seconds,
    }


def _item(deployment_id: str, service: str, poll_seconds: int) -> dict[str, Any]:
    return {"deployment_id": deployment_id, "service": service, "poll_seconds": poll_seconds}


def poll_seconds_of(manifest: Manifest | Belongings) -> int:
    """Return the seconds between two looks, raised until no history outgrows what Step Functions keeps."""
    looks = len(manifest.services) * manifest.timeout_seconds
    return max(manifest.poll_seconds, -(-looks // EVENTS_AT_MOST))


def _record(cloud: Cloud, deployment: Deployment, manifest: Manifest, planned: Plan) -> None:
    """One that waited for another to end has its whole time from now on."""
    now = cloud.now()
    for name, action in planned.actions.items():
        cloud.store.progress(
            deployment.id,
            name,
            now,
            previous_task_definition=planned.previous[name],
            what_serves=planned.previous[name],
            changed=action != "unchanged",
            changed_fields=planned.changed_fields[name],
        )
    late = {"deadline_at": now + timedelta(seconds=manifest.timeout_seconds)} if deployment.after else {}
    cloud.store.update(deployment.id, now, status=Status.RUNNING.value, phase="planned", **late)
    summary = ", ".join(f"{name}: {action}" for name, action in planned.actions.items())
    waves = " → ".join(" + ".join(wave) for wave in planned.waves)
    cloud.store.record(deployment.id, None, "planned", f"{summary}. Order: {waves}.", now)
