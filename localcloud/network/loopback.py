"""The network that needs nothing: each task has an address of its own in 127.0.0.0/8.

A process lives at its address by the shim on its PYTHONPATH (`shim/sitecustomize.py`), so only Python programs can,
and only one container to a task. Linux answers on all of 127.0.0.0/8; elsewhere each address must be an alias of the
loopback interface.
"""

import errno
import socket
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from localcloud.faults import AwsFault
from localcloud.network.host_files import host_name

T = TypeVar("T")

SHIM = Path(__file__).parent / "shim"
CLAIM_PORT = 4999
"""Whoever holds this port on 127.N.0.1 owns 127.N.0.0/16."""
SHELLS = frozenset({"sh", "bash", "dash"})
FIRST_HOST, LAST_HOST = 2, 128 * 256 - 1
LOCALHOST_OFFSET = 128
"""A task at 127.N.a.b has its localhost, which no other one knows, at 127.N.(a + 128).b."""


class Loopback:
    """A /16 of the loopback network, reserved for this process until `close`.

    `dns_address` answers the names of our namespaces. Raises OSError when no /16 is free.
    """

    def __init__(self, *, dns_address: tuple[str, int]) -> None:
        self._dns = "{}:{}".format(*dns_address)
        self._claim, self._prefix = claim()
        self._lock = threading.Lock()
        self._used: set[str] = set()
        self._next_host = FIRST_HOST

    @property
    def gateway(self) -> str:
        """Return the first address of the range, which is never a task's."""
        return f"{self._prefix}.0.1"

    @property
    def balancers(self) -> Mapping[str, str]:
        """Return no addresses: load balancers have none of their own here."""
        return {}

    def place_balancers(self, names: Iterable[str]) -> None:
        """Do nothing: they are everywhere."""

    def call(self, work: Callable[[], T]) -> T:
        """Return what `work` returns: this machine is the network."""
        return work()

    def attach(self, subnet_id: str, security_groups: Sequence[str]) -> str:  # noqa: ARG002  (here all reach all)
        """Return an address that was not in use for as long as possible. Raises AwsFault when none is free."""
        with self._lock:
            for _ in range(LAST_HOST):
                host = self._next_host
                self._next_host = host + 1 if host < LAST_HOST else FIRST_HOST
                ip = f"{self._prefix}.{host // 256}.{host % 256}"
                if ip not in self._used:
                    self._used.add(ip)
                    return ip
        raise AwsFault("InsufficientFreeAddressesInSubnet", f"Every address of {self._prefix}.0.0/16 is in use.")

    def detach(self, ip: str) -> None:
        """Give the address back."""
        with self._lock:
            self._used.discard(ip)

    def public_address(self, ip: str, ports: Sequence[int]) -> str:  # noqa: ARG002  (all of them are)
        """Return the task's own address, which this machine reaches."""
        return ip

    def inside(self, ip: str, work: Callable[[], T]) -> T:  # noqa: ARG002  (processes find their address themselves)
        """Return what `work` returns."""
        return work()

    def environment(self, ip: str) -> dict[str, str]:
        """Return what makes a Python process live at `ip`."""
        return {
            "HOSTNAME": host_name(ip),
            "PYTHONPATH": str(SHIM),
            "SLIPWAY_TASK_IP": ip,
            "SLIPWAY_TASK_LOCALHOST": localhost_of(ip),
            "SLIPWAY_DNS": self._dns,
        }

    def refuses(self, task_definition: dict[str, Any]) -> str | None:
        """Return why a task definition cannot run here: its containers would not share one localhost."""
        count = len(task_definition["containerDefinitions"])
        if count == 1:
            return None
        return (
            f"The loopback network runs one container to a task, and {task_definition['family']} has {count}: "
            "they share a localhost only in the network `vpc`."
        )

    def refuses_program(self, words: Sequence[str], interpreter: Path, ip: str) -> str | None:
        """Return why a command line cannot run here: no shim makes other languages live at the task's address.

        Python, its scripts, and shells (which may start Python) can; so can whatever is told the address as `{ip}`.
        """
        program = Path(words[0]).name
        its_script = (interpreter.parent / program).exists()
        if program.startswith("python") or program in SHELLS or its_script or any(ip in word for word in words):
            return None
        return (
            f"The loopback network runs Python services, and {program} is none: give it its address as {{ip}} in the "
            "command, or run it in the network `vpc`."
        )

    def close(self) -> None:
        """Give the range back."""
        self._claim.close()


def localhost_of(ip: str) -> str:
    """Return the address that stands for localhost in the task at `ip`."""
    first, second, third, fourth = ip.split(".")
    return f"{first}.{second}.{int(third) + LOCALHOST_OFFSET}.{fourth}"


def claim() -> tuple[socket.socket, str]:
    """Return a /16 of 127.0.0.0/8 as its first two numbers, and the socket that keeps it. Raises OSError."""
    for number in range(1, 255):
        holder = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            holder.bind((f"127.{number}.0.1", CLAIM_PORT))
        except OSError as error:
            holder.close()
            if error.errno == errno.EADDRINUSE:
                continue
            raise OSError(
                error.errno, f"127.{number}.0.1 cannot be bound ({error.strerror}): the loopback network needs Linux."
            ) from error
        return holder, f"127.{number}"
    raise OSError(errno.EADDRNOTAVAIL, f"127.1.0.1 to 127.254.0.1 are all taken (port {CLAIM_PORT}): stop one.")
