"""The network of Linux namespaces: each task is a machine of its own, behind its security groups.

this machine        the API, the AWS endpoint, the load balancers' listeners, DNS for people
  the VPC's host    a bridge; the resolver; the addresses of the load balancers; where visitors come from
    a task's host   eth0 with its address, its localhost and ports, and nftables for its security groups
"""

import socket
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any, TypeVar

from localcloud.faults import AwsFault
from localcloud.network.addresses import Addresses
from localcloud.network.badges import Badges
from localcloud.network.host_files import NSSWITCH, host_files, host_name
from localcloud.network.memory import Memory
from localcloud.network.namespaces import CommandError, Host
from localcloud.network.relay import Relay
from localcloud.network.security_groups import ruleset

T = TypeVar("T")

BLOCK = IPv4Network("10.0.0.0/16")
"""The VPC's addresses, as in infrastructure/network.yaml."""
ROUTER, RESOLVER = str(BLOCK[1]), str(BLOCK[2])
"""https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html: the resolver is the block plus two."""
INTERNET = "203.0.113.1"
"""Where those come from who use a public address (RFC 5737: nobody else has it)."""
LOOK_SECONDS = 0.1
NEIGHBOURS = "ntable change name arp_cache dev {} retrans 20 mcast_probes 150\n"
"""Who has this address is asked every 20 ms, not every second, and as long: a new link may lose the first question."""
LINK_SECONDS, ANSWER_SECONDS, CLOSED_PORT = 5.0, 0.05, 1
IP, NFT = ("ip", "-batch", "-"), ("nft", "-f", "-")


@dataclass
class TaskHost:
    """A task's machine; `rules` is the ruleset that its kernel has."""

    host: Host
    security_groups: tuple[str, ...]
    rules: str = field(default="")
    is_plugged_in: bool = False


