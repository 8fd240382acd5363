"""Requests against botocore's model: what a service would refuse is seen here."""

from typing import Any

import pytest

from tests.strict_model import faults

CLUSTER = "CreateCluster"


@pytest.mark.parametrize(
    ("service", "operation", "request_", "expected"),
    [
        ("ecs", CLUSTER, {"clusterName": "shop", "tags": [{"key": "Team", "value": "é 1"}]}, 0),
        ("ecs", CLUSTER, {"clusterName": "shop", "tags": [{"key": "Team", "value": "a;b"}]}, 1),
        ("ecs", CLUSTER, {"clusterName": "shop", "size": 3}, 1),
        ("ecs", "CreateService", {"serviceName": "web", "launchType": "LAMBDA"}, 1),
        ("ecs", "CreateService", {"serviceName": "web", "launchType": "FARGATE"}, 0),
        ("elasticloadbalancing", "CreateTargetGroup", {"Name": "web", "Port": 70_000}, 1),
        ("elasticloadbalancing", "CreateRule", {"Priority": 1, "Conditions": [], "Actions": []}, 1),
        ("states", "StartExecution", {"stateMachineArn": "a" * 300}, 1),
        ("application-autoscaling", "DescribeScalableTargets", {"ServiceNamespace": "ecs", "ResourceIds": ["é😀"]}, 0),
    ],
)
def test_faults(service: str, operation: str, request_: dict[str, Any], expected: int) -> None:
    """Missing and unknown members, enumerations, patterns and bounds are judged."""
    assert expected == len(faults(service, operation, request_))
