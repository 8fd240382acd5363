"""AwaitInactive: the ECS service is gone, and its last task has stopped."""

from typing import Any

from chalicelib.cloud import Cloud
from chalicelib.deployment import Deployment
from chalicelib.rollout import may_be_old
from chalicelib.steps.step import StepEvent
from chalicelib.steps.wait import look


def run(cloud: Cloud, event: StepEvent) -> dict[str, Any]:
    """Look whether the service is INACTIVE and runs nothing.

    One that ECS does not show at all may be one that it does not show yet.
    """
    service = cloud.store.belongings_of(event.deployment_id).service(event.service_name)

    def decided(deployment: Deployment) -> bool:
        unseen_is_gone = not may_be_old(deployment.services[event.service_name].called_at, cloud.now())
        return cloud.clusters.service_is_gone(
            service.cluster, service.name, service.family, unseen_is_gone=unseen_is_gone
        )

    return look(cloud, event, decided)
