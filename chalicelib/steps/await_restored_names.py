"""AwaitRestoredNames: running tasks, Cloud Map and DNS agree on the name that the service had before."""

from typing import Any

from chalicelib.cloud import Cloud
from chalicelib.manifest import Manifest
from chalicelib.specs import Registry
from chalicelib.steps.await_names import Wanted, proven
from chalicelib.steps.step import StepEvent
from chalicelib.steps.wait import look


def run(cloud: Cloud, event: StepEvent) -> dict[str, Any]:
    """Look at the name under which the service registers again.

    One that had none has nothing to prove, nor has one in a namespace that the manifest does not name.
    """
    before = cloud.store.before(event.deployment_id, event.service_name).spec
    registry = before.discovery if before else None
    wanted = _wanted(cloud, cloud.store.manifest(event.deployment_id), registry) if registry else None
    return look(cloud, event, lambda deployment: wanted is None or proven(cloud, event, wanted, deployment))


def _wanted(cloud: Cloud, manifest: Manifest, registry: Registry) -> Wanted | None:
    namespace = cloud.cloud_map.namespace(manifest.namespace) if manifest.namespace else None
    for name, found in cloud.cloud_map.registered(namespace).items() if namespace else ():
        if namespace and found.arn == registry.arn:
            return Wanted(namespace.name, name, found.records, registry.port)
    return None
