"""RegisterTaskDefinition: a revision with this content is there, and so is its log group if it is ours."""

from typing import Any

from chalicelib.cloud import Cloud
from chalicelib.plan import task_spec
from chalicelib.steps.found import known_revision
from chalicelib.steps.step import StepEvent, tags


def run(cloud: Cloud, event: StepEvent) -> dict[str, Any]:
    """Reuse the revision that holds the same content, or register one."""
    manifest, name, now = cloud.store.manifest(event.deployment_id), event.service_name, cloud.now()
    spec, own_tags = task_spec(manifest, name), tags(cloud, manifest, event.deployment_id, name)
    started = {"status": "running", "phase": "registering", "started_at": now}
    if spec.log_group:
        cloud.logs.ensure_group(spec.log_group, manifest.services[name].log_retention_days, own_tags)
    arn = known_revision(cloud, manifest, spec)
    if arn is None:
        arn = cloud.task_definitions.register(spec, own_tags)
        cloud.store.record(event.deployment_id, name, "registering", f"Registered {arn.rpartition('/')[2]}.", now)
    cloud.store.remember_revision(spec.family, spec.content_hash, arn)
    cloud.store.progress(event.deployment_id, name, now, task_definition=arn, **started)
    return {}
