"""Scalable targets of our ECS, in moto's memory."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.autoscaling import DIMENSION, Autoscaling
from localcloud.faults import AwsFault
from tests.local.doors import Cloud


@dataclass
class FakeEcs:
    """One service, `home` in `main`, with its desired count."""

    desired: int = 2
    updates: list[dict[str, Any]] = field(default_factory=list)

    def handle(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """Describe or update the service."""
        if request["cluster"] != "main":
            raise AwsFault("ClusterNotFoundException", "Cluster not found.")
        if operation == "UpdateService":
            self.updates.append(request)
            self.desired = request["desiredCount"]
            return {}
        services = [{"status": "ACTIVE", "desiredCount": self.desired}] if request["services"] == ["home"] else []
        return {"services": services, "failures": []}


@pytest.fixture
def ecs() -> FakeEcs:
    """Return a service of two tasks."""
    return FakeEcs()


@pytest.fixture
def autoscaling(ecs: FakeEcs) -> Iterator[Any]:
    """Return a client of Application Auto Scaling over that service."""
    ours = Autoscaling(ecs.handle)
    listeners = {"RegisterScalableTarget": ours.registered, "DeregisterScalableTarget": ours.deregistered}
    cloud = Cloud(listeners={("application-autoscaling", operation): each for operation, each in listeners.items()})
    cloud.door.start()
    with cloud.closing:
        yield cloud.client("application-autoscaling")
    cloud.door.stop()


HOME = {"ServiceNamespace": "ecs", "ResourceId": "service/main/home", "ScalableDimension": DIMENSION}


def register(autoscaling: Any, **bounds: int) -> None:
    """Register the service `home` with these bounds."""
    autoscaling.register_scalable_target(**HOME, **bounds)


def policies(autoscaling: Any) -> list[str]:
    """Return the policies that there are: of what, and their names."""
    found = autoscaling.describe_scaling_policies(ServiceNamespace="ecs")["ScalingPolicies"]
    return [f"{each['ResourceId']} {each['PolicyName']}" for each in found]


@pytest.mark.parametrize(("low", "high", "desired"), [(3, 6, 3), (1, 1, 1), (2, 6, 2), (0, 2, 2)])
def test_the_desired_count_is_clamped(autoscaling: Any, ecs: FakeEcs, low: int, high: int, desired: int) -> None:
    """Registering moves the desired count into the bounds, before the caller hears of it."""
    register(autoscaling, MinCapacity=low, MaxCapacity=high)

    assert desired == ecs.desired
    assert len(ecs.updates) == (desired != 2)


def test_new_bounds_count_at_once(autoscaling: Any, ecs: FakeEcs) -> None:
    """Registering again with one bound keeps the other."""
    register(autoscaling, MinCapacity=1, MaxCapacity=6)
    register(autoscaling, MinCapacity=5)

    assert 5 == ecs.desired

    target = autoscaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"][0]
    assert (5, 6) == (target["MinCapacity"], target["MaxCapacity"])


@pytest.mark.parametrize("resource", ["service/main/none", "service/nowhere/home"])
def test_a_service_that_is_not_there(autoscaling: Any, resource: str) -> None:
    """A target of a service that our ECS does not have is refused."""
    with pytest.raises(ClientError) as refused:
        autoscaling.register_scalable_target(
            ServiceNamespace="ecs", ResourceId=resource, ScalableDimension=DIMENSION, MinCapacity=1, MaxCapacity=2
        )

    assert "ValidationException" == refused.value.response["Error"]["Code"]


def test_policies_go_with_their_target(autoscaling: Any) -> None:
    """Deregistering a target deletes its policies, and leaves those of others."""
    other = HOME | {"ResourceId": "service/main/other"}
    metric = {"PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"}}
    target = {"TargetTrackingScalingPolicyConfiguration": {"TargetValue": 50.0, **metric}}
    register(autoscaling, MinCapacity=1, MaxCapacity=6)
    for about, name in ((HOME, "cpu"), (HOME, "memory"), (other, "cpu")):
        autoscaling.put_scaling_policy(**about, PolicyName=name, PolicyType="TargetTrackingScaling", **target)
    assert 3 == len(policies(autoscaling))

    autoscaling.deregister_scalable_target(**HOME)
    assert ["service/main/other cpu"] == policies(autoscaling)
