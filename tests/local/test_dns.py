"""What the DNS must answer, asked by a real resolver over real sockets."""

import socket
from collections.abc import Iterator
from typing import Any

import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import pytest

from localcloud.clock import Clock
from localcloud.discovery import CloudMap
from localcloud.dns import DnsServer


@pytest.fixture
def cloud_map() -> CloudMap:
    """Return a Cloud Map whose operations are done at once, with the namespace internal.com (SOA TTL 7)."""
    cloud_map = CloudMap(clock=Clock(speed=1e9))
    properties = {"DnsProperties": {"SOA": {"TTL": 7}}}
    cloud_map.handle("CreatePrivateDnsNamespace", {"Name": "internal.com", "Vpc": "vpc-1", "Properties": properties})
    return cloud_map


@pytest.fixture
def server(cloud_map: CloudMap) -> Iterator[DnsServer]:
    """Return a DNS server that answers what `cloud_map` knows."""
    server = DnsServer(cloud_map)
    server.start()
    yield server
    server.stop()


def service(cloud_map: CloudMap, name: str, *types: str, ttl: int = 10, health_check: bool = True) -> str:
    """Create a service and return its ARN."""
    namespace = cloud_map.handle("ListNamespaces", {})["Namespaces"][0]["Id"]
    records = [{"Type": type_, "TTL": ttl} for type_ in types]
    check: dict[str, Any] = {"HealthCheckCustomConfig": {}} if health_check else {}
    request = {"Name": name, "NamespaceId": namespace, "DnsConfig": {"DnsRecords": records}, **check}
    return str(cloud_map.handle("CreateService", request)["Service"]["Arn"])


def register(cloud_map: CloudMap, arn: str, instance_id: str, ip: str, *, healthy: bool = True) -> None:
    """Register an instance on port 8080."""
    attributes = {"AWS_INSTANCE_IPV4": ip, "AWS_INSTANCE_PORT": "8080"}
    cloud_map.register(arn, instance_id, attributes, healthy=healthy)


def ask(server: DnsServer, name: str, type_: str = "A", *, tcp: bool = False) -> dns.message.Message:
    """Ask a question over UDP or TCP."""
    host, port = server.address
    query = dns.message.make_query(name, type_)
    return dns.query.tcp(query, host, 5, port) if tcp else dns.query.udp(query, host, 5, port)


def values(answer: dns.message.Message) -> list[str]:
    """Return the records of an answer, sorted."""
    return sorted(record.to_text() for records in answer.answer for record in records)


@pytest.mark.parametrize("tcp", [False, True])
def test_addresses(cloud_map: CloudMap, server: DnsServer, *, tcp: bool) -> None:
    """A service's name is answered with its instances' addresses and its TTL, over UDP and TCP, in any letter case."""
    arn = service(cloud_map, "home", "A", ttl=12)
    register(cloud_map, arn, "one", "127.0.0.2")
    register(cloud_map, arn, "two", "127.0.0.3")
    answer = ask(server, "HOME.Internal.com.", tcp=tcp)

    assert values(answer) == ["127.0.0.2", "127.0.0.3"]
    assert [records.ttl for records in answer.answer] == [12]


def test_at_most_eight(cloud_map: CloudMap, server: DnsServer) -> None:
    """Of ten instances eight are answered, and in the end each has had its turn."""
    arn = service(cloud_map, "home", "A")
    for number in range(10):
        register(cloud_map, arn, f"i-{number}", f"127.0.1.{number}")
    answers = [values(ask(server, "home.internal.com")) for _ in range(30)]

    assert {8} == {len(set(answer)) for answer in answers}
    assert len({address for answer in answers for address in answer}) == 10


def test_only_healthy(cloud_map: CloudMap, server: DnsServer) -> None:
    """Only healthy instances are answered, unless none is healthy: then all are."""
    arn = service(cloud_map, "home", "A")
    register(cloud_map, arn, "one", "127.0.0.2")
    register(cloud_map, arn, "two", "127.0.0.3", healthy=False)
    with_a_healthy_one = values(ask(server, "home.internal.com"))
    register(cloud_map, arn, "one", "127.0.0.2", healthy=False)

    assert with_a_healthy_one == ["127.0.0.2"]
    assert values(ask(server, "home.internal.com")) == ["127.0.0.2", "127.0.0.3"]


