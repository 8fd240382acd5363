"""The loopback network, and what its shim does to a Python process."""

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from localcloud.faults import AwsFault
from localcloud.network.loopback import LAST_HOST, Loopback, localhost_of

SERVE = """
import socket, sys
with socket.socket() as server:
    server.bind((sys.argv[1], 0))
    server.listen()
    with socket.create_connection(("localhost", server.getsockname()[1])) as client:
        peer, address = server.accept()
        peer.close()
        print(server.getsockname()[0], address[0], client.getpeername()[0])
"""
V6 = """
import socket
with socket.socket(socket.AF_INET6) as server:
    server.bind(("::", 0))
    server.listen()
    with socket.create_connection(("127.0.0.1", server.getsockname()[1])):
        print(server.getsockname()[0])
"""
AIO = """
import asyncio, sys
async def main():
    server = await asyncio.start_server(lambda r, w: w.close(), sys.argv[1] if sys.argv[1:] else None, 0)
    port = server.sockets[0].getsockname()[1]
    reader, writer = await asyncio.open_connection("localhost", port)
    print(*[s.getsockname()[0] for s in server.sockets], writer.get_extra_info("sockname")[0])
    writer.close()
    server.close()
asyncio.run(main())
"""
NAMES = """
import json, socket
print(json.dumps([
    [a[4][0] for a in socket.getaddrinfo("two.internal.test", 80, type=socket.SOCK_STREAM)],
    socket.gethostbyname("two.internal.test"),
    socket.gethostbyname(socket.gethostname()),
    socket.gethostbyname("10.9.8.7"),
]))
"""
UNKNOWN = """
import socket
try:
    print(socket.gethostbyname("nobody.invalid"))
except socket.gaierror:
    print("unknown")
"""


@pytest.fixture
def network() -> Iterator[Loopback]:
    """Return a network whose DNS server knows one name."""
    with dns_server({"two.internal.test": ["127.9.9.1", "127.9.9.2"]}) as address:
        network = Loopback(dns_address=address)
        yield network
        network.close()


@contextmanager
def dns_server(records: dict[str, list[str]]) -> Iterator[tuple[str, int]]:
    """Answer A queries for `records`, NXDOMAIN for the rest."""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))

    def serve() -> None:
        while (packet := server.recvfrom(512))[0] != b"end":
            server.sendto(dns_answer(packet[0], records), packet[1])

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield server.getsockname()
    finally:
        server.sendto(b"end", server.getsockname())
        thread.join()
        server.close()


def dns_answer(query: bytes, records: dict[str, list[str]]) -> bytes:
    """Return the answer to a DNS query of one question."""
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1 : at + 1 + query[at]].decode())
        at += query[at] + 1
    found = records.get(".".join(labels), [])
    header = query[:2] + (b"\x85\x80" if found else b"\x85\x83") + b"\0\1" + bytes([0, len(found)]) + b"\0\0\0\0"
    answers = b"".join(b"\xc0\x0c\0\1\0\1\0\0\0\x0a\0\4" + socket.inet_aton(ip) for ip in found)
    return header + query[12 : at + 5] + answers


