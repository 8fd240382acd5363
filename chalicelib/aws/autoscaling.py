"""Application Auto Scaling: the scalable target of a service, and the policies by which it is scaled.

A policy of ours bears a name that begins with `slipway-`; what others set beside them is left alone.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-autoscaling-targettracking.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chalicelib.aws.calls import batched, call, listed
from chalicelib.errors import AwsRefused
from chalicelib.manifest import Scaling

OURS = "slipway-"
DIMENSION = "ecs:service:DesiredCount"
DESCRIBED_AT_ONCE = 50  # ResourceIds of one DescribeScalableTargets, API reference
# What is not there to be removed, where that comes under another code than its own.
NOT_THERE = ("No scalable target", "No scaling policy")


@dataclass(frozen=True)
class Policy:
    """A target tracking policy: a predefined metric, held at a value; `resource_label` names what it is measured of."""

    metric: str
    value: float
    resource_label: str | None = None


@dataclass(frozen=True)
class Scaled:
    """How a service is scaled: from `least` to `most` tasks, by our policies, each under its name."""

    least: int
    most: int
    policies: Mapping[str, Policy]


class AutoScaling:
    """The scalable targets of an account and region."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def find(self, cluster: str, service: str) -> Scaled | None:
        """Return how a service is scaled now; None when nothing scales it."""
        return self.scaled(cluster, [service]).get(service)

    def scaled(self, cluster: str, services: Sequence[str]) -> dict[str, Scaled]:
        """Return how services are scaled now; those that nothing scales are left out."""
        about = {_about(cluster, name)["ResourceId"]: name for name in services}
        targets = [
            each
            for batch in batched(list(about), DESCRIBED_AT_ONCE)
            for each in call(
                self._client.describe_scalable_targets,
                ServiceNamespace="ecs",
                ResourceIds=batch,
                ScalableDimension=DIMENSION,
            )["ScalableTargets"]
        ]
        return {name: self._scaled(cluster, name, each) for each in targets if (name := about[each["ResourceId"]])}

    def _scaled(self, cluster: str, service: str, target: Mapping[str, Any]) -> Scaled:
        policies = listed(self._client, "describe_scaling_policies", "ScalingPolicies", **_about(cluster, service))
        ours = {each["PolicyName"]: _policy(each) for each in policies if each["PolicyName"].startswith(OURS)}
        return Scaled(target["MinCapacity"], target["MaxCapacity"], ours)

    def put(self, cluster: str, service: str, wanted: Scaled, found: Scaled | None, tags: Mapping[str, str]) -> None:
        """Have a service scaled as wanted, sending only what differs from what was found.

        Registering brings the service's desired count between the bounds at once. Tags are given when a target is
        made: of one that is there, they are ignored (API reference, RegisterScalableTarget).
        """
        about = _about(cluster, service)
        if found is None or (found.least, found.most) != (wanted.least, wanted.most):
            bounds: dict[str, Any] = {"MinCapacity": wanted.least, "MaxCapacity": wanted.most}
            new = {} if found else {"Tags": dict(tags)}
            call(self._client.register_scalable_target, **{**about, **bounds, **new})
        there = found.policies if found else {}
        for name, policy in wanted.policies.items():
            if there.get(name) != policy:
                self._put_policy(about, name, policy)
        for name in there.keys() - wanted.policies.keys():
            _gone(self._client.delete_scaling_policy, PolicyName=name, **about)

    def _put_policy(self, about: Mapping[str, str], name: str, policy: Policy) -> None:
        call(
            self._client.put_scaling_policy,
            PolicyName=name,
            PolicyType="TargetTrackingScaling",
            TargetTrackingScalingPolicyConfiguration=_configuration(policy),
            **about,
        )

    def remove(self, cluster: str, service: str) -> None:
        """Deregister the scalable target of a service, and so delete all of its policies; it may be gone already."""
        _gone(self._client.deregister_scalable_target, **_about(cluster, service))


def _gone(method: Callable[..., Any], **which: str) -> None:
    """Make a call that removes; what is not there is gone: AWS deletes policies with their target."""
    try:
        call(method, **which)
    except AwsRefused as refusal:
        absent = refusal.aws_code == "ObjectNotFoundException" or any(text in refusal.message for text in NOT_THERE)
        if not absent:
            raise


def scaled_as(scaling: Scaling, resource_label: str | None) -> Scaled:
    """Return what a manifest's scaling means; `resource_label` is that of requests_per_target."""
    policies = {
        "cpu": (scaling.cpu, "ECSServiceAverageCPUUtilization", None),
        "memory": (scaling.memory, "ECSServiceAverageMemoryUtilization", None),
        "requests": (scaling.requests_per_target, "ALBRequestCountPerTarget", resource_label),
    }
    return Scaled(
        scaling.min,
        scaling.max,
        {
            OURS + name: Policy(metric, float(value), label)
            for name, (value, metric, label) in policies.items()
            if value is not None
        },
    )


def resource_label(listener_arn: str, target_group_arn: str) -> str:
    """Return how ALBRequestCountPerTarget names a target group: the last parts of its ARN and its load balancer's.

    https://docs.aws.amazon.com/autoscaling/application/APIReference/API_PredefinedMetricSpecification.html
    """
    load_balancer = "/".join(listener_arn.split("/")[1:4])
    return f"{load_balancer}/{target_group_arn.rpartition(':')[2]}"


def _about(cluster: str, service: str) -> dict[str, str]:
    return {
        "ServiceNamespace": "ecs",
        "ResourceId": f"service/{cluster}/{service}",
        "ScalableDimension": DIMENSION,
    }


def _configuration(policy: Policy) -> dict[str, Any]:
    label = {"ResourceLabel": policy.resource_label} if policy.resource_label else {}
    return {
        "TargetValue": policy.value,
        "PredefinedMetricSpecification": {"PredefinedMetricType": policy.metric, **label},
    }


def _policy(policy: Mapping[str, Any]) -> Policy:
    """Return what we set in a policy; AWS adds its defaults to it."""
    configuration = policy.get("TargetTrackingScalingPolicyConfiguration", {})
    metric = configuration.get("PredefinedMetricSpecification", {})
    return Policy(
        metric.get("PredefinedMetricType", ""), configuration.get("TargetValue", 0.0), metric.get("ResourceLabel")
    )
