"""Amazon EC2: the ids behind the names of VPCs, subnets and security groups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from chalicelib.aws.calls import call, listed, tags_of
from chalicelib.errors import NetworkNotFound
from chalicelib.preflight import Admission, NetworkFound, Ways

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_ec2.type_defs import (
        IpPermissionOutputTypeDef,
        RouteTableTypeDef,
        SecurityGroupTypeDef,
        SubnetTypeDef,
        VpcEndpointTypeDef,
    )

    from chalicelib.manifest import Network


class Ec2:
    """The networks of an account and region."""

    def __init__(self, client: EC2Client) -> None:
        self._client = client

    def vpc(self, reference: str) -> str:
        """Return the id of the VPC that an id or a Name tag names; raises NetworkNotFound."""
        found = self._vpcs("vpc-id" if reference.startswith("vpc-") else "tag:Name", reference)
        if len(found) != 1:
            raise NetworkNotFound(f"{len(found) or 'no'} VPCs are named {reference}: write the id of one")
        return found[0]

    def _vpcs(self, filter_name: str, value: str) -> list[str]:
        only = [{"Name": filter_name, "Values": [value]}]
        return [vpc["VpcId"] for vpc in listed(self._client, "describe_vpcs", "Vpcs", Filters=only)]

    def vpc_of(self, subnet: str) -> str:
        """Return the id of the VPC that a subnet, by its id, is in; raises NetworkNotFound."""
        only = [{"Name": "subnet-id", "Values": [subnet]}]
        found: list[SubnetTypeDef] = listed(self._client, "describe_subnets", "Subnets", Filters=only)
        if not found:
            raise NetworkNotFound(f"there is no subnet {subnet}")
        return found[0]["VpcId"]

    def find(self, network: Network) -> NetworkFound:
        """Return what there is of a network: nothing is refused, everything that is missing can be seen."""
        reference = network.vpc
        vpcs = tuple(self._vpcs("vpc-id" if reference.startswith("vpc-") else "tag:Name", reference))
        if len(vpcs) != 1:
            return NetworkFound(vpcs, {}, {})
        groups = self._groups(vpcs[0], network.security_groups) if network.security_groups else []
        named = {each: _meant(each, groups) for each in network.security_groups}
        meant = {each for ids in named.values() for each in ids}
        return NetworkFound(
            vpcs,
            {each: tuple(self._subnets(vpcs[0], each)) for each in network.subnets},
            named,
            {group["GroupId"]: _admissions(group) for group in groups if group["GroupId"] in meant},
        )

    def dns_attributes_off(self, vpc: str) -> tuple[str, ...]:
        """Return which of a VPC's two DNS attributes are off."""
        support = call(self._client.describe_vpc_attribute, VpcId=vpc, Attribute="enableDnsSupport")
        names = call(self._client.describe_vpc_attribute, VpcId=vpc, Attribute="enableDnsHostnames")
        values = {"enableDnsSupport": support["EnableDnsSupport"], "enableDnsHostnames": names["EnableDnsHostnames"]}
        return tuple(name for name, value in values.items() if not value.get("Value"))

    def ways(self, vpc: str, subnets: Sequence[str]) -> dict[str, Ways]:
        """Return where the routes of a VPC's subnets lead; nothing of a subnet whose route table is not seen.

        Endpoints are asked for where some subnet has no way out by itself.
        """
        tables = self._route_tables(vpc)
        chosen = {subnet: table for subnet in subnets if (table := _table_of(subnet, tables))}
        if all(_ways(table, ()).default_route == "out" for table in chosen.values()):  # nobody needs an endpoint then
            return {subnet: _ways(table, ()) for subnet, table in chosen.items()}
        endpoints = [each for each in self._endpoints(vpc) if each.get("State", "").lower() == "available"]
        return {subnet: _ways(table, endpoints) for subnet, table in chosen.items()}

    def _route_tables(self, vpc: str) -> list[RouteTableTypeDef]:
        return listed(self._client, "describe_route_tables", "RouteTables", Filters=_of_vpc(vpc))

    def _endpoints(self, vpc: str) -> list[VpcEndpointTypeDef]:
        return listed(self._client, "describe_vpc_endpoints", "VpcEndpoints", Filters=_of_vpc(vpc))

    def _subnets(self, vpc: str, reference: str) -> list[str]:
        name = "subnet-id" if reference.startswith("subnet-") else "tag:Name"
        found = listed(self._client, "describe_subnets", "Subnets", Filters=_filters(vpc, name, reference))
        return [subnet["SubnetId"] for subnet in found]

    def _groups(self, vpc: str, references: Sequence[str]) -> list[SecurityGroupTypeDef]:
        """Return the security groups of a VPC among which those are that are named, all of them unless by ids alone."""
        by_id = all(each.startswith("sg-") for each in references)
        only = [*_of_vpc(vpc), *([{"Name": "group-id", "Values": list(references)}] if by_id else [])]
        return listed(self._client, "describe_security_groups", "SecurityGroups", Filters=only)


