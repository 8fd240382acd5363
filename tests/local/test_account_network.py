"""The network that the local account has from the start: the one of infrastructure/network.yaml, and the samples'."""

from typing import Any

import pytest
import yaml

from localcloud.settings import LOAD_BALANCERS
from tests.local.local_cloud import ROOT, LocalCloud

SAMPLES = ROOT / "sample_services"


@pytest.fixture(scope="module")
def vpc_id(cloud: LocalCloud) -> str:
    """Return the id of the VPC `slipway`."""
    [found] = cloud.client("ec2").describe_vpcs(Filters=[{"Name": "tag:Name", "Values": ["slipway"]}])["Vpcs"]
    return str(found["VpcId"])


def in_vpc(vpc_id: str) -> list[dict[str, Any]]:
    """Return the filter for what is in a VPC."""
    return [{"Name": "vpc-id", "Values": [vpc_id]}]


def named(resource: dict[str, Any]) -> str:
    """Return a resource's Name tag."""
    return next((tag["Value"] for tag in resource.get("Tags", ()) if tag["Key"] == "Name"), "")


def test_names_can_resolve(cloud: LocalCloud, vpc_id: str) -> None:
    """Both DNS attributes of the VPC are on, without which no name of Cloud Map resolves."""
    ec2 = cloud.client("ec2")

    assert ec2.describe_vpc_attribute(VpcId=vpc_id, Attribute="enableDnsSupport")["EnableDnsSupport"]["Value"]
    assert ec2.describe_vpc_attribute(VpcId=vpc_id, Attribute="enableDnsHostnames")["EnableDnsHostnames"]["Value"]


def test_two_zones_have_a_public_and_a_private_subnet(cloud: LocalCloud, vpc_id: str) -> None:
    """Public subnets have a route to the internet, private ones to a NAT gateway."""
    ec2 = cloud.client("ec2")
    subnets = ec2.describe_subnets(Filters=in_vpc(vpc_id))["Subnets"]
    tables = ec2.describe_route_tables(Filters=in_vpc(vpc_id))["RouteTables"]
    ways = {
        each.get("SubnetId"): {(route.get("GatewayId") or route["NatGatewayId"])[:4] for route in table["Routes"]}
        - {"loca"}
        for table in tables
        for each in table["Associations"]
    }

    assert {
        ("public", "us-east-1a"),
        ("public", "us-east-1b"),
        ("private", "us-east-1a"),
        ("private", "us-east-1b"),
    } == {(named(subnet), subnet["AvailabilityZone"]) for subnet in subnets}
    expected = {"public": {"igw-"}, "private": {"nat-"}}
    assert {each["SubnetId"]: expected[named(each)] for each in subnets} == {
        each["SubnetId"]: ways[each["SubnetId"]] for each in subnets
    }


def test_the_load_balancers_are_alike(cloud: LocalCloud) -> None:
    """Each load balancer has the group `alb`, and a listener on port 80 that answers 404."""
    elbv2 = cloud.client("elbv2")
    balancers = elbv2.describe_load_balancers()["LoadBalancers"]
    listeners = [elbv2.describe_listeners(LoadBalancerArn=each["LoadBalancerArn"])["Listeners"] for each in balancers]

    assert sorted(LOAD_BALANCERS) == sorted(each["LoadBalancerName"] for each in balancers)
    assert 1 == len({tuple(each["SecurityGroups"]) for each in balancers})
    assert {(80, "404")} == {
        (each["Port"], each["DefaultActions"][0]["FixedResponseConfig"]["StatusCode"]) for [each] in listeners
    }


def test_the_default_group_admits_itself_and_the_load_balancers(cloud: LocalCloud, vpc_id: str) -> None:
    """A task that names no group is reached by its like and by the load balancers."""
    groups = cloud.client("ec2").describe_security_groups(Filters=in_vpc(vpc_id))["SecurityGroups"]
    [default] = [each for each in groups if each["GroupName"] == "default"]
    [alb] = [each for each in groups if named(each) == "alb"]
    admitted = {pair["GroupId"] for rule in default["IpPermissions"] for pair in rule["UserIdGroupPairs"]}

    assert {default["GroupId"], alb["GroupId"]} == admitted


def test_every_group_that_a_sample_names_is_there(cloud: LocalCloud, vpc_id: str) -> None:
    """Manifests of the samples name security groups that the account has."""
    groups = cloud.client("ec2").describe_security_groups(Filters=in_vpc(vpc_id))["SecurityGroups"]
    manifests = [yaml.safe_load(path.read_text()) for path in SAMPLES.glob("*/*.yaml")]
    networks = [part.get("network", {}) for each in manifests for part in (each, *each["services"].values())]
    asked = {name for network in networks for name in network.get("security_groups", ())}

    assert asked
    assert set() == asked - {named(each) or each["GroupName"] for each in groups}
