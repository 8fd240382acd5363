"""Plan: what serves now, and the manifest, make the plan."""

from collections.abc import Collection, Mapping
from datetime import timedelta
from math import ceil
from typing import Any

from chalicelib.belongings import Belongings
from chalicelib.cloud import Cloud
from chalicelib.decide import called_off
from chalicelib.deployment import Deployment, Status
from chalicelib.errors import AwsRefused
from chalicelib.manifest import Manifest
from chalicelib.notices import notify
from chalicelib.plan import Plan, chained, plan
from chalicelib.preflight import images_asked, pinned
from chalicelib.specs import Serving
from chalicelib.steps.found import ours
from chalicelib.steps.step import StepEvent
from chalicelib.steps.unnamed import tell_unnamed

# Looks in one execution, each of eight events in its history, which ends at 25,000 (Step Functions quotas).
LOOKS_THERE, LOOKS_IN_ALL = 1_600, 2_000


def run(cloud: Cloud, event: StepEvent) -> dict[str, Any]:
    """Record what will change and what served before; hand on the first wave, which holds the next."""
    deployment = cloud.store.get(event.deployment_id)
    if failure := called_off(deployment, None):
        raise failure
    manifest = _resolved(cloud, event.deployment_id)
    serving = cloud.ecs.serving(deployment.cluster, list(manifest.services))
    own = ours(cloud, manifest, serving)
    active = {name: now if now and now.status == "ACTIVE" else None for name, now in own.items()}
    planned = plan(manifest, active, force=deployment.force)
    _record(cloud, deployment, manifest, planned, active)
    tell_unnamed(cloud, deployment, manifest)
    notify(cloud, deployment)
    poll_seconds = poll_seconds_of(manifest)
    needing = [each for each in planned.changed if manifest.services[each].before_deploy]
    items = [[_item(deployment.id, name, poll_seconds, needing) for name in wave] for wave in planned.waves]
    return {
        "deployment_id": deployment.id,
        "wave": chained(items),
        "poll_seconds": poll_seconds,
    }


def _resolved(cloud: Cloud, deployment_id: str) -> Manifest:
    """Return the manifest with its images by digest: a tag that moves meanwhile moves nothing of this deployment."""
    asked = cloud.store.manifest(deployment_id)
    images = resolved_images(cloud, asked)
    if not images:
        return asked
    kept = cloud.store.keep_images(deployment_id, images)
    for image, digest in images.items() if kept else ():
        cloud.store.record(deployment_id, None, "planned", f"{image} is {digest.partition('@')[2]}.", cloud.now())
    return cloud.store.manifest(deployment_id)


def resolved_images(cloud: Cloud, manifest: Manifest) -> dict[str, str]:
    """Return the digests of images that ECR names by a tag: {"…/home:1": "…/home@sha256:…"}.

    Left out is what ECR does not have, and what it does not let us look at: Preflight tells of both.
    """
    asked = images_asked(manifest, cloud.settings.account, cloud.settings.region)
    tagged = {each.reference for each in asked if "@" not in each.reference}
    digests = {image: _digest(cloud, image) for image in sorted(tagged)}
    return {image: pinned(image, digest) for image, digest in digests.items() if digest}


def _digest(cloud: Cloud, image: str) -> str | None:
    try:
        return cloud.ecr.digest(image)
    except AwsRefused:
        return None


def _item(deployment_id: str, service: str, poll_seconds: int, needing: Collection[str]) -> dict[str, Any]:
    """Return what the branch of a service starts with: whether it needs a task before it changes is known by now."""
    item = {"deployment_id": deployment_id, "service": service, "poll_seconds": poll_seconds}
    return {**item, "task_needed": service in needing}


def poll_seconds_of(manifest: Manifest | Belongings) -> int:
    """Return the seconds between two looks, raised until no history outgrows what Step Functions keeps."""
    return _poll_seconds(manifest, manifest.timeout_seconds, LOOKS_THERE)


def poll_seconds_home(manifest: Manifest, gone_seconds: float, home_seconds: float) -> int:
    """Return the seconds between two looks on the way back, which has the looks that the way there has left."""
    used = len(manifest.services) * gone_seconds / poll_seconds_of(manifest)
    return _poll_seconds(manifest, home_seconds, LOOKS_IN_ALL - min(used, LOOKS_THERE))


def _poll_seconds(manifest: Manifest | Belongings, seconds: float, looks: float) -> int:
    return max(manifest.poll_seconds, ceil(len(manifest.services) * seconds / looks))


def _record(
    cloud: Cloud, deployment: Deployment, manifest: Manifest, planned: Plan, active: Mapping[str, Serving | None]
) -> None:
    """Record what will change, and keep what serves. One that waited for another has its whole time from now on."""
    now = cloud.now()
    for name in active:
        serving = active[name]
        cloud.store.progress(
            deployment.id,
            name,
            now,
            previous_task_definition=planned.previous[name],
            what_serves=planned.previous[name],
            changed=name in planned.changed,
            replaces=serving.ecs_deployment_id if serving else None,
            changed_fields=planned.changed_fields[name],
        )
        if serving:
            cloud.store.keep_before(deployment.id, name, serving.spec)
    late = {"deadline_at": now + timedelta(seconds=manifest.timeout_seconds)} if deployment.after else {}
    cloud.store.update(deployment.id, now, status=Status.RUNNING.value, phase="planned", **late)
    summary = ", ".join(f"{name}: {action}" for name, action in planned.actions.items())
    waves = " → ".join(" + ".join(wave) for wave in planned.waves)
    cloud.store.record(deployment.id, None, "planned", f"{summary}. Order: {waves}.", now)
