"""AwaitNames: running tasks, Cloud Map and DNS agree."""

from dataclasses import replace
from typing import Any

from chalicelib.cloud import Cloud
from chalicelib.deployment import Deployment
from chalicelib.ground import Ground
from chalicelib.manifest import Manifest, registered_container
from chalicelib.steps.looks import namespace_of
from chalicelib.steps.name_proof import Wanted, proven
from chalicelib.steps.step import StepEvent
from chalicelib.steps.unnamed import sharing
from chalicelib.steps.wait import look_at_branch


def run(cloud: Cloud, event: StepEvent) -> dict[str, Any]:
    """Look at the name of a discovered service; one without a name has nothing to prove."""

    def decided(deployment: Deployment, manifest: Manifest, ground: Ground) -> bool:
        return name_proven(cloud, event, deployment, manifest, ground)

    return look_at_branch(cloud, event, decided)


def name_proven(cloud: Cloud, event: StepEvent, deployment: Deployment, manifest: Manifest, ground: Ground) -> bool:
    """Tell whether the name that the manifest gives a service leads to its tasks. Raises as `proven` does."""
    wanted = wanted_name(manifest, ground, event.service_name)
    if wanted is None:
        return True
    registry = deployment.services[event.service_name].registry_arn
    shared = replace(wanted, sharing=sharing(cloud, manifest, registry))
    return proven(cloud, event, shared, ground.namespace or namespace_of(cloud, manifest), deployment)


def wanted_name(manifest: Manifest, ground: Ground, service: str) -> Wanted | None:
    """Return the name that the manifest gives a service, None without one."""
    discovery, container = manifest.services[service].discovery, registered_container(manifest, service)
    if discovery is None or manifest.namespace is None:
        return None
    port, vpc = container.port if container else None, ground.vpcs.get(service) or manifest.network_of(service).vpc
    return Wanted(manifest.namespace, discovery.name or service, discovery.records, port, vpc)
