"""What is there already, as several steps ask for it: nothing here changes anything."""

from chalicelib.cloud import Cloud
from chalicelib.manifest import Manifest
from chalicelib.plan import task_spec
from chalicelib.specs import Placement, TaskSpec


def placement(cloud: Cloud, manifest: Manifest, name: str) -> Placement | None:
    """Return where a service's tasks run; only in awsvpc mode tasks have a network of their own."""
    if task_spec(manifest, name).network_mode != "awsvpc":
        return None
    return cloud.ec2.placement(manifest.network_of(name))


def known_revision(cloud: Cloud, spec: TaskSpec) -> str | None:
    """Return an ACTIVE revision with this content: the one remembered, or the family's latest.

    The latest is asked too: a call that registered and died before it could remember must not register again.
    """
    for candidate in (cloud.store.revision(spec.family, spec.content_hash), spec.family):
        found = cloud.task_definitions.content_hash(candidate) if candidate else None
        if found and found[1] == spec.content_hash:
            return found[0]
    return None