def _meant(reference: str, groups: Sequence[SecurityGroupTypeDef]) -> tuple[str, ...]:
    """Return the ids of the groups that are named by id, by Name tag, or, as `default` is found, by group name."""
    by_tag = [each for each in groups if tags_of(each.get("Tags", [])).get("Name") == reference]
    by_name = [each for each in groups if reference in (each.get("GroupName"), each["GroupId"])]
    return tuple(each["GroupId"] for each in by_tag or by_name)


def _admissions(group: SecurityGroupTypeDef) -> tuple[Admission, ...]:
    """Return whom a security group lets in by TCP."""
    return tuple(_admission(rule) for rule in group.get("IpPermissions", []) if rule.get("IpProtocol") in ("tcp", "-1"))


def _admission(rule: IpPermissionOutputTypeDef) -> Admission:
    """Return an inbound rule; one for all protocols has no ports, and means all of them."""
    groups = tuple(each.get("GroupId", "") for each in rule.get("UserIdGroupPairs", []))
    addresses = any(rule.get(kind) for kind in ("IpRanges", "Ipv6Ranges", "PrefixListIds"))
    return Admission(rule.get("FromPort", 0), rule.get("ToPort", 65535), groups, addresses)


def _filters(vpc: str, name: str, value: str) -> list[Any]:
    return [*_of_vpc(vpc), {"Name": name, "Values": [value]}]


def _of_vpc(vpc: str) -> list[Any]:
    return [{"Name": "vpc-id", "Values": [vpc]}]


def _table_of(subnet: str, tables: Sequence[RouteTableTypeDef]) -> RouteTableTypeDef | None:
    """Return a subnet's route table: its own, or else the VPC's main one.

    https://docs.aws.amazon.com/vpc/latest/userguide/subnet-route-tables.html
    """
    joined = [(each, table) for table in tables for each in table.get("Associations", [])]
    own = next((table for each, table in joined if each.get("SubnetId") == subnet), None)
    return own or next((table for each, table in joined if each.get("Main")), None)


def _ways(table: RouteTableTypeDef, endpoints: Sequence[VpcEndpointTypeDef]) -> Ways:
    """Return where a table's routes lead; one to what is not there any more is a black hole, and leads nowhere."""
    routes = [each for each in table.get("Routes", []) if each.get("State") != "blackhole"]
    default = next((each for each in routes if each.get("DestinationCidrBlock") == "0.0.0.0/0"), None)
    by_internet_gateway = default is not None and default.get("GatewayId", "").startswith("igw-")
    others = [each for each in routes if each is not default and not _stays(each.get("GatewayId", ""))]
    reached = [each for each in endpoints if each.get("VpcEndpointType") != "Gateway" or _is_in(table, each)]
    return Ways(
        default_route=None if default is None else "internet" if by_internet_gateway else "out",
        elsewhere=bool(others),
        # "com.amazonaws.us-east-1.ecr.api"
        endpoints=frozenset(each.get("ServiceName", "").split(".", 3)[-1] for each in reached),
    )


def _is_in(table: RouteTableTypeDef, endpoint: VpcEndpointTypeDef) -> bool:
    return table.get("RouteTableId") in endpoint.get("RouteTableIds", [])


def _stays(gateway: str) -> bool:
    """Tell whether a route stays in the VPC or ends at an endpoint."""
    return gateway == "local" or gateway.startswith("vpce-")
