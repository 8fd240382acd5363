"""Security groups as nftables rules: pure functions on values.

What a group means: https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

TABLE = "table inet security_groups"
ANY = "-1"
NOBODY: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Permission:
    """One ingress rule: a protocol, a range of ports, and who may come: one CIDR block or one group's members.

    `protocol` is tcp, udp, icmp, a number, or -1 for all of them; the ports of tcp and udp are both given.
    """

    protocol: str
    first_port: int | None = None
    last_port: int | None = None
    cidr: str | None = None
    group: str | None = None


def ruleset(
    permissions: Iterable[Permission], members: Mapping[str, Iterable[str]], badges: Mapping[str, str] = NOBODY
) -> str:
    """Return what `nft -f` makes of a task's permissions.

    `badges` are the bits of groups in the MAC addresses of their members; `members` those members' IP addresses that
    show none.

    The table is replaced in one transaction: at no moment is a packet judged by half of the rules, and connections
    that were let in stay (https://wiki.nftables.org/wiki-nftables/index.php/Atomic_rule_replacement).
    """
    accepted = sorted({line for each in permissions for line in _accepts(each, members, badges)})
    rules = ["iif lo accept", "ct state established,related accept", *accepted]
    lines = "\n".join(f"    {rule}" for rule in rules)
    chain = f"  chain ingress {{\n    type filter hook input priority 0; policy drop;\n{lines}\n  }}"
    return f"{TABLE} {{ }}\ndelete {TABLE}\n{TABLE} {{\n{chain}\n}}\n"


def _accepts(permission: Permission, members: Mapping[str, Iterable[str]], badges: Mapping[str, str]) -> Iterator[str]:
    group = permission.group or ""
    if sources := [permission.cidr] if permission.cidr else sorted(members.get(group, ())):
        yield f"ip saddr {{ {', '.join(sources)} }}{_what(permission)} accept"
    if badge := badges.get(group):
        yield f"ether saddr & {badge} == {badge}{_what(permission)} accept"


def _what(permission: Permission) -> str:
    if permission.protocol == ANY:
        return ""
    if permission.protocol in ("tcp", "udp"):
        return f" {permission.protocol} dport {permission.first_port}-{permission.last_port}"
    return f" meta l4proto {permission.protocol}"
