"""What is there already, as several steps ask for it: nothing here changes anything."""

from collections.abc import Mapping

from chalicelib.cloud import Cloud
from chalicelib.manifest import Manifest
from chalicelib.plan import task_spec
from chalicelib.preflight import may_change
from chalicelib.specs import Placement, Serving, TaskSpec
from chalicelib.steps.step import owner_tags


def ours(cloud: Cloud, manifest: Manifest, serving: Mapping[str, Serving | None]) -> dict[str, Serving | None]:
    """Return the ECS services that this application may change; of others nothing is told, planned or compared."""
    owner = owner_tags(cloud, manifest)
    return {
        name: now
        for name, now in serving.items()
        if now is None or may_change(now.tags, owner, adopt=manifest.services[name].adopt)
    }


def placement(cloud: Cloud, manifest: Manifest, name: str) -> Placement | None:
    """Return where a service's tasks run; only in awsvpc mode tasks have a network of their own."""
    if task_spec(manifest, name).network_mode != "awsvpc":
        return None
    return cloud.ec2.placement(manifest.network_of(name))


def known_revision(cloud: Cloud, manifest: Manifest, spec: TaskSpec) -> str | None:
    """Return an ACTIVE revision of ours with this content: the one remembered, or the family's latest.

    The latest is asked too: a call that registered and died before it could remember must not register again. It may
    be another installation's, or another application's with a service of that name, whose teardown ends it.
    """
    remembered = cloud.store.revision(spec.family, spec.content_hash)
    if remembered and _has_content(cloud, remembered, spec):
        return remembered
    latest = _has_content(cloud, spec.family, spec)
    ours = latest and owner_tags(cloud, manifest).items() <= cloud.task_definitions.tags(latest).items()
    return latest if ours else None


def _has_content(cloud: Cloud, name: str, spec: TaskSpec) -> str | None:
    """Return the ARN of the ACTIVE revision of this name if it has this content."""
    found = cloud.task_definitions.content_hash(name)
    return found[0] if found and found[1] == spec.content_hash else None
