"""AwaitNamespace: the operation that makes the namespace has ended well."""

from typing import Any

from chalicelib.cloud import Cloud
from chalicelib.deployment import Deployment
from chalicelib.steps.step import StepEvent
from chalicelib.steps.wait import look


def run(cloud: Cloud, event: StepEvent) -> dict[str, Any]:
    """Look at the operation; raises NamespaceFailed when it ended in FAIL."""

    def decided(deployment: Deployment) -> bool:
        return cloud.cloud_map.operation_succeeded(deployment.namespace_operation_id or "")

    return look(cloud, event, decided)
