"""What a VPC asks of whoever remembers EC2's networks: small values, and the few questions."""

from dataclasses import dataclass
from typing import Protocol

from localcloud.network.security_groups import Permission


@dataclass(frozen=True)
class Interface:
    """Where a load balancer lives: a subnet, and its security groups."""

    subnet_id: str
    security_groups: tuple[str, ...]


class Memory(Protocol):
    """Remembers subnets, security groups and load balancers. Every question may come from any thread."""

    def subnet_cidr(self, subnet_id: str) -> str | None:
        """Return a subnet's CIDR block, or None when there is no such subnet."""

    def default_group(self, subnet_id: str) -> str:
        """Return the id of the default security group of a subnet's VPC."""

    def ingress(self, group_id: str) -> tuple[Permission, ...]:
        """Return a security group's ingress rules; none for an unknown group."""

    def load_balancer(self, name: str) -> Interface | None:
        """Return where a load balancer lives, or None when there is none of that name."""
