"""The network of Linux namespaces by itself: machines, names, security groups, public addresses, and no trace."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from localcloud.clock import Clock
from localcloud.discovery import CloudMap
from localcloud.dns import DnsServer
from localcloud.faults import AwsFault
from localcloud.network.choice import NetworkError, choose, missing, refusal
from localcloud.network.memory import Interface
from localcloud.network.security_groups import Permission
from localcloud.network.vpc import RESOLVER, Vpc
from tests.local.local_cloud import wait_for

FROM_THE_VPC = Permission("tcp", 3000, 3000, "10.0.0.0/16")
REFUSED_SECONDS = 0.3
# One question and no other, resolv.conf(5): where it is not answered, that is not known, which is EAI_AGAIN.
ASKED_ONCE = f"RES_OPTIONS=attempts:1 {sys.executable} -c"
LOOK_UP = """'import socket, sys
try:
    print(socket.gethostbyname(sys.argv[1]))
except socket.gaierror as error:
    print(error.errno == socket.EAI_NONAME)'"""


@dataclass
class HandMemory:
    """EC2's memory as a test writes it: subnets by id, ingress rules by group, load balancers by name."""

    subnets: dict[str, str] = field(default_factory=lambda: {"a": "10.0.0.0/20", "b": "10.0.16.0/20"})
    rules: dict[str, tuple[Permission, ...]] = field(default_factory=dict)
    balancers: dict[str, Interface] = field(default_factory=dict)

    def subnet_cidr(self, subnet_id: str) -> str | None:
        """Return a subnet's block."""
        return self.subnets.get(subnet_id)

    def default_group(self, subnet_id: str) -> str:
        """Return the only default group."""
        assert subnet_id in self.subnets
        return "default"

    def ingress(self, group_id: str) -> tuple[Permission, ...]:
        """Return a group's rules."""
        return self.rules.get(group_id, ())

    def load_balancer(self, name: str) -> Interface | None:
        """Return where a load balancer lives."""
        return self.balancers.get(name)


@pytest.fixture
def memory() -> HandMemory:
    """Return a memory with two subnets and no rules."""
    return HandMemory()


@pytest.fixture
def vpc(memory: HandMemory) -> Iterator[Vpc]:
    """Make a VPC, where that can be done."""
    if why := missing() or refusal():
        pytest.skip(why)
    with closing(Vpc(memory)) as made:
        yield made


def listening(vpc: Vpc, ip: str, port: int = 3000) -> socket.socket:
    """Return a socket that listens on all addresses of a task's machine."""
    return vpc.inside(ip, lambda: socket.create_server(("", port)))


def reaches(call: Callable[[Callable[[], None]], None], ip: str, port: int = 3000, source: str = "") -> bool:
    """Tell whether a connection to a port comes about, tried where `call` runs it."""
    try:
        call(lambda: socket.create_connection((ip, port), REFUSED_SECONDS, (source, 0)).close())
    except TimeoutError:
        return False
    return True


def reached_from(vpc: Vpc, source: str, ip: str, port: int = 3000) -> bool:
    """Tell whether the machine at `source` can connect to a port of the one at `ip`."""
    return reaches(lambda work: vpc.inside(source, work), ip, port)


def shell(vpc: Vpc, ip: str, line: str) -> str:
    """Return what a shell command prints on a task's machine."""
    words = ["sh", "-c", line]
    run = lambda: subprocess.run(words, capture_output=True, text=True, check=True, timeout=60)  # noqa: E731
    return vpc.inside(ip, run).stdout


class TestMachines:
    """What a task's processes find."""

    def test_each_has_an_address_of_its_subnet(self, vpc: Vpc) -> None:
        """Addresses come from the subnet's block; a subnet that EC2 does not know has none."""
        assert ["10.0.0.4", "10.0.16.4", "10.0.0.5"] == [vpc.attach(subnet, []) for subnet in "aba"]
        with pytest.raises(AwsFault, match="InvalidSubnetID"):
            vpc.attach("c", [])

    def test_each_has_ports_and_a_localhost_of_its_own(self, vpc: Vpc) -> None:
        """Two tasks listen on the same port of all addresses, and each finds itself at localhost."""
        first, second = vpc.attach("a", []), vpc.attach("a", [])
        with listening(vpc, first), listening(vpc, second):
            for ip in (first, second):
                assert vpc.inside(ip, lambda: reaches(lambda work: work(), "127.0.0.1"))

    def test_each_knows_its_name(self, vpc: Vpc) -> None:
        """A machine's host name stands for its address, as on Fargate."""
        ip = vpc.attach("a", [])

        assert "ip-10-0-0-4.ec2.internal" == shell(vpc, ip, "uname -n").strip() == vpc.environment(ip)["HOSTNAME"]
        assert ip in shell(vpc, ip, "getent hosts $(uname -n)")

    def test_the_world_outside_is_unreachable_at_once(self, vpc: Vpc) -> None:
        """There is no way out of the VPC, and a program that tries is told so without waiting."""
        ip = vpc.attach("a", [])
        with pytest.raises(OSError, match="unreachable"):
            vpc.inside(ip, lambda: socket.create_connection(("192.0.2.1", 80), 5))

    def test_names_are_answered_by_the_vpcs_resolver(self, vpc: Vpc) -> None:
        """Any program resolves names of our namespaces; that others are unknown is said at the first question."""
        cloud_map = CloudMap(clock=Clock(1000))
        server = vpc.call(lambda: DnsServer(cloud_map, RESOLVER, 53))
        server.start()
        try:
            register(cloud_map, "10.0.144.9")
            ip = vpc.attach("a", [])

            assert "10.0.144.9" == shell(vpc, ip, "getent hosts user.api.local").split()[0]
            assert "10.0.144.9" == shell(vpc, ip, f"{ASKED_ONCE} {LOOK_UP} user.api.local").strip()
            assert "True" == shell(vpc, ip, f"{ASKED_ONCE} {LOOK_UP} user.elsewhere.local").strip()
        finally:
            server.stop()


