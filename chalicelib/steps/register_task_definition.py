"""RegisterTaskDefinition: a revision with this content is there, and so is its log group if it is ours."""

from collections.abc import Mapping
from typing import Any

from chalicelib.cloud import Cloud
from chalicelib.manifest import Manifest
from chalicelib.plan import task_spec
from chalicelib.specs import TaskSpec
from chalicelib.steps.found import begun, known_revision
from chalicelib.steps.step import StepEvent, tags


def run(cloud: Cloud, event: StepEvent) -> dict[str, Any]:
    """Reuse the revision that holds the same content, or register one."""
    deployment, manifest, _ = begun(cloud, event)
    name, now = event.service_name, cloud.now()
    progress = deployment.services[name]
    spec, started = task_spec(manifest, name), progress.started_at or now
    own_tags = tags(cloud, manifest, event.deployment_id, name)
    if spec.log_group and not progress.stays("log_group"):
        if progress.previous_task_definition:
            _keep_log_group(cloud, event, spec.log_group)
        cloud.logs.ensure_group(spec.log_group, manifest.services[name].log_retention_days, own_tags)
    arn, message = progress.task_definition, None
    if arn is None:
        arn, message = _revision(cloud, manifest, spec, own_tags)
    changes = {"task_definition": arn, "status": "running", "started_at": started}
    if message:
        cloud.store.tell(event.deployment_id, name, "registering", message, now, **changes)
    else:
        cloud.store.progress(event.deployment_id, name, now, phase="registering", **changes)
    return {}


def _keep_log_group(cloud: Cloud, event: StepEvent, name: str) -> None:
    """Keep for how long the group has its lines; one that is made now stays, for the lines that come to be in it."""
    if before := cloud.logs.groups([name]).get(name):
        cloud.store.keep_before(event.deployment_id, event.service_name, before)


def _revision(cloud: Cloud, manifest: Manifest, spec: TaskSpec, own_tags: Mapping[str, str]) -> tuple[str, str | None]:
    """Return a revision with this content, and what is told of it: that it is new."""
    known = known_revision(cloud, manifest, spec)
    arn = known or cloud.task_definitions.register(spec, own_tags)
    cloud.store.remember_revision(spec.family, spec.content_hash, arn)
    return arn, None if known else f"Registered {arn.rpartition('/')[2]}."
