"""The VPC's memory over moto's EC2 and elbv2 backends, read in process."""

from typing import Any

from moto.ec2.models import ec2_backends
from moto.elbv2.models import elbv2_backends

from localcloud.network.memory import Interface
from localcloud.network.security_groups import Permission


class MotoMemory:
    """moto's EC2 and elbv2, read in process at each question."""

    def __init__(self, account: str = "000000000000", region: str = "us-east-1") -> None:
        self._ec2 = ec2_backends[account][region]
        self._elbv2 = elbv2_backends[account][region]

    def subnet_cidr(self, subnet_id: str) -> str | None:
        """Return a subnet's CIDR block, or None when there is no such subnet."""
        subnet = self._subnet(subnet_id)
        return str(subnet.cidr_block) if subnet else None

    def default_group(self, subnet_id: str) -> str:
        """Return the id of the default security group of a subnet's VPC."""
        group: Any = self._ec2.get_security_group_from_name("default", vpc_id=self._subnet(subnet_id).vpc_id)
        return str(group.id)

    def ingress(self, group_id: str) -> tuple[Permission, ...]:
        """Return a security group's ingress rules; those for IPv6 and prefix lists have nobody here to let in."""
        # Requests change moto's dicts and lists in other threads: copy before iterating.
        found = (groups[group_id] for groups in list(self._ec2.groups.values()) if group_id in groups)
        group = next(found, None)
        rules = [_permission(rule) for rule in list(group.ingress_rules)] if group else []
        return tuple(rule for rule in rules if rule.cidr or rule.group)

    def load_balancer(self, name: str) -> Interface | None:
        """Return where a load balancer lives: the first of its subnets, and its groups or the VPC's default."""
        for balancer in list(self._elbv2.load_balancers.values()):
            if balancer.name == name:
                subnet_id = balancer.subnets[0].id
                groups = balancer.security_groups or [self.default_group(subnet_id)]
                return Interface(subnet_id, tuple(groups))
        return None

    def _subnet(self, subnet_id: str) -> Any:
        for in_zone in list(self._ec2.subnets.values()):
            if subnet_id in in_zone:
                return in_zone[subnet_id]
        return None


def _permission(rule: Any) -> Permission:
    return Permission(rule.ip_protocol, rule.from_port, rule.to_port, rule.cidr_ipv4, rule.source_group.get("GroupId"))
