"""Scaling: the service is scaled as the manifest says, or no longer by us."""

from typing import Any

from chalicelib.aws.autoscaling import Scaled, resource_label, scaled_as
from chalicelib.cloud import Cloud
from chalicelib.deployment import Deployment, ServiceProgress
from chalicelib.manifest import Manifest
from chalicelib.steps.step import StepEvent, tags


def run(cloud: Cloud, event: StepEvent) -> dict[str, Any]:
    """Bring scalable target and policies to what is asked; a service without `scaling` loses those that we made.

    The record says first that the service changes: a call whose answer is lost changed it all the same.
    """
    manifest = cloud.store.manifest(event.deployment_id)
    deployment = cloud.store.part(event.deployment_id, event.service_name)
    name = event.service_name
    wanted = _wanted(cloud, manifest, deployment, name)
    found = cloud.autoscaling.find(deployment.cluster, name)
    if found == wanted or (wanted is None and found and not found.policies):
        return {}
    now = cloud.now()
    if found and "scaling" not in deployment.services[name].changed_fields:
        cloud.store.keep_before(deployment.id, name, found)
    fields = _changed_fields(deployment.services[name])
    cloud.store.progress(deployment.id, name, now, phase="scaling", changed=True, changed_fields=fields)
    if wanted is None:
        cloud.autoscaling.remove(deployment.cluster, name)
    else:
        cloud.autoscaling.put(deployment.cluster, name, wanted, found, tags(cloud, manifest, deployment.id, name))
    cloud.store.record(deployment.id, name, "scaling", _message(wanted), now)
    return {}


def _wanted(cloud: Cloud, manifest: Manifest, deployment: Deployment, name: str) -> Scaled | None:
    scaling, balancer = manifest.services[name].scaling, manifest.load_balancer
    if scaling is None:
        return None
    target_group = deployment.services[name].target_group_arn
    if scaling.requests_per_target is None or target_group is None or balancer is None:
        return scaled_as(scaling, None)
    listener = cloud.load_balancers.listener(balancer.name, balancer.port)
    return scaled_as(scaling, resource_label(listener.arn, target_group))


def _changed_fields(progress: ServiceProgress) -> tuple[str, ...]:
    """Return what changed in a service that was there before; of a new one nothing is called changed."""
    if progress.previous_task_definition is None or "scaling" in progress.changed_fields:
        return progress.changed_fields
    return (*progress.changed_fields, "scaling")


def _message(wanted: Scaled | None) -> str:
    return f"Scales from {wanted.least} to {wanted.most} tasks." if wanted else "Not scaled any more."
