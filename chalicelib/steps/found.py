"""What is there already, as several steps ask for it: nothing here changes anything."""

from chalicelib.cloud import Cloud
from chalicelib.errors import LaunchTypeFixed, ServiceNotOwned
from chalicelib.manifest import Manifest
from chalicelib.plan import task_spec
from chalicelib.specs import Placement, Serving, TaskSpec


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


def refuse(cloud: Cloud, manifest: Manifest, name: str, now: Serving | None) -> None:
    """Raise ServiceNotOwned or LaunchTypeFixed when what serves under a service's name is not ours to change."""
    _refuse_foreign(cloud, manifest, name, now)
    _refuse_other_launch_type(manifest, name, now)


def _refuse_foreign(cloud: Cloud, manifest: Manifest, name: str, now: Serving | None) -> None:
    if now is None or manifest.services[name].adopt:
        return
    wanted = {
        "slipway:application": manifest.application,
        "slipway:environment": manifest.environment,
        "slipway:installation": cloud.settings.installation,
    }
    found = {key: now.tags.get(key) for key in wanted}
    if found != wanted:
        owner = ", ".join(f"{key}={value}" for key, value in found.items() if value) or "nobody known to Slipway"
        raise ServiceNotOwned(f"the ECS service {name} in {manifest.cluster_name} belongs to {owner}")


def _refuse_other_launch_type(manifest: Manifest, name: str, now: Serving | None) -> None:
    """ECS changes a launch type only by way of capacity providers (API reference, UpdateService)."""
    service = manifest.services[name]
    found = now.spec.launch_type if now and now.status == "ACTIVE" else None
    if found and not service.capacity_providers and found != service.launch_type:
        raise LaunchTypeFixed(f"the ECS service {name} runs on {found}, and {service.launch_type} is asked for")
