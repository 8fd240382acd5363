"""RegisterTaskDefinition: a revision with this content is there, and so is its log group if it is ours."""

from typing import Any

from chalicelib.cloud import Cloud
from chalicelib.plan import task_spec
from chalicelib.specs import TaskSpec
from chalicelib.steps.step import StepEvent, tags


def run(cloud: Cloud, event: StepEvent) -> dict[str, Any]:
    """Reuse the revision that holds the same content, or register one."""
    manifest, name, now = cloud.store.manifest(event.deployment_id), event.service_name, cloud.now()
    spec, own_tags = task_spec(manifest, name), tags(cloud, manifest, event.deployment_id, name)
    started = {"status": "running", "phase": "registering", "started_at": now}
    if spec.log_group:
        cloud.logs.ensure_group(spec.log_group, manifest.services[name].log_retention_days, own_tags)
    arn = known_revision(cloud, spec)
    if arn is None:
        arn = cloud.task_definitions.register(spec, own_tags)
        cloud.store.record(event.deployment_id, name, "registering", f"Registered {arn.rpartition('/')[2]}.", now)
    cloud.store.remember_revision(spec.family, spec.content_hash, arn)
    cloud.store.progress(event.deployment_id, name, now, task_definition=arn, **started)
    return {}


def known_revision(cloud: Cloud, spec: TaskSpec) -> str | None:
    """Return an ACTIVE revision with this content: the one remembered, or the family's latest.

    The latest is asked too: a call that registered and died before it could remember must not register again.
    """
    for candidate in (cloud.store.revision(spec.family, spec.content_hash), spec.family):
        found = cloud.task_definitions.content_hash(candidate) if candidate else None
        if found and found[1] == spec.content_hash:
            return found[0]
    return None
