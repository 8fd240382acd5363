"""AwaitInactive: the ECS service is gone, and its last task has stopped."""

from typing import Any

from chalicelib.cloud import Cloud
from chalicelib.deployment import Deployment
from chalicelib.steps.step import StepEvent
from chalicelib.steps.wait import look


def run(cloud: Cloud, event: StepEvent) -> dict[str, Any]:
    """Look whether the service is INACTIVE and runs nothing."""
    service = cloud.store.belongings_of(event.deployment_id).service(event.service_name)

    def decided(_: Deployment) -> bool:
        return cloud.clusters.service_is_gone(service.cluster, service.name, service.family)

    return look(cloud, event, decided)
