"""Scaling: the service is scaled as the manifest says, or no longer by us."""

from typing import Any

from chalicelib.aws.autoscaling import Scaled, resource_label, scaled_as
from chalicelib.cloud import Cloud
from chalicelib.deployment import Deployment, ServiceProgress
from chalicelib.ground import Ground
from chalicelib.manifest import Manifest
from chalicelib.steps.found import begun
from chalicelib.steps.step import StepEvent, tags


def run(cloud: Cloud, event: StepEvent) -> dict[str, Any]:
    """Bring scalable target and policies to what is asked; a service without `scaling` loses those that we made.

    The record says first that the service changes: a call whose answer is lost changed it all the same.
    """
    (deployment, manifest, ground), name = begun(cloud, event), event.service_name
    if deployment.services[name].stays("scaling"):
        return {}
    wanted = _wanted(manifest, ground, deployment, name)
    found = _found(cloud, deployment, name)
    if found == wanted or (wanted is None and found and not found.policies):
        return {}
    now = cloud.now()
    fields = _changed_fields(deployment.services[name])
    cloud.store.progress(deployment.id, name, now, phase="scaling", changed=True, changed_fields=fields)
    if wanted is None:
        cloud.autoscaling.remove(deployment.cluster, name)
    else:
        cloud.autoscaling.put(deployment.cluster, name, wanted, found, tags(cloud, manifest, deployment.id, name))
    cloud.store.record(deployment.id, name, "scaling", _message(wanted), now)
    return {}


def _found(cloud: Cloud, deployment: Deployment, name: str) -> Scaled | None:
    """Return how a service is scaled: what Plan has kept counts, for what is read by now may be older than that."""
    progress = deployment.services[name]
    if progress.as_asked is not None and progress.previous_task_definition:
        return cloud.store.before(deployment.id, name).scaled
    found = cloud.autoscaling.find(deployment.cluster, name)
    if found and progress.as_asked is None and "scaling" not in progress.changed_fields:
        cloud.store.keep_before(deployment.id, name, found)  # Plan has, unless it was an older release's
    return found


def _wanted(manifest: Manifest, ground: Ground, deployment: Deployment, name: str) -> Scaled | None:
    scaling, target_group = manifest.services[name].scaling, deployment.services[name].target_group_arn
    if scaling is None:
        return None
    label = resource_label(ground.listener.arn, target_group) if ground.listener and target_group else None
    return scaled_as(scaling, label)


def _changed_fields(progress: ServiceProgress) -> tuple[str, ...]:
    """Return what changed in a service that was there before; of a new one nothing is called changed."""
    told = any(field.partition(".")[0] == "scaling" for field in progress.changed_fields)
    if progress.previous_task_definition is None or told:
        return progress.changed_fields
    return (*progress.changed_fields, "scaling")


def _message(wanted: Scaled | None) -> str:
    return f"Scales from {wanted.least} to {wanted.most} tasks." if wanted else "Not scaled any more."
