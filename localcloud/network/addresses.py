"""Which addresses of which subnet are in use."""

import threading
from collections import defaultdict
from ipaddress import IPv4Network

from localcloud.faults import AwsFault

FIRST_HOST = 4
"""https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html: AWS keeps the first four, and the last."""


class Addresses:
    """Gives addresses out, each again as late as possible. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._used: set[str] = set()
        self._next: defaultdict[str, int] = defaultdict(int)

    def take(self, cidr: str) -> str:
        """Return a free address of a subnet. Raises AwsFault InsufficientFreeAddressesInSubnet."""
        subnet = IPv4Network(cidr)
        usable = subnet.num_addresses - FIRST_HOST - 1
        with self._lock:
            for _ in range(usable):
                host = FIRST_HOST + self._next[cidr] % usable
                self._next[cidr] += 1
                ip = str(subnet[host])
                if ip not in self._used:
                    self._used.add(ip)
                    return ip
        raise AwsFault("InsufficientFreeAddressesInSubnet", f"Every address of {cidr} is in use.")

    def give_back(self, ip: str) -> None:
        """Take an address back."""
        with self._lock:
            self._used.discard(ip)
