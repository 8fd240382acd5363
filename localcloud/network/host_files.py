"""The few files of a machine that say who it is and whom it asks for names: pure functions."""

from collections.abc import Mapping
from pathlib import Path

RESOLV_CONF, HOSTS, NSSWITCH = Path("/etc/resolv.conf"), Path("/etc/hosts"), Path("/etc/nsswitch.conf")


def host_name(ip: str) -> str:
    """Return the name that a task goes by, as on Fargate: `ip-10-0-128-4.ec2.internal`."""
    return f"ip-{ip.replace('.', '-')}.ec2.internal"


def host_files(ip: str, resolver: str, nsswitch: str) -> Mapping[Path, str]:
    """Return the files of the machine at `ip` whose names are answered at `resolver`; `nsswitch` is this machine's."""
    return {
        RESOLV_CONF: f"nameserver {resolver}\n",
        HOSTS: f"127.0.0.1 localhost\n{ip} {host_name(ip)}\n",
        NSSWITCH: dns_only(nsswitch),
    }


def dns_only(nsswitch: str) -> str:
    """Return an nsswitch.conf in which names are looked up in files and DNS, and nowhere else.

    systemd-resolved and Avahi answer for the machine that we are on; Avahi says of any `x.local` that it is not there.
    """
    others = [line for line in nsswitch.splitlines() if not line.startswith("hosts:")]
    return "\n".join(["hosts: files dns", *others]) + "\n"
