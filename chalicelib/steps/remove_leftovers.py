"""RemoveLeftovers: what the services had that the manifest does not name any more, unless a service of it has it now.

All services are gone by then: two of them may have had one name.
"""

from collections.abc import Mapping
from typing import Any

from chalicelib.belongings import ServiceBelongings, belongings_of
from chalicelib.cloud import Cloud
from chalicelib.deployment import Deployment
from chalicelib.manifest import Manifest
from chalicelib.steps.deregister_task_definitions import deregistered
from chalicelib.steps.remove_namespaces import remove_names
from chalicelib.steps.remove_route import remove_target_groups
from chalicelib.steps.step import StepEvent, owner_tags
from chalicelib.steps.unnamed import pruned
from chalicelib.steps.wait import look

Services = Mapping[str, ServiceBelongings]


def run(cloud: Cloud, event: StepEvent) -> dict[str, Any]:
    """Remove target groups, names and revisions; what is in use still waits for the next look. Then forget them."""
    manifest = cloud.store.manifest(event.deployment_id)

    def decided(deployment: Deployment) -> bool:
        gone = pruned(cloud, deployment, manifest)
        _remove_routes(cloud, deployment, manifest, gone)
        _remove_names(cloud, deployment, manifest, gone)
        kept = {manifest.family(name) for name in manifest.services}
        families = {each.family for each in gone.values()} - kept
        if not deregistered(cloud, owner_tags(cloud, deployment), families):
            return False
        cloud.store.forget_services(deployment, {f"{each.cluster}/{each.name}" for each in gone.values()})
        return True

    return look(cloud, event, decided)


def _remove_routes(cloud: Cloud, deployment: Deployment, manifest: Manifest, gone: Services) -> None:
    for name in {each.name for each in gone.values() if each.routed} - set(manifest.services):
        remove_target_groups(cloud, owner_tags(cloud, deployment) | {"slipway:service": name})


def _remove_names(cloud: Cloud, deployment: Deployment, manifest: Manifest, gone: Services) -> None:
    kept = {name for each in belongings_of(manifest).services.values() for name in each.names}
    left = {name for each in gone.values() for name in each.names} - kept
    for space in sorted({space for space, _ in left}):
        names = {name for of, name in left if of == space}
        for namespace in cloud.cloud_map.namespaces(space):
            remove_names(cloud, deployment, namespace, names, owner_tags(cloud, deployment))
