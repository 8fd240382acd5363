"""static_app: one task with a public address."""

from typing import Any

import pytest

from tests.local.local_cloud import LocalCloud
from tests.local.samples import deployed, detail, page, tasks


@pytest.fixture(scope="module")
def task(cloud: LocalCloud) -> dict[str, Any]:
    """Deploy, and return the one task."""
    deployed(cloud, "static_app/slipway.yaml")
    [only] = tasks(cloud, "static-app", "static-app")
    return only


def test_its_page_is_at_its_public_address(cloud: LocalCloud, task: dict[str, Any]) -> None:
    """The page is served at the address that EC2 tells for the task's network interface, without a load balancer."""
    interface = detail(task, "networkInterfaceId")
    described = cloud.client("ec2").describe_network_interfaces(NetworkInterfaceIds=[interface])
    public = described["NetworkInterfaces"][0]["Association"]["PublicIp"]

    assert "<h1>Hello from Fargate</h1>" in page(f"http://{public}:8080/")


def test_it_lives_in_a_public_subnet(cloud: LocalCloud, task: dict[str, Any]) -> None:
    """The task's subnet is one of those named `public`."""
    subnets = cloud.client("ec2").describe_subnets(Filters=[{"Name": "tag:Name", "Values": ["public"]}])["Subnets"]

    assert detail(task, "subnetId") in {subnet["SubnetId"] for subnet in subnets}


def test_everything_carries_the_tags(cloud: LocalCloud, task: dict[str, Any]) -> None:
    """Cluster, service, task definition and task carry `Environment=Demo`."""
    ecs = cloud.client("ecs")
    service = ecs.describe_services(cluster="static-app", services=["static-app"])["services"][0]
    arns = [task["clusterArn"], service["serviceArn"], task["taskDefinitionArn"], task["taskArn"]]
    tagged = [ecs.list_tags_for_resource(resourceArn=arn)["tags"] for arn in arns]

    assert [True] * 4 == [{"key": "Environment", "value": "Demo"} in tags for tags in tagged]
