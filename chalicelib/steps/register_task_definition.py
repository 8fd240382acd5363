"""RegisterTaskDefinition: a revision with this content is there, and so is its log group if it is ours."""

from typing import Any

from chalicelib.cloud import Cloud
from chalicelib.manifest import Manifest
from chalicelib.plan import task_spec
from chalicelib.specs import TaskSpec
from chalicelib.steps.found import known_revision
from chalicelib.steps.step import StepEvent, tags


def run(cloud: Cloud, event: StepEvent) -> dict[str, Any]:
    """Reuse the revision that holds the same content, or register one."""
    deployment, manifest, _ = cloud.store.branch(event.deployment_id, event.service_name)
    name, now = event.service_name, cloud.now()
    progress = deployment.services[name]
    spec, started = task_spec(manifest, name), progress.started_at or now
    own_tags = tags(cloud, manifest, event.deployment_id, name)
    if spec.log_group and not progress.stays("log_group"):
        if progress.previous_task_definition:
            _keep_log_group(cloud, event, spec.log_group)
        cloud.logs.ensure_group(spec.log_group, manifest.services[name].log_retention_days, own_tags)
    arn = progress.task_definition or _revision(cloud, event, manifest, spec, own_tags)
    cloud.store.progress(
        event.deployment_id, name, now, task_definition=arn, status="running", phase="registering", started_at=started
    )
    return {}


def _keep_log_group(cloud: Cloud, event: StepEvent, name: str) -> None:
    """Keep for how long the group has its lines; one that is made now stays, for the lines that come to be in it."""
    if before := cloud.logs.groups([name]).get(name):
        cloud.store.keep_before(event.deployment_id, event.service_name, before)


def _revision(cloud: Cloud, event: StepEvent, manifest: Manifest, spec: TaskSpec, own_tags: dict[str, str]) -> str:
    arn = known_revision(cloud, manifest, spec)
    if arn is None:
        arn = cloud.task_definitions.register(spec, own_tags)
        message = f"Registered {arn.rpartition('/')[2]}."
        cloud.store.record(event.deployment_id, event.service_name, "registering", message, cloud.now())
    cloud.store.remember_revision(spec.family, spec.content_hash, arn)
    return arn
