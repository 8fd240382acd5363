"""How a task's machine shows its security groups: each has a bit in its MAC address.

So the rules of those that let a group in stay as they are when one of its members comes or goes.
"""

from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address
from types import MappingProxyType

LOCALLY_ADMINISTERED = 0x02 << 40
"""https://standards.ieee.org/wp-content/uploads/import/documents/tutorials/eui.pdf: an address that nobody has sold."""
HOST_BITS, GROUPS = 16, 24
"""The last two bytes are the IP address's own, as no two machines may have one MAC; the other three are for groups."""


class Badges:
    """Gives each security group its bit when it is first heard of; the 25th and all after it have none."""

    def __init__(self) -> None:
        self._masks: dict[str, str] = {}

    @property
    def masks(self) -> Mapping[str, str]:
        """Return the bit of each group that has one, as a MAC address."""
        return MappingProxyType(self._masks)

    def mac(self, ip: str, groups: Iterable[str]) -> str:
        """Return the MAC address of a machine in these groups."""
        shown = [int(mask.replace(":", ""), 16) for group in groups if (mask := self._mask(group))]
        return _written(LOCALLY_ADMINISTERED | sum(set(shown)) | int(IPv4Address(ip)) & (1 << HOST_BITS) - 1)

    def _mask(self, group: str) -> str | None:
        if group not in self._masks and len(self._masks) < GROUPS:
            self._masks[group] = _written(1 << HOST_BITS + len(self._masks))
        return self._masks.get(group)


def _written(number: int) -> str:
    return number.to_bytes(6).hex(":")
