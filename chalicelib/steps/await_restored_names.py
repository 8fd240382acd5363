"""AwaitRestoredNames: running tasks, Cloud Map and DNS agree on the name that the service had before."""

from typing import Any

from chalicelib.aws.cloud_map import Namespace
from chalicelib.cloud import Cloud
from chalicelib.deployment import Deployment
from chalicelib.manifest import Manifest
from chalicelib.specs import Placement, Registry
from chalicelib.steps.found import asked
from chalicelib.steps.looks import namespace_of
from chalicelib.steps.name_proof import Wanted, proven
from chalicelib.steps.step import StepEvent
from chalicelib.steps.unnamed import sharing
from chalicelib.steps.wait import look


def run(cloud: Cloud, event: StepEvent) -> dict[str, Any]:
    """Look at the name under which the service registers again.

    One that had none has nothing to prove, nor has one in a namespace that the manifest does not name.
    """
    before = cloud.store.before(event.deployment_id, event.service_name).spec
    manifest, ground = asked(cloud, event.deployment_id)

    def decided(deployment: Deployment) -> bool:
        namespace = before and before.discovery and (ground.namespace or namespace_of(cloud, manifest))
        if not before or not before.discovery or not namespace:
            return True
        vpc = before.network or manifest.network_of(event.service_name).vpc
        wanted = _wanted(cloud, manifest, namespace, before.discovery, vpc)
        return wanted is None or proven(cloud, event, wanted, namespace, deployment)

    return look(cloud, event, decided)


def _wanted(
    cloud: Cloud, manifest: Manifest, namespace: Namespace, registry: Registry, vpc: str | Placement
) -> Wanted | None:
    for name, found in cloud.cloud_map.registered(namespace).items():
        if found.arn == registry.arn:
            shared = sharing(cloud, manifest, registry.arn)
            return Wanted(namespace.name, name, found.records, registry.port, vpc, shared)
    return None
