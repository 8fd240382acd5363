"""The local cloud in the network of Linux namespaces: isolation, services in any language, and no trace."""

import contextlib
import os
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.local.local_cloud import ECS_PRACTICE, LocalCloud, hello, local_cloud, wait_for
from tests.local.samples import addresses, reaches

PROCESSES = Path("/proc")
# How a test enters the namespaces of a process: one of its own user may only as root of that user's namespace.
NSENTER = ("nsenter",) if os.geteuid() == 0 else ("nsenter", "--user", "--preserve-credentials")
CONNECT = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 1, (sys.argv[3], 0))"
NODE_SERVER = """
const http = require("http"), dns = require("dns");
http.createServer((asked, answer) => asked.url === "/health" ? answer.end() :
  dns.lookup(process.env.QUOTES_HOST, (problem, address) =>
    http.get(`http://${process.env.QUOTES_HOST}:8080/cgi-bin/quote`, quote => {
      answer.setHeader("Content-Type", "application/json");
      let text = "";
      quote.on("data", part => text += part);
      quote.on("end", () => answer.end(JSON.stringify({address, text})));
    }).on("error", error => { answer.statusCode = 502; answer.end(`{"error": "${error}"}`); }))
).listen(3000);
process.on("SIGTERM", () => process.exit(0));
"""
SHELL_SERVICE = r"""#!/bin/sh
printf "Content-Type: text/plain\r\n\r\n"
getent hosts "$QUOTES_HOST" | cut -d ' ' -f 1
"""


@pytest.fixture(scope="module")
def isolated(vpc: LocalCloud) -> LocalCloud:
    """Deploy ecs-practice where its security groups are enforced."""
    accepted = vpc.ask("POST", "/deployments", ECS_PRACTICE.read_bytes(), Content_Type="application/yaml")
    ended = vpc.ended(accepted.document["id"])
    assert "succeeded" == ended["status"], ended
    return vpc


class TestIsolation:
    """ecs-practice: the load balancer reaches `api`, `api` reaches `user-api`, and nobody else reaches anything."""

    def test_tasks_have_addresses_of_their_subnets(self, isolated: LocalCloud) -> None:
        """A task's address is one of a private subnet's, as ECS shows it."""
        for service in ("api", "user-api"):
            [ip] = addresses(isolated, "ecs-practice", service)
            assert "10.0." == ip[:5]

    def test_only_api_reaches_user_api(self, isolated: LocalCloud) -> None:
        """A task in api's group reaches user-api; tasks in other groups do not, nor one in user-api's own."""
        [private] = addresses(isolated, "ecs-practice", "user-api")

        assert {"api": True, "user-api": False, "web": False} == {
            group: reaches(isolated, group, private, 3000) for group in ("api", "user-api", "web")
        }

    def test_the_load_balancer_reaches_api_alone(self, isolated: LocalCloud) -> None:
        """From where the load balancers are, from each of their addresses, `api` is reached and `user-api` is not."""
        [public], [private] = (addresses(isolated, "ecs-practice", name) for name in ("api", "user-api"))

        assert {"10.0.0.4": True, "10.0.0.2": False} == {
            source: reaches_from_balancer(isolated, public, source) for source in ("10.0.0.4", "10.0.0.2")
        }
        assert [False] * 6 == [reaches_from_balancer(isolated, private, f"10.0.0.{host}") for host in range(4, 10)]

    def test_the_host_reaches_no_task(self, isolated: LocalCloud) -> None:
        """From this machine neither service answers at its address."""
        for service in ("api", "user-api"):
            [ip] = addresses(isolated, "ecs-practice", service)
            # Asked, not only connected to: some networks take every connection.
            with pytest.raises(OSError):  # noqa: PT011  unreachable, refused, reset or timed out, as the network likes
                urllib.request.urlopen(f"http://{ip}:3000/users", timeout=1)


def reaches_from_balancer(cloud: LocalCloud, ip: str, source: str) -> bool:
    """Tell whether port 3000 of a task is reached from an address in the load balancers' network."""
    words = [*NSENTER, f"--net={balancer_network(cloud)}", "python3", "-c", CONNECT, ip, "3000", source]
    return subprocess.run(words, capture_output=True, check=False, timeout=20).returncode == 0


def balancer_network(cloud: LocalCloud) -> Path:
    """Return the network that some of the local cloud's threads are in and its first one is not."""
    threads = (PROCESSES / str(cloud.process.pid) / "task").iterdir()
    networks = {path.stat().st_ino: path for thread in threads if (path := thread / "ns" / "net").exists()}
    own = (PROCESSES / str(cloud.process.pid) / "ns" / "net").stat().st_ino
    return next(path for inode, path in networks.items() if inode != own)


