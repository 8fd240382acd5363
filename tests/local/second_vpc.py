"""A VPC beside the local account's, in which Slipway has no resolver, and services in it."""

from dataclasses import dataclass
from typing import Any

from tests.local.local_cloud import LocalCloud


@dataclass(frozen=True)
class SecondVpc:
    """The ids of a VPC and of its one subnet."""

    vpc: str
    subnet: str

    @property
    def network(self) -> dict[str, Any]:
        """Return the network of a manifest whose tasks run there."""
        groups = ["default"]
        return {"vpc": self.vpc, "subnets": [self.subnet], "security_groups": groups, "assign_public_ip": True}


def second_vpc(cloud: LocalCloud) -> SecondVpc:
    """Make a VPC with both DNS attributes and a public subnet, whose addresses no other subnet has."""
    ec2 = cloud.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.200.0/24")["Vpc"]["VpcId"]
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.200.0/24")["Subnet"]["SubnetId"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    filters = [{"Name": "vpc-id", "Values": [vpc]}]
    table = ec2.describe_route_tables(Filters=filters)["RouteTables"][0]["RouteTableId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    return SecondVpc(vpc, subnet)


def named(application: str, **changes: Any) -> dict[str, Any]:
    """Return the manifest of `hello` by the name of hello.<application>.internal, behind no load balancer."""
    hello = {"image": "actors-hello:1", "port": 8080, "discovery": {}, **changes}
    return {"application": application, "namespace": f"{application}.internal", "services": {"hello": hello}}