def register(cloud_map: CloudMap, ip: str) -> None:
    """Give user.api.local an address."""
    cloud_map.handle("CreatePrivateDnsNamespace", {"Name": "api.local", "Vpc": "vpc-1"})
    found = wait_for(lambda: (cloud_map.handle("ListNamespaces", {})["Namespaces"] or [None])[0])
    records = {"DnsRecords": [{"Type": "A", "TTL": 1}]}
    service = cloud_map.handle("CreateService", {"Name": "user", "NamespaceId": found["Id"], "DnsConfig": records})
    cloud_map.register(service["Service"]["Arn"], "one", {"AWS_INSTANCE_IPV4": ip}, healthy=True)


class TestSecurityGroups:
    """Who reaches whom."""

    def test_nobody_comes_in_without_a_rule(self, vpc: Vpc) -> None:
        """A group without rules lets nobody in, not even from the VPC's own addresses or its own group."""
        server, other = vpc.attach("a", ["api"]), vpc.attach("a", ["api"])
        with listening(vpc, server):
            assert not reached_from(vpc, other, server)
            assert not reaches(vpc.call, server)

    def test_a_rule_lets_in_members_of_a_group_at_its_port(self, vpc: Vpc, memory: HandMemory) -> None:
        """Members of the group that a rule names come in, whenever they were started; others and other ports do not."""
        memory.rules["user-api"] = (Permission("tcp", 3000, 3000, group="api"),)
        early, server = vpc.attach("b", ["api"]), vpc.attach("a", ["user-api"])
        late, stranger = vpc.attach("b", ["web", "api"]), vpc.attach("a", ["web"])

        with listening(vpc, server), listening(vpc, server, 3001):
            assert [True, True, False] == [reached_from(vpc, source, server) for source in (early, late, stranger)]
            assert not reached_from(vpc, early, server, 3001)

    def test_a_member_without_a_badge_is_known_by_its_address(self, vpc: Vpc, memory: HandMemory) -> None:
        """A group that came after the 24th, which a MAC address has no bit for, is let in as any other."""
        memory.rules["user-api"] = (Permission("tcp", 3000, 3000, group="late"),)
        vpc.attach("a", [f"group-{number}" for number in range(24)])
        server, member, stranger = vpc.attach("a", ["user-api"]), vpc.attach("b", ["late"]), vpc.attach("b", ["web"])
        with listening(vpc, server):
            assert [True, False] == [reached_from(vpc, source, server) for source in (member, stranger)]

    def test_a_rule_made_while_tasks_run_counts_within_a_second(self, vpc: Vpc, memory: HandMemory) -> None:
        """Authorising and revoking a rule take effect without touching the tasks."""
        server, client = vpc.attach("a", ["api"]), vpc.attach("a", ["web"])
        with listening(vpc, server):
            for rules, expected in (((FROM_THE_VPC,), True), ((), False)):
                memory.rules["api"] = rules
                wait_for(lambda: True if reached_from(vpc, client, server) is expected else None)  # noqa: B023

    def test_an_address_given_back_is_no_member_any_more(self, vpc: Vpc, memory: HandMemory) -> None:
        """When a member of a source group ends, its address is let in no longer."""
        memory.subnets["tiny"] = "10.0.240.0/29"
        memory.rules["user-api"] = (Permission("tcp", 3000, 3000, group="api"),)
        server, member = vpc.attach("a", ["user-api"]), vpc.attach("tiny", ["api"])
        with listening(vpc, server):
            assert reached_from(vpc, member, server)
            vpc.detach(member)
            others = [vpc.attach("tiny", ["web"]) for _ in range(3)]

            assert member in others
            assert not reached_from(vpc, member, server)

    def test_an_address_given_back_can_be_taken_at_once(self, vpc: Vpc, memory: HandMemory) -> None:
        """An address has a new machine although a process of the old one, which the kernel keeps for it, runs on."""
        memory.subnets["tiny"] = "10.0.240.0/29"
        first = vpc.attach("tiny", [])
        with vpc.inside(first, lambda: subprocess.Popen(["sleep", "10"])) as process:
            vpc.detach(first)
            assert first in [vpc.attach("tiny", []) for _ in range(3)]
            process.kill()

    def test_a_task_without_groups_is_in_the_default_one(self, vpc: Vpc, memory: HandMemory) -> None:
        """A task that names no group lives by the rules of the VPC's default group."""
        memory.rules["default"] = (Permission("-1", group="default"),)
        first, second = vpc.attach("a", []), vpc.attach("b", [])
        with listening(vpc, first):
            assert reached_from(vpc, second, first)

    def test_a_load_balancer_is_a_member_of_its_groups(self, vpc: Vpc, memory: HandMemory) -> None:
        """From a load balancer's address one comes in where its group may; from others there one does not."""
        memory.balancers["slipway"] = Interface("a", ("alb",))
        memory.rules["api"] = (Permission("tcp", 3000, 3000, group="alb"),)
        vpc.place_balancers(["slipway", "of-another-account"])
        server = vpc.attach("b", ["api"])
        with listening(vpc, server):
            assert {"slipway": "10.0.0.4"} == vpc.balancers
            assert [True, False] == [reaches(vpc.call, server, source=source) for source in ("10.0.0.4", RESOLVER)]


