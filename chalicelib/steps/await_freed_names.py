"""AwaitFreedNames: a name that a service has from one that is removed now leads to its own tasks alone."""

from dataclasses import replace
from typing import Any

from chalicelib.cloud import Cloud
from chalicelib.deployment import Deployment
from chalicelib.ground import Ground
from chalicelib.manifest import Manifest
from chalicelib.steps.await_names import wanted_name
from chalicelib.steps.found import asked
from chalicelib.steps.looks import namespace_of
from chalicelib.steps.name_proof import proven
from chalicelib.steps.step import StepEvent
from chalicelib.steps.wait import look


def run(cloud: Cloud, event: StepEvent) -> dict[str, Any]:
    """Look at every name that is not proven yet: AwaitNames proved what it could while two services had it."""
    manifest, ground = asked(cloud, event.deployment_id)

    def decided(deployment: Deployment) -> bool:
        unproven = [name for name, each in deployment.services.items() if each.dns and each.dns.proven_at is None]
        return all(_freed(cloud, replace(event, service=name), manifest, ground, deployment) for name in unproven)

    return look(cloud, event, decided)


def _freed(cloud: Cloud, event: StepEvent, manifest: Manifest, ground: Ground, deployment: Deployment) -> bool:
    wanted, namespace = wanted_name(manifest, ground, event.service_name), ground.namespace
    freed = wanted is None or proven(cloud, event, wanted, namespace or namespace_of(cloud, manifest), deployment)
    cloud.store.progress(event.deployment_id, event.service_name, cloud.now(), phase="proven")
    return freed