def run(program: str, environment: dict[str, str], *arguments: str) -> str:
    """Return what a program prints that lives at a task's address."""
    command = [sys.executable, "-c", program, *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


class TestAddresses:
    """Who gets which address."""

    def test_each_task_has_its_own(self, network: Loopback) -> None:
        """Addresses differ, and one that was given back does not come again soon."""
        first, second = network.attach("subnet-a", []), network.attach("subnet-b", [])
        network.detach(first)

        assert len({first, second, network.attach("subnet-a", [])}) == 3

    def test_a_full_network_refuses(self, network: Loopback) -> None:
        """When all addresses are in use the task gets none; one given back can be had again."""
        addresses = [network.attach("subnet-a", []) for _ in range(LAST_HOST - 1)]
        with pytest.raises(AwsFault, match="in use"):
            network.attach("subnet-a", [])
        network.detach(addresses[7])

        assert network.attach("subnet-a", []) == addresses[7]

    def test_two_local_clouds_do_not_meet(self, network: Loopback) -> None:
        """A second local cloud gets another range, and its own again after it is closed."""
        other = Loopback(dns_address=("127.0.0.1", 53))
        theirs = other.gateway
        other.close()
        again = Loopback(dns_address=("127.0.0.1", 53))
        again_theirs = again.gateway
        again.close()

        assert theirs != network.gateway
        assert again_theirs == theirs

    def test_refuses_other_languages(self, network: Loopback) -> None:
        """What is neither Python nor a shell must be told its address, for no shim makes it live there."""
        python = Path(sys.executable)

        def refusal(*words: str) -> str | None:
            return network.refuses_program(words, python, "127.9.0.2")

        assert "node" in (refusal("node", "server.js") or "")
        assert [None] * 3 == [
            refusal("node", "--host=127.9.0.2"),
            refusal("sh", "run.sh"),
            refusal(str(python), "x.py"),
        ]
        assert refusal("pytest") is None  # a script beside the interpreter

    def test_refuses_several_containers(self, network: Loopback) -> None:
        """A task of several containers would need a localhost of its own."""
        containers: list[dict[str, Any]] = [{"name": "a"}, {"name": "b"}]

        assert "vpc" in (network.refuses({"family": "pair", "containerDefinitions": containers}) or "")
        assert network.refuses({"family": "one", "containerDefinitions": containers[:1]}) is None


class TestShim:
    """What a Python process notices."""

    @pytest.mark.parametrize("host", ["0.0.0.0", ""])  # noqa: S104
    def test_binds_to_its_address(self, network: Loopback, host: str) -> None:
        """What a program binds at all addresses listens at the task's, and localhost leads there."""
        ip = network.attach("subnet-a", [])

        assert run(SERVE, network.environment(ip), host) == f"{ip} {ip} {ip}"

    @pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
    def test_what_listens_at_localhost_is_its_own_affair(self, network: Loopback, host: str) -> None:
        """What a program binds at localhost is not at the task's address, and its own localhost leads there."""
        ip = network.attach("subnet-a", [])
        localhost = localhost_of(ip)

        assert run(SERVE, network.environment(ip), host) == f"{localhost} {ip} {localhost}"

    def test_binds_ipv6_sockets_too(self, network: Loopback) -> None:
        """A socket that binds "::" listens at the task's address."""
        ip = network.attach("subnet-a", [])

        assert run(V6, network.environment(ip)) == f"::ffff:{ip}"

    def test_asyncio_lives_there_too(self, network: Loopback) -> None:
        """Servers and connections of asyncio use the task's address."""
        ip = network.attach("subnet-a", [])

        assert run(AIO, network.environment(ip)) == f"{ip} {ip}"
        assert run(AIO, network.environment(ip), "localhost") == f"{localhost_of(ip)} {ip}"

    def test_resolves_our_names(self, network: Loopback) -> None:
        """Names of our namespaces are asked of our DNS server, all answers in order; the own name is the task's."""
        ip = network.attach("subnet-a", [])
        both = ["127.9.9.1", "127.9.9.2"]

        assert json.loads(run(NAMES, network.environment(ip))) == [both, "127.9.9.1", ip, "10.9.8.7"]

    def test_leaves_other_names_to_the_system(self, network: Loopback) -> None:
        """A name that our DNS server does not know is looked up as usual."""
        assert run(UNKNOWN, network.environment(network.attach("subnet-a", []))) == "unknown"

    def test_runs_the_sitecustomize_that_it_hides(self, network: Loopback, tmp_path: Path) -> None:
        """Another sitecustomize further on the path runs as well."""
        (tmp_path / "sitecustomize.py").write_text("import builtins\nbuiltins.hidden = 'ran'\n")
        environment = network.environment(network.attach("subnet-a", []))
        environment["PYTHONPATH"] += f":{tmp_path}"

        assert run("print(hidden)", environment) == "ran"