def test_health_without_health_check(cloud_map: CloudMap, server: DnsServer) -> None:
    """A service without health check answers with every instance."""
    arn = service(cloud_map, "home", "A", health_check=False)
    register(cloud_map, arn, "one", "127.0.0.2")
    register(cloud_map, arn, "two", "127.0.0.3", healthy=False)

    assert values(ask(server, "home.internal.com")) == ["127.0.0.2", "127.0.0.3"]


def test_srv(cloud_map: CloudMap, server: DnsServer) -> None:
    """An SRV record gives port and host, and that host's address is answered too."""
    arn = service(cloud_map, "home", "SRV")
    register(cloud_map, arn, "one", "127.0.0.2")

    assert values(ask(server, "home.internal.com", "SRV")) == ["1 1 8080 one.home.internal.com."]
    assert values(ask(server, "one.home.internal.com")) == ["127.0.0.2"]
    assert values(ask(server, "home.internal.com")) == []


def test_many_srv_records_need_tcp(cloud_map: CloudMap, server: DnsServer) -> None:
    """An answer too long for 512 bytes is truncated over UDP and whole over TCP."""
    arn = service(cloud_map, "home", "SRV")
    for number in range(8):
        register(cloud_map, arn, f"{number}" * 60, f"127.0.1.{number}")
    truncated = ask(server, "home.internal.com", "SRV")

    assert truncated.flags & dns.flags.TC
    assert len(values(ask(server, "home.internal.com", "SRV", tcp=True))) == 8


@pytest.mark.parametrize(
    ("name", "type_", "rcode"),
    [
        ("nobody.internal.com", "A", "NXDOMAIN"),
        ("empty.internal.com", "A", "NXDOMAIN"),
        ("home.internal.com", "AAAA", "NOERROR"),
        ("internal.com", "A", "NOERROR"),
    ],
)
def test_nothing_there(cloud_map: CloudMap, server: DnsServer, name: str, type_: str, rcode: str) -> None:
    """What is not there is answered with the SOA alone: NXDOMAIN, or NOERROR when the name has other records."""
    service(cloud_map, "empty", "A")
    register(cloud_map, service(cloud_map, "home", "A"), "one", "127.0.0.2")
    answer = ask(server, name, type_)

    assert (rcode, []) == (dns.rcode.to_text(answer.rcode()), values(answer))
    assert [(records.rdtype, records.ttl) for records in answer.authority] == [(dns.rdatatype.SOA, 7)]


def test_other_zones(server: DnsServer) -> None:
    """Nobody has a name outside our namespaces, also one that only ends alike."""
    answered = [ask(server, name).rcode() for name in ("example.com", "notinternal.com", "com")]

    assert answered == [dns.rcode.NXDOMAIN] * 3


def test_deregistered_at_once(cloud_map: CloudMap, server: DnsServer) -> None:
    """The address of an instance that left is not in the next answer."""
    arn = service(cloud_map, "home", "A")
    register(cloud_map, arn, "one", "127.0.0.2")
    before = values(ask(server, "home.internal.com"))
    cloud_map.deregister(arn, "one")

    assert (before, ask(server, "home.internal.com").rcode()) == (["127.0.0.2"], dns.rcode.NXDOMAIN)


def test_nonsense_and_silence(cloud_map: CloudMap, server: DnsServer) -> None:
    """Packets that are no query, and connections that never ask, do not keep others from their answer."""
    register(cloud_map, service(cloud_map, "home", "A"), "one", "127.0.0.2")
    with socket.create_connection(server.address), socket.socket(type=socket.SOCK_DGRAM) as packets:
        packets.sendto(b"nonsense", server.address)
        packets.sendto(b"", server.address)

        assert values(ask(server, "home.internal.com")) == ["127.0.0.2"]
        assert values(ask(server, "home.internal.com", tcp=True)) == ["127.0.0.2"]


def test_stop_frees_the_port(cloud_map: CloudMap) -> None:
    """After `stop`, and without a `start` too, the port is free for another server; before, it is taken."""
    first = DnsServer(cloud_map)
    with pytest.raises(OSError, match="in use"):
        DnsServer(cloud_map, port=first.address[1])
    first.stop()
    second = DnsServer(cloud_map, port=first.address[1])
    second.stop()

    assert first.address == second.address