class Vpc:
    """One VPC, from its making to `close`. Raises OSError or CommandError where the kernel does not let us.

    `balancers` are the addresses of the load balancers by name: it grows with `place_balancers`.
    """

    def __init__(self, memory: Memory) -> None:
        self.balancers: dict[str, str] = {}
        self._memory = memory
        self._addresses = Addresses()
        self._badges = Badges()
        self._tasks: dict[str, TaskHost] = {}
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._host = _router()
        self._relay = Relay(self._host.call, INTERNET)
        self._watch = threading.Thread(target=self._look, name="vpc-security-groups", daemon=True)
        self._watch.start()

    def close(self) -> None:
        """Let go of everything; what processes still run in it are not ended."""
        self._closing.set()
        self._watch.join()
        self._relay.close()
        with self._lock:
            for task in self._tasks.values():
                task.host.close()
            self._tasks.clear()
        self._host.close()

    def call(self, work: Callable[[], T]) -> T:
        """Return what `work` returns; sockets and threads that it makes belong to the VPC's own host."""
        return self._host.call(work)

    def place_balancers(self, names: Iterable[str]) -> None:
        """Give each of these load balancers an address in its subnet."""
        for name in names:
            if place := self._memory.load_balancer(name):
                ip = self._addresses.take(self._memory.subnet_cidr(place.subnet_id) or "")
                self._host.run(IP, f"address add {ip}/{BLOCK.prefixlen} dev vpc\n")
                self.balancers[name] = ip

    def attach(self, subnet_id: str, security_groups: Sequence[str]) -> str:
        """Make a task's machine and return its address. Raises AwsFault when its subnet has none."""
        cidr = self._memory.subnet_cidr(subnet_id)
        if cidr is None or not IPv4Network(cidr).subnet_of(BLOCK):
            raise AwsFault("InvalidSubnetID.NotFound", f"The subnet ID '{subnet_id}' does not exist")
        ip = self._addresses.take(cidr)
        groups = tuple(security_groups) or (self._memory.default_group(subnet_id),)
        try:
            self._plug_in(ip, TaskHost(Host(host_name(ip), host_files(ip, RESOLVER, _nsswitch())), groups))
        except (OSError, CommandError) as error:
            self.detach(ip)
            raise AwsFault("InternalError", f"The machine at {ip} could not be made: {error}") from error
        return ip

    def _plug_in(self, ip: str, task: TaskHost) -> None:
        """Connect a machine to the VPC when everybody's rules are ready for it."""
        with self._lock:
            self._tasks[ip] = task
            mac = self._badges.mac(ip, task.security_groups)
        self._enforce()
        self._host.run(IP, f"link add v{ip} up master vpc type veth peer name eth0 netns {task.host.network}\n")
        task.is_plugged_in = True
        task.host.run(IP, _interface(ip, mac))
        task.host.call(_await_router)

    def detach(self, ip: str) -> None:
        """Unplug a task's machine and give its address back."""
        self._relay.stop(ip)
        with self._lock:
            task = self._tasks.pop(ip, None)
        if task:
            self._unplug(ip, task)
        self._addresses.give_back(ip)

    def _unplug(self, ip: str, task: TaskHost) -> None:
        """Delete the link before the machine: the kernel clears a namespace in its own time, and names meet."""
        if task.is_plugged_in:
            self._host.run(IP, f"link delete v{ip}\n")
        task.host.close()

    def public_address(self, ip: str, ports: Sequence[int]) -> str:
        """Return an address of this machine that leads to the task, as from the internet; raises AwsFault."""
        return self._relay.listen(ip, ports)

    def inside(self, ip: str, work: Callable[[], T]) -> T:
        """Return what `work` returns; processes that it starts live on the task's machine."""
        return self._tasks[ip].host.call(work)

    def environment(self, ip: str) -> dict[str, str]:
        """Return what a container runtime adds to the environment."""
        return {"HOSTNAME": host_name(ip)}

    def refuses(self, task_definition: dict[str, Any]) -> str | None:  # noqa: ARG002
        """Return None: every task definition can run here."""
        return None

    def refuses_program(self, words: Sequence[str], interpreter: Path, ip: str) -> str | None:  # noqa: ARG002
        """Return None: every program can."""
        return None

    def _look(self) -> None:
        """Follow changes of rules, made by anybody who asks EC2."""
        while not self._closing.wait(LOOK_SECONDS):
            self._enforce()

    def _enforce(self) -> None:
        """Give every task's machine the rules that its groups and their members make now."""
        with self._lock:
            members = self._members()
            for task in self._tasks.values():
                permissions = [rule for group in task.security_groups for rule in self._memory.ingress(group)]
                rules = ruleset(permissions, members, self._badges.masks)
                if rules != task.rules:
                    task.host.run(NFT, rules)
                    task.rules = rules

    def _members(self) -> Mapping[str, set[str]]:
        """Return the addresses that are members of groups and do not show it."""
        members: defaultdict[str, set[str]] = defaultdict(set)
        for ip, task in self._tasks.items():
            for group in set(task.security_groups) - set(self._badges.masks):
                members[group].add(ip)
        for name, ip in self.balancers.items():
            place = self._memory.load_balancer(name)
            for group in place.security_groups if place else ():
                members[group].add(ip)
        return members


def _await_router() -> None:
    """Wait until the router answers: the kernel turns a new link on in its own time, and loses what is sent before."""
    until = time.monotonic() + LINK_SECONDS
    while True:
        try:
            socket.create_connection((ROUTER, CLOSED_PORT), ANSWER_SECONDS).close()
        except ConnectionRefusedError:
            return
        except TimeoutError:
            if time.monotonic() > until:
                raise


# A bridge without an address of its own takes the lowest of its ports', so that every task that comes or goes could
# change it under those that know it: they would send into the void, DNS first (kernel documentation, bridge).
ROUTER_MAC = "02:00:0a:00:00:01"


def _router() -> Host:
    """Return the VPC's own host, with the bridge that all machines are plugged into."""
    addresses = [f"{ROUTER}/{BLOCK.prefixlen}", f"{RESOLVER}/{BLOCK.prefixlen}", f"{INTERNET}/32"]
    added = "".join(f"address add {address} dev vpc\n" for address in addresses)
    host = Host("vpc", {})
    bridge = f"link add vpc address {ROUTER_MAC} type bridge\n"
    try:
        host.run(IP, f"link set lo up\n{bridge}{NEIGHBOURS.format('vpc')}{added}link set vpc up\n")
    except CommandError:
        host.close()
        raise
    return host


def _interface(ip: str, mac: str) -> str:
    address = f"link set eth0 address {mac}\naddress add {ip}/{BLOCK.prefixlen} dev eth0\n"
    return f"link set lo up\n{NEIGHBOURS.format('eth0')}{address}link set eth0 up\nroute add {INTERNET}/32 dev eth0\n"


def _nsswitch() -> str:
    return NSSWITCH.read_text() if NSSWITCH.exists() else ""