@pytest.mark.full
def test_a_group_without_the_load_balancer_times_out(vpc: LocalCloud) -> None:
    """Targets whose group does not admit the load balancer time out; a rule made meanwhile heals them."""
    ec2, ecs = vpc.client("ec2"), vpc.client("ecs")
    group = security_group(vpc, "closed")
    manifest = hello("closed", network={"security_groups": ["closed"]}, rollout={"circuit_breaker": False})
    accepted = vpc.post(manifest | {"timeout_seconds": 120})
    path = f"/deployments/{accepted.document['id']}"
    wait_for(lambda: vpc.ask("GET", path).document["services"]["hello"]["phase"] == "awaiting_stable" or None)

    def timed_out() -> bool | None:
        """Look at ECS's own words: the target itself is unhealthy for a moment only, for ECS takes the task away."""
        service = ecs.describe_services(cluster="closed", services=["hello"])["services"][0]
        return any("due to (reason Request timed out)" in event["message"] for event in service["events"]) or None

    wait_for(timed_out)
    anybody = {"IpProtocol": "tcp", "FromPort": 8080, "ToPort": 8080, "IpRanges": [{"CidrIp": "10.0.0.0/16"}]}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[anybody])

    assert "succeeded" == vpc.ended(accepted.document["id"])["status"]


def security_group(cloud: LocalCloud, name: str) -> str:
    """Make a security group without rules."""
    ec2 = cloud.client("ec2")
    [vpc] = ec2.describe_vpcs(Filters=[{"Name": "tag:Name", "Values": ["slipway"]}])["Vpcs"]
    tags = [{"ResourceType": "security-group", "Tags": [{"Key": "Name", "Value": name}]}]
    made = ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc["VpcId"], TagSpecifications=tags)
    return str(made["GroupId"])


@pytest.fixture
def polyglot(tmp_path: Path) -> Iterator[LocalCloud]:
    """Run a local cloud with a service in JavaScript and one in shell, which know nothing of it."""
    if not shutil.which("node") or not shutil.which("busybox"):
        pytest.skip("needs node and busybox")
    (tmp_path / "server.js").write_text(NODE_SERVER)
    script = tmp_path / "www" / "cgi-bin" / "quote"
    script.parent.mkdir(parents=True)
    script.write_text(SHELL_SERVICE)
    script.chmod(0o755)
    images = {"front": ["node", "server.js"], "quotes": ["busybox", "httpd", "-f", "-p", "8080", "-h", "www"]}
    tables = [f'[image."poly-{name}"]\ndirectory = "."\ncommand = {words}\n' for name, words in images.items()]
    (tmp_path / "images.toml").write_text("".join(tables))
    with local_cloud(SLIPWAY_IMAGES=str(tmp_path / "images.toml")) as cloud:
        if cloud.network != "vpc":
            pytest.skip("the local cloud's network is loopback here")
        yield cloud


@pytest.mark.full
def test_services_in_any_language_run_unchanged(polyglot: LocalCloud) -> None:
    """A Node.js service finds a shell service by name, and each resolves names with what its language has."""
    manifest = """
application: polyglot
namespace: polyglot.local
load_balancer: {name: slipway}
services:
  quotes:
    image: poly-quotes
    port: 8080
    discovery: {}
    environment: &names {QUOTES_HOST: quotes.polyglot.local}
  front:
    image: poly-front
    port: 3000
    depends_on: [quotes]
    environment: *names
    route: {health_check: {path: /health, interval: 5, timeout: 2}}
    health_check_grace_period_seconds: 60
"""
    assert "succeeded" == polyglot.deploy(yaml.safe_load(manifest))["status"]
    [ip] = addresses(polyglot, "polyglot", "quotes")

    assert {"address": ip, "text": f"{ip}\n"} == polyglot.visit("/")


def test_no_shim_is_in_a_task(vpc: LocalCloud) -> None:
    """In a VPC a task's environment has nothing of ours."""
    vpc.deploy(hello("bare"))
    variables = [environ for pid in descendants(vpc.process.pid) if b"GREETING=" in (environ := environment_of(pid))]

    assert variables
    assert [] == [each for each in variables if b"PYTHONPATH" in each or b"SLIPWAY" in each]


def environment_of(pid: int) -> bytes:
    """Return a process's environment; nothing for one that has just ended."""
    with contextlib.suppress(OSError):
        return (PROCESSES / str(pid) / "environ").read_bytes()
    return b""


def descendants(pid: int) -> set[int]:
    """Return a process's children and theirs."""
    found: set[int] = set()
    for thread in (PROCESSES / str(pid) / "task").iterdir():
        with contextlib.suppress(FileNotFoundError):
            found |= {int(child) for child in (thread / "children").read_text().split()}
    return found | {each for child in found for each in descendants(child)}


def test_a_killed_cloud_leaves_no_namespace() -> None:
    """When the local cloud is killed outright, no process is left in any of its namespaces."""
    with local_cloud() as cloud:
        if cloud.network != "vpc":
            pytest.skip("the local cloud's network is loopback here")
        cloud.deploy(hello("killed"))
        own = namespaces() - {(PROCESSES / "self" / "ns" / "net").stat().st_ino}
        theirs = {network_of(pid) for pid in descendants(cloud.process.pid)} & own
        cloud.process.kill()
        cloud.process.wait()

        assert theirs
        wait_for(lambda: None if theirs & namespaces() else True, seconds=10)


def namespaces() -> set[int]:
    """Return the networks that any process is in."""
    return {network_of(int(path.name)) for path in PROCESSES.iterdir() if path.name.isdecimal()}


def network_of(pid: int) -> int:
    """Return a process's network; 0 for one that has just ended, or is not ours to ask."""
    with contextlib.suppress(OSError):
        return (PROCESSES / str(pid) / "ns" / "net").stat().st_ino
    return 0
