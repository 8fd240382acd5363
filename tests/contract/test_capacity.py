"""What a cluster has room for, over botocore's stubs."""

from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from chalicelib.aws.clusters import Clusters
from chalicelib.preflight import Capacity, Room

ECS: Any = boto3.client("ecs", region_name="us-east-1")
ARN = "arn:aws:ecs:us-east-1:000000000000:container-instance/shop/1"


def _group(status: str) -> dict[str, Any]:
    """Return a capacity provider of an Auto Scaling group."""
    group = {"autoScalingGroupArn": "arn", "managedScaling": {"status": status}}
    return {"name": "own", "autoScalingGroupProvider": group}


@pytest.mark.parametrize(
    ("provider", "scales"),
    [
        (_group("ENABLED"), True),
        (_group("DISABLED"), False),
        ({"name": "own", "managedInstancesProvider": {"infrastructureRoleArn": "arn"}}, True),
    ],
)
def test_capacity(provider: dict[str, Any], scales: bool) -> None:
    """Each ACTIVE instance has its remaining CPU and memory; a provider of the cluster's that adds some is told."""
    left = [
        {"name": "CPU", "type": "INTEGER", "integerValue": 512},
        {"name": "MEMORY", "type": "INTEGER", "integerValue": 1024},
        {"name": "PORTS", "type": "STRINGSET", "stringSetValue": ["22"]},
    ]
    providers = [{"name": "FARGATE"}, provider]
    with Stubber(ECS) as stub:
        asked = {"cluster": "shop", "status": "ACTIVE"}
        stub.add_response("list_container_instances", {"containerInstanceArns": [ARN]}, asked)
        stub.add_response("describe_container_instances", {"containerInstances": [{"remainingResources": left}]})
        stub.add_response("describe_clusters", {"clusters": [{"capacityProviders": ["FARGATE", "own"]}]})
        named = {"capacityProviders": ["FARGATE", "own"]}
        stub.add_response("describe_capacity_providers", {"capacityProviders": providers}, named)
        assert Capacity((Room(512, 1024),), scales) == Clusters(ECS).capacity("shop")


def test_absent_cluster() -> None:
    """A cluster that is not there has no room."""
    with Stubber(ECS) as stub:
        stub.add_client_error("list_container_instances", "ClusterNotFoundException", "Cluster not found.")
        assert Capacity() == Clusters(ECS).capacity("shop")
