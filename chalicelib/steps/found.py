"""What an earlier step found, and what has to be looked at again."""

from datetime import timedelta

from chalicelib.cloud import Cloud
from chalicelib.deployment import Deployment
from chalicelib.errors import DeploymentTimedOut
from chalicelib.ground import Ground
from chalicelib.manifest import Manifest
from chalicelib.polls import poll_seconds_of
from chalicelib.specs import TaskSpec
from chalicelib.steps.looks import Looks
from chalicelib.steps.step import BETWEEN_TRIES, StepEvent, owner_tags


def asked(cloud: Cloud, deployment_id: str) -> tuple[Manifest, Ground]:
    """Return what a deployment was asked and what it stands on; an older release has planned without keeping that."""
    manifest, ground = cloud.store.asked(deployment_id)
    return manifest, ground or Looks(cloud, manifest).ground


def branch(cloud: Cloud, event: StepEvent) -> tuple[Deployment, Manifest, Ground]:
    """Return what the branch of a service goes by: the deployment with this service, and as `asked` does.

    What is before all branches goes by the deployment without its services.
    """
    own = [event.service] if event.service else []
    deployment, manifest, ground = cloud.store.branch(event.deployment_id, *own)
    return deployment, manifest, ground or Looks(cloud, manifest).ground


def begun(cloud: Cloud, event: StepEvent) -> tuple[Deployment, Manifest, Ground]:
    """Return the same for a step that begins. Raises DeploymentTimedOut a poll after the deadline, or a next try."""
    deployment, manifest, ground = branch(cloud, event)
    if cloud.now() >= deployment.due_at + max(timedelta(seconds=poll_seconds_of(manifest)), BETWEEN_TRIES):
        raise DeploymentTimedOut(f"{event.state} was not begun by {deployment.due_at.isoformat()}")
    return deployment, manifest, ground


def known_revision(cloud: Cloud, manifest: Manifest, spec: TaskSpec) -> str | None:
    """Return an ACTIVE revision of ours with this content: the one remembered, or the family's latest.

    The latest is asked too: a call that registered and died before it could remember must not register again. It may
    be another installation's, or another application's with a service of that name, whose teardown ends it.
    """
    remembered = cloud.store.revisions([spec.content]).get(spec.content)
    if remembered and _has_content(cloud, remembered, spec):
        return remembered
    latest = _has_content(cloud, spec.family, spec)
    ours = latest and owner_tags(cloud, manifest).items() <= cloud.task_definitions.tags(latest).items()
    return latest if ours else None


def _has_content(cloud: Cloud, name: str, spec: TaskSpec) -> str | None:
    """Return the ARN of the ACTIVE revision of this name if it has this content."""
    found = cloud.task_definitions.content_hash(name)
    return found[0] if found and found[1] == spec.content_hash else None
