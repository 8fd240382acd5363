"""Amazon EC2: the ids behind the names of VPCs, subnets and security groups."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from chalicelib.aws.calls import call
from chalicelib.errors import NetworkNotFound
from chalicelib.preflight import Admission, NetworkFound
from chalicelib.specs import Placement

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_ec2.type_defs import IpPermissionOutputTypeDef

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
        answer = call(self._client.describe_vpcs, Filters=[{"Name": filter_name, "Values": [value]}])
        return [vpc["VpcId"] for vpc in answer["Vpcs"]]

    def placement(self, network: Network) -> Placement:
        """Return the ids that a network's names stand for (all subnets of a Name); raises NetworkNotFound."""
        vpc = self.vpc(network.vpc or "")
        subnets = self._ids("subnet", self._subnets, vpc, network.subnets or ())
        groups = self._ids("security group", self._groups, vpc, network.security_groups or ())
        return Placement(subnets, groups, bool(network.assign_public_ip))

    def find(self, network: Network) -> NetworkFound:
        """Return what there is of a network: nothing is refused, everything that is missing can be seen."""
        reference = network.vpc
        vpcs = tuple(self._vpcs("vpc-id" if reference.startswith("vpc-") else "tag:Name", reference))
        if len(vpcs) != 1:
            return NetworkFound(vpcs, {}, {})
        return NetworkFound(
            vpcs,
            {each: tuple(self._subnets(vpcs[0], each)) for each in network.subnets},
            {each: tuple(self._groups(vpcs[0], each)) for each in network.security_groups},
        )

    def dns_attributes_off(self, vpc: str) -> tuple[str, ...]:
        """Return which of a VPC's two DNS attributes are off."""
        support = call(self._client.describe_vpc_attribute, VpcId=vpc, Attribute="enableDnsSupport")
        names = call(self._client.describe_vpc_attribute, VpcId=vpc, Attribute="enableDnsHostnames")
        values = {"enableDnsSupport": support["EnableDnsSupport"], "enableDnsHostnames": names["EnableDnsHostnames"]}
        return tuple(name for name, value in values.items() if not value.get("Value"))

    def admissions(self, groups: Sequence[str]) -> tuple[Admission, ...]:
        """Return whom security groups let in by TCP."""
        found = call(self._client.describe_security_groups, GroupIds=list(groups))["SecurityGroups"]
        rules = (rule for group in found for rule in group.get("IpPermissions", []))
        return tuple(_admission(rule) for rule in rules if rule.get("IpProtocol") in ("tcp", "-1"))

    def _ids(
        self, kind: str, find: Callable[[str, str], list[str]], vpc: str, references: Sequence[str]
    ) -> tuple[str, ...]:
        found = {reference: find(vpc, reference) for reference in references}
        missing = [reference for reference, ids in found.items() if not ids]
        if missing:
            raise NetworkNotFound(f"{vpc} has no {kind} {', '.join(missing)}")
        return tuple(sorted({each for ids in found.values() for each in ids}))

    def _subnets(self, vpc: str, reference: str) -> list[str]:
        name = "subnet-id" if reference.startswith("subnet-") else "tag:Name"
        answer = call(self._client.describe_subnets, Filters=_filters(vpc, name, reference))
        return [subnet["SubnetId"] for subnet in answer["Subnets"]]

    def _groups(self, vpc: str, reference: str) -> list[str]:
        """Find security groups by id, by Name tag, or, as `default` is found, by group name."""
        for name in ("group-id",) if reference.startswith("sg-") else ("tag:Name", "group-name"):
            answer = call(self._client.describe_security_groups, Filters=_filters(vpc, name, reference))
            if answer["SecurityGroups"]:
                return [group["GroupId"] for group in answer["SecurityGroups"]]
        return []


def _admission(rule: IpPermissionOutputTypeDef) -> Admission:
    """Return an inbound rule; one for all protocols has no ports, and means all of them."""
    groups = tuple(each.get("GroupId", "") for each in rule.get("UserIdGroupPairs", []))
    addresses = any(rule.get(kind) for kind in ("IpRanges", "Ipv6Ranges", "PrefixListIds"))
    return Admission(rule.get("FromPort", 0), rule.get("ToPort", 65535), groups, addresses)


def _filters(vpc: str, name: str, value: str) -> list[Any]:
    return [{"Name": "vpc-id", "Values": [vpc]}, {"Name": name, "Values": [value]}]
