"""RemoveRoute: the listener rule, then the target group, tried again until nothing uses it any more."""

from collections.abc import Mapping
from typing import Any

from chalicelib.cloud import Cloud
from chalicelib.deployment import Deployment
from chalicelib.rollout import may_be_old
from chalicelib.steps.step import StepEvent, owner_tags, removable_tags
from chalicelib.steps.wait import look


def run(cloud: Cloud, event: StepEvent) -> dict[str, Any]:
    """Remove rule and target group of a service; a target group that is in use still waits for the next look.

    A deployment that goes back removes only what it made itself, as soon as that is seen.
    """
    service = cloud.store.belongings_of(event.deployment_id).service(event.service_name)

    def decided(deployment: Deployment) -> bool:
        own = {"slipway:service": service.name}
        removable = removable_tags(cloud, deployment) | own
        groups = cloud.load_balancers.target_groups(owner_tags(cloud, deployment) | own) if service.routed else []
        made = service.routed and deployment.services[event.service_name].target_group_arn
        if made and not groups and may_be_old(deployment.failed_at or deployment.created_at, cloud.now()):
            return False
        for target_group in groups:
            cloud.load_balancers.delete_rules(target_group, removable)
        if groups:
            remove_target_groups(cloud, removable)
        return True

    return look(cloud, event, decided)


def remove_target_groups(cloud: Cloud, removable: Mapping[str, str]) -> None:
    """Remove the target groups with these tags; raises TransientAws while one is in use."""
    for target_group in cloud.load_balancers.target_groups(removable):
        cloud.load_balancers.delete_target_group(target_group)
