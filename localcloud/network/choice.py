"""Which network the local cloud has: tried, not guessed.

Run as a module it tries the network `vpc` where it is, and ends with what is in the way.
"""

import os
import shutil
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from localcloud.faults import AwsFault
from localcloud.network.memory import Interface
from localcloud.network.namespaces import CommandError
from localcloud.network.security_groups import Permission
from localcloud.network.vpc import ROUTER, Vpc

SUPERUSER_PATHS = ("/usr/sbin", "/sbin")
PACKAGES = {"ip": "iproute2", "nft": "nftables"}
AS_ROOT_OF_A_USER_NAMESPACE = ("unshare", "--user", "--map-root-user", "--")
WHOLE_MACHINE = ["0", "0", "4294967295"]
TRY_PORT, TRY_SECONDS = 7, 2.0


class NetworkError(Exception):
    """The network that was asked for cannot be had; the message says what is missing and how to get it."""


@dataclass(frozen=True)
class Choice:
    """A network, `vpc` or `loopback`; the words to run the local cloud `through`; and why it is not `vpc`."""

    network: str
    through: tuple[str, ...] = ()
    why: str = ""


def choose(asked: str) -> Choice:
    """Return the network for `auto`, `vpc` or `loopback`. Raises NetworkError when `vpc` is asked for in vain."""
    if asked == "loopback":
        return Choice("loopback")
    choice = _tried()
    if asked == "vpc" and choice.why:
        raise NetworkError(f"the network vpc is not possible here: {choice.why}")
    return choice


def _tried() -> Choice:
    if why := missing():
        return Choice("loopback", why=why)
    if (why := refusal()) is None:
        return Choice("vpc")
    if _has_namespace_of_its_own() or (why := _refusal_as_root_of_a_user_namespace()):
        return Choice("loopback", why=why)
    return Choice("vpc", AS_ROOT_OF_A_USER_NAMESPACE)


def missing() -> str | None:
    """Return what this machine lacks for the network `vpc`, as a sentence; None when it lacks nothing."""
    if not sys.platform.startswith("linux"):
        return f"it is made of Linux namespaces, and this is {sys.platform}."
    _find_tools()
    lacking = [package for tool, package in PACKAGES.items() if not shutil.which(tool)]
    return f"it needs {' and '.join(lacking)}: apt-get install {' '.join(lacking)}." if lacking else None


def refusal() -> str | None:
    """Return why the kernel does not let this process make the network `vpc`, as a sentence; None when it does."""
    try:
        _try_it()
    except (OSError, CommandError, AwsFault) as error:
        return (
            f"namespaces cannot be used ({error}). Run it as root, or allow user namespaces: sysctl -w "
            "kernel.unprivileged_userns_clone=1 kernel.apparmor_restrict_unprivileged_userns=0, those that there are."
        )
    return None


def _find_tools() -> None:
    """Let programs be found where a plain user's PATH does not look."""
    paths = os.environ.get("PATH", os.defpath).split(os.pathsep)
    os.environ["PATH"] = os.pathsep.join([*paths, *(path for path in SUPERUSER_PATHS if path not in paths)])


class _TryMemory:
    """One subnet, and one group that lets the router in at one port."""

    def subnet_cidr(self, subnet_id: str) -> str | None:  # noqa: ARG002
        return "10.0.0.0/24"

    def default_group(self, subnet_id: str) -> str:
        return subnet_id

    def ingress(self, group_id: str) -> tuple[Permission, ...]:  # noqa: ARG002
        return (Permission("tcp", TRY_PORT, TRY_PORT, f"{ROUTER}/32"),)

    def load_balancer(self, name: str) -> Interface | None:  # noqa: ARG002
        return None


def _try_it() -> None:
    """Make a VPC with one machine, and reach a port of it that its security group opens; raise what prevents it."""
    vpc = Vpc(_TryMemory())
    try:
        ip = vpc.attach("subnet", [])
        with vpc.inside(ip, lambda: socket.create_server((ip, TRY_PORT))):
            vpc.call(lambda: socket.create_connection((ip, TRY_PORT), TRY_SECONDS, (ROUTER, 0))).close()
    finally:
        vpc.close()


def _has_namespace_of_its_own() -> bool:
    return Path("/proc/self/uid_map").read_text().split() != WHOLE_MACHINE


def _refusal_as_root_of_a_user_namespace() -> str | None:
    tried = [*AS_ROOT_OF_A_USER_NAMESPACE, sys.executable, "-m", __name__]
    try:
        ended = subprocess.run(tried, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return "it needs unshare: apt-get install util-linux."
    return None if ended.returncode == 0 else ended.stderr.strip()


if __name__ == "__main__":
    sys.exit(missing() or refusal())
