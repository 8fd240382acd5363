"""Where the routes of subnets lead, over moto: in the network of the template, and in ones made by hand."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws

from chalicelib.aws.ec2 import Ec2
from chalicelib.manifest import Network
from chalicelib.preflight import Ways
from localcloud.account_network import AccountNetwork


@pytest.fixture(autouse=True)
def aws() -> Iterator[None]:
    """Lend an AWS in this process."""
    with mock_aws():
        yield


def client(service: str) -> Any:
    """Return a client of it."""
    return boto3.client(service, region_name="us-east-1")  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("egress", "private"),
    [
        ("nat", Ways("out")),
        ("endpoints", Ways(endpoints=frozenset({"ecr.api", "ecr.dkr", "logs", "s3", "secretsmanager"}))),
    ],
)
def test_network_of_the_template(egress: str, private: Ways) -> None:
    """In either form of infrastructure/network.yaml private subnets lead to what their tasks need."""
    AccountNetwork(client, egress).make()
    ec2 = Ec2(client("ec2"))
    found = ec2.find(Network(vpc="slipway", subnets=("public", "private")))
    ways = ec2.ways(found.vpcs[0], [each for ids in found.subnets.values() for each in ids])

    expected = {"public": replace(private, default_route="internet", endpoints=private.endpoints - {"s3"})}
    assert {each: [expected.get(each, private)] * 2 for each in ("public", "private")} == {
        name: [ways[each] for each in ids] for name, ids in found.subnets.items()
    }


def test_a_table_of_no_subnets() -> None:
    """A subnet without a route table of its own has the VPC's main one; a route to what is gone leads nowhere."""
    ec2 = client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.20.0/24")["Subnet"]["SubnetId"]
    assert {subnet: Ways()} == Ec2(ec2).ways(vpc, [subnet])
    main = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"][0]
    peer = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    peering = ec2.create_vpc_peering_connection(VpcId=vpc, PeerVpcId=peer)["VpcPeeringConnection"]
    ec2.create_route(
        RouteTableId=main["RouteTableId"],
        DestinationCidrBlock="10.9.0.0/16",
        VpcPeeringConnectionId=peering["VpcPeeringConnectionId"],
    )
    assert {subnet: Ways(elsewhere=True)} == Ec2(ec2).ways(vpc, [subnet])


def test_a_black_hole() -> None:
    """A route to a NAT gateway that is gone leads nowhere."""
    ec2 = client("ec2")
    route = {"DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": "nat-1", "State": "blackhole"}
    table = {"RouteTableId": "rtb-1", "Routes": [route], "Associations": [{"SubnetId": "subnet-1"}]}
    with Stubber(ec2) as stub:
        stub.add_response("describe_route_tables", {"RouteTables": [table]})
        stub.add_response("describe_vpc_endpoints", {"VpcEndpoints": []})
        assert {"subnet-1": Ways()} == Ec2(ec2).ways("vpc-1", ["subnet-1", "subnet-2"])
