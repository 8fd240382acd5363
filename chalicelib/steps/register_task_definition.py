"""RegisterTaskDefinition: a revision with this content is there, and so is its log group if it is ours."""

from typing import Any

from chalicelib.cloud import Cloud
from chalicelib.deployment import ServiceProgress
from chalicelib.plan import task_spec
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
    if progress.task_definition:
        cloud.store.progress(event.deployment_id, name, now, phase="registering", status="running", started_at=started)
    else:
        known = None if _has_looked(event, progress) else known_revision(cloud, manifest, spec)
        arn = known or cloud.task_definitions.register(spec, own_tags)
        message = None if known else f"Registered {arn.rpartition('/')[2]}."
        made = {"task_definition": arn, "started_at": started}
        cloud.store.keep_revision(event.deployment_id, name, spec.content, message, now, **made)
    return {}


def _has_looked(event: StepEvent, progress: ServiceProgress) -> bool:
    """Tell whether Plan found no revision of this content, and this step cannot have made one since."""
    return event.is_first and progress.as_asked is not None


def _keep_log_group(cloud: Cloud, event: StepEvent, name: str) -> None:
    """Keep for how long the group has its lines; one that is made now stays, for the lines that come to be in it."""
    if before := cloud.logs.groups([name]).get(name):
        cloud.store.keep_before(event.deployment_id, event.service_name, before)