class TestPublicAddresses:
    """How this machine reaches a task that has a public address."""

    def test_it_leads_to_the_task(self, vpc: Vpc, memory: HandMemory) -> None:
        """Where the security group lets the internet in, this machine exchanges bytes with the task."""
        memory.rules["web"] = (Permission("tcp", 3000, 3000, "0.0.0.0/0"),)
        ip = vpc.attach("a", ["web"])
        public = vpc.public_address(ip, [3000])
        with listening(vpc, ip) as server, socket.create_connection((public, 3000), 5) as client:
            peer, address = server.accept()
            with peer:
                client.sendall(b"question")
                assert (b"question", "203.0.113.1") == (peer.recv(100), address[0])
                peer.sendall(b"answer")
                assert b"answer" == client.recv(100)

    def test_the_vpcs_own_rules_do_not_admit_it(self, vpc: Vpc, memory: HandMemory) -> None:
        """A rule for the VPC's addresses does not let the internet in, and the address ends with the task."""
        memory.rules["web"] = (FROM_THE_VPC,)
        ip = vpc.attach("a", ["web"])
        public = vpc.public_address(ip, [3000])
        with listening(vpc, ip) as server, socket.create_connection((public, 3000), 5):
            server.settimeout(REFUSED_SECONDS)
            with pytest.raises(TimeoutError):
                server.accept()
        vpc.detach(ip)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((public, 3000), 5)


class TestTraces:
    """What a VPC leaves on this machine."""

    @pytest.mark.usefixtures("vpc")
    def test_this_machine_notices_nothing(self, memory: HandMemory) -> None:
        """While a VPC lives this machine has no interface, mount or named namespace more; afterwards no open file."""
        before = traces()
        files = len(list(Path("/proc/self/fd").iterdir()))
        with closing(Vpc(memory)) as other:
            other.attach("a", [])
            assert before == traces()

        assert files == len(list(Path("/proc/self/fd").iterdir()))

    def test_several_do_not_meet(self, vpc: Vpc, memory: HandMemory) -> None:
        """Two VPCs have the same addresses, and neither reaches the other's tasks."""
        memory.rules["default"] = (FROM_THE_VPC,)
        with closing(Vpc(memory)) as other:
            here, there = vpc.attach("a", []), other.attach("a", [])
            with listening(vpc, here):
                assert here == there
                assert reaches(vpc.call, here)
                with pytest.raises(ConnectionRefusedError):
                    other.call(lambda: socket.create_connection((there, 3000), 5))


def traces() -> tuple[list[str], str, bool]:
    """Return this machine's interfaces and mounts, and whether it has named namespaces."""
    interfaces = sorted(path.name for path in Path("/sys/class/net").iterdir())
    return interfaces, Path("/proc/self/mounts").read_text(), Path("/run/netns").exists()


class TestChoice:
    """Which network the local cloud takes."""

    def test_loopback_needs_no_trial(self) -> None:
        """`loopback` is had as it is asked for."""
        assert ("loopback", ()) == (choose("loopback").network, choose("loopback").through)

    def test_what_is_missing_is_named(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        """Without `ip` and `nft`, `auto` falls back saying what to install, and `vpc` is refused so."""
        monkeypatch.setenv("PATH", str(tmp_path))
        monkeypatch.setattr("shutil.which", lambda _tool: None)
        chosen = choose("auto")

        assert ("loopback", True) == (chosen.network, "apt-get install iproute2 nftables" in chosen.why)
        with pytest.raises(NetworkError, match="apt-get install iproute2 nftables"):
            choose("vpc")

    def test_auto_takes_what_a_trial_shows(self) -> None:
        """`auto` is `vpc` exactly where a VPC can be made, here or as root of a user namespace."""
        chosen = choose("auto")
        made = [*chosen.through, sys.executable, "-m", "localcloud.network.choice"]
        tried = subprocess.run(made, capture_output=True, check=False, env=dict(os.environ))

        assert {"vpc": 0, "loopback": 1}[chosen.network] == tried.returncode
