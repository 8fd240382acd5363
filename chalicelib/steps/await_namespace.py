"""AwaitNamespace: the operation that makes the namespace has ended well."""

from dataclasses import replace
from typing import Any

from chalicelib.cloud import Cloud
from chalicelib.deployment import Deployment
from chalicelib.ground import Ground
from chalicelib.manifest import Manifest
from chalicelib.steps.looks import namespace_of
from chalicelib.steps.step import StepEvent
from chalicelib.steps.wait import look_at_branch


def run(cloud: Cloud, event: StepEvent) -> dict[str, Any]:
    """Look at the operation, and keep the namespace that it made; raises NamespaceFailed when it ended in FAIL."""

    def decided(deployment: Deployment, manifest: Manifest, ground: Ground) -> bool:
        if not cloud.cloud_map.operation_succeeded(deployment.namespace_operation_id or ""):
            return False
        found = namespace_of(cloud, manifest)
        if found is None:  # Cloud Map does not show it yet
            return False
        cloud.store.keep_namespace(deployment.id, replace(ground, namespace=found), cloud.now())
        return True

    return look_at_branch(cloud, event, decided)
