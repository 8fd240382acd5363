"""AwaitRestoredNames: running tasks, Cloud Map and DNS agree on the name that the service had before."""

from dataclasses import replace
from typing import Any

from chalicelib.aws.cloud_map import Namespace
from chalicelib.cloud import Cloud
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
    namespace = wanted = None
    if before and before.discovery:
        namespace = namespace_of(cloud, manifest)
        vpc = before.network or manifest.network_of(event.service_name).vpc
        namespace = ground.namespace or namespace_of(cloud, manifest)
        wanted = _wanted(cloud, namespace, before.discovery, vpc)
        sharers = sharing(cloud, manifest, before.discovery.arn) if wanted else ()
        wanted = replace(wanted, sharing=sharers) if wanted else None
    return look(cloud, event, lambda deployment: wanted is None or proven(cloud, event, wanted, namespace, deployment))


def _wanted(cloud: Cloud, namespace: Namespace | None, registry: Registry, vpc: str | Placement) -> Wanted | None:
    for name, found in cloud.cloud_map.registered(namespace).items() if namespace else ():
        if namespace and found.arn == registry.arn:
            return Wanted(namespace.name, name, found.records, registry.port, vpc)
    return None
