"""Application Auto Scaling over our ECS: moto remembers targets and policies, and what a target demands happens.

Registering a target moves the desired count into [min, max] at once. Alarms are not there: nothing scales by load.
https://docs.aws.amazon.com/autoscaling/application/APIReference/API_RegisterScalableTarget.html
"""

from collections.abc import Callable
from typing import Any, cast

from moto.applicationautoscaling.models import applicationautoscaling_backends

from localcloud.faults import AwsFault

DIMENSION = "ecs:service:DesiredCount"
Ecs = Callable[[str, dict[str, Any]], dict[str, Any]]
"""ECS as it is called: operation and request in, answer out."""


class Autoscaling:
    """Ties moto's autoscaling to an ECS, which is asked whether services exist and told their desired counts."""

    def __init__(self, ecs: Ecs, account: str = "000000000000", region: str = "us-east-1") -> None:
        self._ecs = ecs
        self._backend = cast("Any", applicationautoscaling_backends[account][region])
        self._backend.ecs_backend = self  # moto asks its own ECS otherwise, which knows of nothing

    def describe_services(self, cluster: str, services: list[str]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Return (services, failures); moto refuses a target whose service is not there."""
        try:
            answer = self._ecs("DescribeServices", {"cluster": cluster, "services": services})
        except AwsFault:
            return [], []
        return [each for each in answer["services"] if each["status"] != "INACTIVE"], answer["failures"]

    def registered(self, request: dict[str, Any]) -> None:
        """Move the desired count of a target's service into its bounds. Call it after RegisterScalableTarget."""
        if request["ScalableDimension"] != DIMENSION:
            return
        target = self._backend.targets[DIMENSION][request["ResourceId"]]
        _, cluster, name = target.resource_id.split("/")
        desired = self.describe_services(cluster, [name])[0][0]["desiredCount"]
        wanted = min(max(desired, target.min_capacity), target.max_capacity)
        if wanted != desired:
            self._ecs("UpdateService", {"cluster": cluster, "service": name, "desiredCount": wanted})

    def deregistered(self, request: dict[str, Any]) -> None:
        """Delete the policies of a target, with their alarms. Call it after DeregisterScalableTarget.

        https://docs.aws.amazon.com/autoscaling/application/APIReference/API_DeregisterScalableTarget.html
        """
        about = request["ServiceNamespace"], request["ResourceId"], request["ScalableDimension"]
        for policy in list(self._backend.policies.values()):
            if about == (policy.service_namespace, policy.resource_id, policy.scalable_dimension):
                self._backend.delete_scaling_policy(policy.policy_name, *about)
