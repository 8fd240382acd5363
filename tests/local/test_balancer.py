"""What must be true of a load balancer's data plane, with real listeners, targets and probes on the loopback."""

import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
import pytest
from moto import mock_aws

from localcloud.balancer import Balancer, MotoMemory
from localcloud.balancer.health import CHECKING, FAILED, PASSED, after_probe, matches
from localcloud.balancer.memory import Action, Condition, HealthCheck, Listener, Rule, TargetGroup
from localcloud.balancer.routing import Asked, action_for, group_for, redirect_location
from localcloud.clock import Clock
from localcloud.faults import AwsFault
from localcloud.ports import listen

CHECK = HealthCheck(
    path="/health",
    port="traffic-port",
    matcher="200",
    interval_seconds=2,
    timeout_seconds=6,
    healthy_threshold=2,
    unhealthy_threshold=2,
)
GROUP = TargetGroup("arn:home", port=80, health_check=CHECK, deregistration_delay_seconds=20)
TO_HOME = Action("forward", ((GROUP.arn, 1),))


@dataclass
class FakeMemory:
    """Remembers one listener, of the load balancer `booking`, and some target groups."""

    heard: Listener | None = field(default_factory=lambda: Listener(TO_HOME, ()))
    groups: dict[str, TargetGroup] = field(default_factory=lambda: {GROUP.arn: GROUP})

    def listener(self, load_balancer_name: str, port: int) -> Listener | None:
        """Return the listener on port 80 of `booking`."""
        return self.heard if (load_balancer_name, port) == ("booking", 80) else None

    def target_group(self, target_group_arn: str) -> TargetGroup | None:
        """Return a group, or None."""
        return self.groups.get(target_group_arn)

    def groups_in_use(self) -> frozenset[str]:
        """Return the groups that the listener forwards to."""
        actions = [self.heard.default_action, *(rule.action for rule in self.heard.rules)] if self.heard else []
        return frozenset(arn for action in actions for arn, _ in action.target_groups)

    def load_balancer_of(self, target_group_arn: str) -> str:
        """Return `booking` for a group in use."""
        return "booking" if target_group_arn in self.groups_in_use() else ""


@dataclass
class Target:
    """A small web server: answers /health with `health`, /slow when let, /cut with half a body, else with its name."""

    name: str
    health: int = 200
    delay_seconds: float = 0
    probes: int = 0
    port: int = 0
    ip: str = "127.0.0.1"
    seen: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    clients: set[str] = field(default_factory=set)
    asked_slowly: threading.Event = field(default_factory=threading.Event)
    let_go: threading.Event = field(default_factory=threading.Event)


class TargetHandler(BaseHTTPRequestHandler):
    """Answers for one target; `running` makes a subclass for each."""

    target: Target
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer probes and the special paths."""
        self.target.clients.add(self.client_address[0])
        if self.path == "/health":
            self.target.probes += 1
            time.sleep(self.target.delay_seconds)
            self.reply(self.target.health, b"")
        elif self.path == "/cut":
            self.reply(200, b"half", length=8)
            self.close_connection = True
        else:
            self.record()

    def do_POST(self) -> None:
        """Answer with the target's name."""
        self.record()

    do_PURGE = do_HEAD = do_POST  # noqa: N815

    def record(self) -> None:
        """Write down what came, then answer."""
        if self.path == "/slow":
            self.target.asked_slowly.set()
            self.target.let_go.wait(60)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Transfer-Encoding") == "chunked":
            body = self.chunks()
        self.target.seen.append((f"{self.command} {self.path}", dict(self.headers), body))
        self.reply(302 if self.path == "/moved" else 200, self.target.name.encode())

    def chunks(self) -> bytes:
        """Read a chunked body."""
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def reply(self, status: int, body: bytes, length: int | None = None) -> None:
        """Answer, with another Content-Length than the body's if asked."""
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.send_header("Content-Encoding", "gzip" if self.path == "/packed" else "identity")
        self.send_header("Set-Cookie", "a=1")
        self.send_header("Set-Cookie", "b=2")
        if self.path == "/moved":
            self.send_header("Location", "/elsewhere")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def running(name: str, ip: str = "127.0.0.1", **settings: Any) -> Iterator[Target]:
    """Run a target on a free port of `ip`."""
    target = Target(name, ip=ip, **settings)
    handler = type("Handler", (TargetHandler,), {"target": target})
    with ThreadingHTTPServer((ip, 0), handler) as server:
        target.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield target
        finally:
            target.let_go.set()
            server.shutdown()
            thread.join()


def until(holds: Callable[[], object], seconds: float = 60) -> None:
    """Wait until something holds, or fail."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.005)


@pytest.fixture
def memory() -> FakeMemory:
    """Return a memory in which `booking` forwards everything to the group `arn:home`."""
    return FakeMemory()


@dataclass
class Front:
    """A balancer that serves `booking` on `address`."""

    balancer: Balancer
    address: tuple[str, int]

    def ask(
        self, path: str, method: str = "GET", body: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[int, bytes, http.client.HTTPMessage]:
        """Send one request through the load balancer; return status, body and headers."""
        connection = http.client.HTTPConnection(*self.address, timeout=60)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return response.status, response.read(), response.headers
        finally:
            connection.close()

    def add(self, target: Target) -> None:
        """Register a target with `arn:home`."""
        self.balancer.register(GROUP.arn, target.ip, target.port)

    def health(self, target: Target) -> tuple[str, str, str]:
        """Return a target's health."""
        return self.balancer.health(GROUP.arn, target.ip, target.port)

    def add_healthy(self, target: Target) -> None:
        """Register a target and wait until it is healthy."""
        self.add(target)
        until(lambda: self.health(target) == ("healthy", "", ""))


@pytest.fixture
def front(memory: FakeMemory) -> Iterator[Front]:
    """Return a running balancer at speed 20: targets are probed every 100 ms and drain for a second."""
    balancer = Balancer(clock=Clock(speed=20, patience_seconds=0.2), memory=memory)
    listening = listen(0)
    balancer.serve("booking", listening)
    balancer.start()
    yield Front(balancer, listening.getsockname())
    balancer.stop()


def test_forwards_both_ways(front: Front) -> None:
    """Method, path, body and headers arrive as sent, with X-Forwarded-* added; nothing is unpacked or followed."""
    with running("home") as target:
        front.add_healthy(target)
        sent = {"X-Forwarded-For": "10.1.1.1", "Connection": "X-Private", "X-Private": "1", "Host": "booking.test"}
        status, body, headers = front.ask("/a%2Fb/?q=%20x", "POST", b"hello", sent)
        packed, _, packed_headers = front.ask("/packed")
        moved, _, moved_headers = front.ask("/moved")
    request, received, received_body = target.seen[0]

    assert (status, body, headers.get_all("Set-Cookie")) == (200, b"home", ["a=1", "b=2"])
    assert (request, received_body) == ("POST /a%2Fb/?q=%20x", b"hello")
    assert (received["Host"], received["X-Forwarded-For"]) == ("booking.test", "10.1.1.1, 127.0.0.1")
    assert (received["X-Forwarded-Proto"], received["X-Forwarded-Port"]) == ("http", str(front.address[1]))
    assert "X-Private" not in received
    assert (packed, packed_headers["Content-Encoding"]) == (200, "gzip")
    assert (moved, moved_headers["Location"]) == (302, "/elsewhere")


def test_a_load_balancer_has_an_address(memory: FakeMemory) -> None:
    """Where a load balancer has an address of its own, its probes and requests come from there."""
    balancer = Balancer(
        clock=Clock(speed=20, patience_seconds=0.2),
        memory=memory,
        sources={"booking": "127.0.0.9", "other": "127.0.0.8"},
    )
    listening = listen(0)
    balancer.serve("booking", listening)
    front = Front(balancer, listening.getsockname())
    balancer.start()
    with running("home") as target:
        front.add_healthy(target)
        assert {"127.0.0.9"} == target.clients
        assert (200, b"home") == front.ask("/")[:2]
        assert {"127.0.0.9"} == target.clients
    balancer.stop()


def test_any_method_and_streamed_body(front: Front) -> None:
    """Unusual methods pass, HEAD has no body, and a body of unknown length is streamed in chunks."""
    with running("home") as target:
        front.add_healthy(target)
        purged = front.ask("/x", "PURGE")[:2]
        head = front.ask("/x", "HEAD")
        front.ask("/upload", "POST", iter([b"a" * 100_000, b"b" * 100_000]))

    assert (purged, head[:2], head[2]["Content-Length"]) == ((200, b"home"), (200, b""), "4")
    assert target.seen[-1][2] == b"a" * 100_000 + b"b" * 100_000


def test_expect_continue(front: Front) -> None:
    """A client that waits for 100 Continue gets it, and then its answer."""
    with running("home") as target, socket.create_connection(front.address, timeout=60) as client:
        front.add_healthy(target)
        client.sendall(b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
        first = client.recv(1000)
        client.sendall(b"hello")
        second = client.recv(1000)

    assert first.startswith(b"HTTP/1.1 100 ")
    assert second.startswith(b"HTTP/1.1 200 ")
    assert target.seen[0][2] == b"hello"


def test_healthy_targets_take_turns(front: Front) -> None:
    """Requests go to the healthy targets in turn, and to no unhealthy one."""
    with (
        running("one", "127.0.0.2") as one,
        running("two", "127.0.0.3") as two,
        running("sick", "127.0.0.4", health=500) as sick,
    ):
        for target in (one, two):
            front.add_healthy(target)
        front.add(sick)
        until(lambda: front.health(sick)[0] == "unhealthy")
        answers = [front.ask("/")[1] for _ in range(6)]

    assert sorted(answers) == [b"one"] * 3 + [b"two"] * 3


def test_fails_open(front: Front) -> None:
    """When no target is healthy, all are asked."""
    with running("one", "127.0.0.2", health=500) as one, running("two", "127.0.0.3", health=500) as two:
        for target in (one, two):
            front.add(target)
        until(lambda: {front.health(target)[0] for target in (one, two)} == {"unhealthy"})
        answers = {front.ask("/")[1] for _ in range(2)}

    assert answers == {b"one", b"two"}


def test_nobody_to_ask(front: Front, memory: FakeMemory) -> None:
    """503 without a registered target and without a listener, with a page that says so."""
    without_target = front.ask("/")
    memory.heard = None
    without_listener = front.ask("/")

    assert (without_target[0], without_listener[0]) == (503, 503)
    assert b"<title>503 Service Unavailable</title>" in without_target[1]


def test_target_that_fails(front: Front, memory: FakeMemory) -> None:
    """502 when nothing listens at the target, 504 when it does not answer within the idle timeout."""
    front.balancer.register(GROUP.arn, "127.0.0.9", 1)
    refused = front.ask("/")[0]
    front.balancer.deregister(GROUP.arn, "127.0.0.9", 1)
    memory.heard = Listener(TO_HOME, (), idle_timeout_seconds=0.2)
    with running("slow") as target:
        front.add_healthy(target)
        slow = front.ask("/slow")[0]

    assert (refused, slow) == (502, 504)


def test_answer_that_breaks_off(front: Front) -> None:
    """An answer that breaks off in the middle breaks off for the client too."""
    with running("home") as target:
        front.add_healthy(target)
        with pytest.raises((http.client.IncompleteRead, ConnectionResetError)):
            front.ask("/cut")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"health": 404}, ("Target.ResponseCodeMismatch", "Health checks failed with these codes: [404]")),
        ({"delay_seconds": 0.5}, ("Target.Timeout", "Request timed out")),
    ],
)
def test_reasons(front: Front, settings: dict[str, Any], words: tuple[str, str]) -> None:
    """A target that fails its checks is unhealthy, with the reason and the words of AWS."""
    with running("sick", **settings) as target:
        front.add(target)
        until(lambda: front.health(target)[0] == "unhealthy")
        health = front.health(target)

    assert health == ("unhealthy", *words)


def test_refused_connection(front: Front) -> None:
    """A target at which nothing listens has failed its health checks."""
    front.balancer.register(GROUP.arn, "127.0.0.9", 1)
    until(lambda: front.balancer.health(GROUP.arn, "127.0.0.9", 1)[0] == "unhealthy")
    words = ("unhealthy", "Target.FailedHealthChecks", "Health checks failed")

    assert front.balancer.health(GROUP.arn, "127.0.0.9", 1) == words


def test_first_probe_is_immediate(front: Front, memory: FakeMemory) -> None:
    """A target is probed when it is registered, not an interval later, and one pass makes it healthy."""
    memory.groups[GROUP.arn] = replace(GROUP, health_check=replace(CHECK, interval_seconds=1200, healthy_threshold=5))
    with running("home") as target:
        front.add_healthy(target)

    assert target.probes == 1


def test_recovers_and_tells(front: Front) -> None:
    """A target that gets well is healthy again after the threshold; each change of state is told."""
    told: list[str] = []
    with running("home") as target:
        front.balancer.on_health_change = lambda: told.append(front.health(target)[0])
        front.add_healthy(target)
        target.health = 500
        until(lambda: front.health(target)[0] == "unhealthy")
        target.health = 200
        until(lambda: front.health(target)[0] == "healthy")

    assert told == ["initial", "healthy", "unhealthy", "healthy"]


def test_group_without_listener(front: Front, memory: FakeMemory) -> None:
    """Targets of a group that no listener uses are unused and not probed; once one does, they are."""
    heard, memory.heard = memory.heard, None
    with running("home") as target:
        front.add(target)
        before = (front.health(target)[:2], front.balancer.has_listener(GROUP.arn), target.probes)
        memory.heard = heard
        until(lambda: front.health(target)[0] == "healthy")

    assert before == (("unused", "Target.NotInUse"), False, 0)
    assert (front.balancer.has_listener(GROUP.arn), front.balancer.has_listener("arn:none")) == (True, None)


def test_draining(front: Front) -> None:
    """A deregistered target gets nothing new, finishes what it has, and is gone after the delay."""
    answers: list[tuple[int, bytes]] = []
    with running("old", "127.0.0.2") as old, running("new", "127.0.0.3") as new:
        front.add_healthy(old)
        in_flight = threading.Thread(target=lambda: answers.append(front.ask("/slow")[:2]))
        in_flight.start()
        old.asked_slowly.wait(60)
        front.add_healthy(new)
        front.balancer.deregister(GROUP.arn, old.ip, old.port)
        draining = (front.health(old)[:2], front.balancer.is_drained(GROUP.arn, old.ip, old.port))
        later = {front.ask("/")[1] for _ in range(4)}
        old.let_go.set()
        in_flight.join()
        until(lambda: front.balancer.is_drained(GROUP.arn, old.ip, old.port))
        until(lambda: front.health(old)[:2] == ("unused", "Target.NotRegistered"))

    assert draining == (("draining", "Target.DeregistrationInProgress"), False)
    assert (later, answers) == ({b"new"}, [(200, b"old")])


def test_replacing_a_target_loses_no_request(front: Front) -> None:
    """While targets are replaced one after the other, and stopped once drained, no request fails."""
    statuses: list[int] = []
    done = threading.Event()

    def ask_on() -> None:
        while not done.is_set():
            statuses.append(front.ask("/")[0])

    with running("0", "127.0.0.10") as last:
        front.add_healthy(last)
        client = threading.Thread(target=ask_on)
        client.start()
        for number in range(1, 4):
            with running(str(number), f"127.0.0.{10 + number}") as target:
                front.add_healthy(target)
                front.balancer.deregister(GROUP.arn, target.ip, target.port)
                until(lambda at=target: front.balancer.is_drained(GROUP.arn, at.ip, at.port))  # type: ignore[misc]
        done.set()
        client.join()

    assert set(statuses) == {200}


def test_last_target_drains(front: Front) -> None:
    """A target that drains is not asked again, even when no other is registered."""
    with running("home") as target:
        front.add_healthy(target)
        front.balancer.deregister(GROUP.arn, target.ip, target.port)

        assert front.ask("/")[0] == 503


def test_register_again_while_draining(front: Front) -> None:
    """A draining target that is registered again starts anew."""
    with running("home") as target:
        front.add_healthy(target)
        front.balancer.deregister(GROUP.arn, target.ip, target.port)
        front.add_healthy(target)

        assert front.ask("/")[1] == b"home"


def test_api(front: Front) -> None:
    """The API registers on the group's port unless told another, and describes what is asked for."""
    with running("home") as target:
        wanted = {"Id": target.ip, "Port": target.port}
        request = {"TargetGroupArn": GROUP.arn, "Targets": [wanted]}
        front.balancer.handle("RegisterTargets", request)
        until(lambda: front.health(target)[0] == "healthy")
        described = front.balancer.handle("DescribeTargetHealth", {"TargetGroupArn": GROUP.arn})
        strange = front.balancer.handle("DescribeTargetHealth", {**request, "Targets": [{"Id": "127.9.9.9"}]})
        front.balancer.handle("DeregisterTargets", {**request, "Targets": [{"Id": target.ip}]})
        drains = front.balancer.handle("DescribeTargetHealth", request)

    assert described["TargetHealthDescriptions"] == [
        {"Target": wanted, "HealthCheckPort": str(target.port), "TargetHealth": {"State": "healthy"}}
    ]
    assert strange["TargetHealthDescriptions"][0]["TargetHealth"]["Reason"] == "Target.NotRegistered"
    assert strange["TargetHealthDescriptions"][0]["Target"] == {"Id": "127.9.9.9", "Port": 80}
    assert drains["TargetHealthDescriptions"][0]["TargetHealth"]["State"] == "draining"


@pytest.mark.parametrize(
    ("operation", "request_", "code"),
    [
        ("RegisterTargets", {"TargetGroupArn": "arn:none", "Targets": []}, "TargetGroupNotFound"),
        ("RegisterTargets", {"TargetGroupArn": GROUP.arn, "Targets": [{"Id": "i-123"}]}, "ValidationError"),
        ("DescribeRules", {}, "InvalidAction"),
    ],
)
def test_api_refuses(front: Front, operation: str, request_: dict[str, Any], code: str) -> None:
    """Unknown groups, ids that are no address, and other operations are refused."""
    with pytest.raises(AwsFault) as refused:
        front.balancer.handle(operation, request_)

    assert refused.value.code == code


def test_a_target_group_belongs_to_one_load_balancer(front: Front) -> None:
    """A rule of another load balancer for a target group in use is refused; of the same one it may be made."""
    asked = {"Actions": [{"Type": "forward", "TargetGroupArn": GROUP.arn}]}
    assert {} == front.balancer.handle("CreateRule", {**asked, "ListenerArn": "arn:listener/app/booking/1/2"})
    with pytest.raises(AwsFault, match="TargetGroupAssociationLimit"):
        front.balancer.handle("CreateRule", {**asked, "ListenerArn": "arn:listener/app/other/1/2"})


def test_fixed_response_and_redirect(front: Front, memory: FakeMemory) -> None:
    """A listener answers a fixed response or a redirect by itself."""
    fixed = {"StatusCode": "404", "ContentType": "text/plain", "MessageBody": "no route"}
    redirect = Action("redirect", settings={"StatusCode": "HTTP_301", "Path": "/new/#{path}", "Port": "81"})
    to_new = Rule(1, (Condition("path-pattern", ("/old*",)),), redirect)
    memory.heard = Listener(Action("fixed-response", settings=fixed), (to_new,))
    answered = front.ask("/x")
    moved = front.ask("/old/a?b=c")

    assert (answered[0], answered[1], answered[2].get_content_type()) == (404, b"no route", "text/plain")
    assert (moved[0], moved[2]["Location"]) == (301, "http://127.0.0.1:81/new/old/a?b=c")


ASKED = Asked("GET", "Booking.test", "/home/1", "v=2", {"x-who": "Me"}, "127.0.0.1")


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        (Condition("path-pattern", ("/home*",)), True),
        (Condition("path-pattern", ("/home/?",)), True),
        (Condition("path-pattern", ("/home",)), False),
        (Condition("path-pattern", ("/Home*",)), False),
        (Condition("path-pattern", ("/other", "/home/1")), True),
        (Condition("path-pattern", ("/home.1",)), False),
        (Condition("host-header", ("*.TEST",)), True),
        (Condition("host-header", ("test",)), False),
        (Condition("http-request-method", ("GET", "HEAD")), True),
        (Condition("http-request-method", ("POST",)), False),
        (Condition("http-header", ("m?",), header="X-Who"), True),
        (Condition("http-header", ("*",), header="X-Other"), False),
        (Condition("query-string", (("v", "2"),)), True),
        (Condition("query-string", (("", "3"),)), False),
        (Condition("source-ip", ("127.0.0.0/8",)), True),
        (Condition("source-ip", ("10.0.0.0/8",)), False),
        (Condition("of-tomorrow", ("x",)), False),
    ],
)
def test_conditions(condition: Condition, *, holds: bool) -> None:
    """Paths match with * and ? in their letter case, hosts and headers in any, and any one value is enough."""
    listener = Listener(Action("default"), (Rule(1, (condition,), TO_HOME),))

    assert action_for(ASKED, listener) == (TO_HOME if holds else listener.default_action)


def test_first_rule_wins() -> None:
    """The first rule whose conditions all hold decides; one that holds only in part does not."""
    path, host = Condition("path-pattern", ("/home*",)), Condition("host-header", ("other.test",))
    rules = (Rule(1, (path, host), Action("partly")), Rule(2, (path,), Action("first")), Rule(3, (path,), TO_HOME))

    assert action_for(ASKED, Listener(Action("default"), rules)) == Action("first")


def test_weights() -> None:
    """A group of weight 0 gets nothing; without any weight there is no group."""
    drawn = {group_for(Action("forward", (("arn:a", 1), ("arn:b", 3), ("arn:c", 0)))) for _ in range(100)}

    assert drawn == {"arn:a", "arn:b"}
    assert group_for(Action("forward", (("arn:a", 0),))) is None


def test_redirect_keeps_what_it_does_not_change() -> None:
    """A redirect keeps protocol, host, port, path and query unless it names others."""
    redirect = Action("redirect", settings={"Protocol": "HTTPS", "Port": "443"})

    assert redirect_location(redirect, ASKED, 80) == "https://Booking.test:443/home/1?v=2"


@pytest.mark.parametrize(
    ("matcher", "status", "expected"),
    [("200", 200, True), ("200", 201, False), ("200,301", 301, True), ("200-399", 302, True), ("200-399", 404, False)],
)
def test_matcher(matcher: str, status: int, *, expected: bool) -> None:
    """A matcher is a status, several, or a range."""
    assert matches(status, matcher) == expected


def test_thresholds() -> None:
    """One pass makes a new target healthy; the second failure in a row unhealthy; the second pass healthy again."""
    health, states = CHECKING, []
    for said in (FAILED, PASSED, FAILED, PASSED, FAILED, FAILED, PASSED, FAILED, PASSED, PASSED):
        health = after_probe(health, said, CHECK)
        states.append(health.state)

    assert states == ["initial", *["healthy"] * 4, *["unhealthy"] * 4, "healthy"]


def test_a_new_target_may_boot() -> None:
    """While a new target may boot, its failures count but do not decide; one that was healthy is not spared."""
    check = GROUP.health_check
    booting = CHECKING
    for _ in range(5):
        booting = after_probe(booting, FAILED, check, may_boot=True)
    was_healthy = after_probe(after_probe(PASSED, FAILED, check, may_boot=True), FAILED, check, may_boot=True)

    assert "initial" == booting.state
    assert "unhealthy" == after_probe(booting, FAILED, check).state
    assert "unhealthy" == was_healthy.state


@mock_aws
def test_moto_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """What AWS's client wrote about listeners, rules and target groups is read back as the balancer's values."""
    monkeypatch.setenv("MOTO_ACCOUNT_ID", "123456789012")  # a local cloud that ran in this process has left its own
    keys: dict[str, Any] = {"region_name": "us-east-1", "aws_access_key_id": "local", "aws_secret_access_key": "local"}
    ec2, elb = boto3.client("ec2", **keys), boto3.client("elbv2", **keys)
    subnets = [one["SubnetId"] for one in ec2.describe_subnets()["Subnets"][:2]]
    balancer = elb.create_load_balancer(Name="booking", Subnets=subnets)["LoadBalancers"][0]["LoadBalancerArn"]
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]

    def group(name: str) -> str:
        created = elb.create_target_group(
            Name=name, Protocol="HTTP", Port=5000, VpcId=vpc, TargetType="ip", HealthCheckPath="/home",
            HealthCheckIntervalSeconds=10, HealthCheckTimeoutSeconds=5, HealthyThresholdCount=2,
            UnhealthyThresholdCount=3, Matcher={"HttpCode": "200-299"},
        )  # fmt: skip
        return str(created["TargetGroups"][0]["TargetGroupArn"])

    home, users, spare = group("home"), group("users"), group("spare")
    elb.modify_target_group_attributes(
        TargetGroupArn=home, Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": "30"}]
    )
    fixed: Any = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404", "MessageBody": "no route"}}
    listener = elb.create_listener(LoadBalancerArn=balancer, Protocol="HTTP", Port=80, DefaultActions=[fixed])
    weighted: Any = [{"TargetGroupArn": home, "Weight": 3}, {"TargetGroupArn": users, "Weight": 1}]
    for priority, condition, action in (
        (20, {"Field": "path-pattern", "Values": ["/home*"]}, {"Type": "forward", "TargetGroupArn": home}),
        (
            3,
            {"Field": "host-header", "HostHeaderConfig": {"Values": ["a.test"]}},
            {"Type": "forward", "ForwardConfig": {"TargetGroups": weighted}},
        ),
    ):
        rule: Any = {"Conditions": [condition], "Actions": [action]}
        elb.create_rule(ListenerArn=listener["Listeners"][0]["ListenerArn"], Priority=priority, **rule)
    memory = MotoMemory("123456789012")
    heard = memory.listener("booking", 80)

    assert heard is not None
    assert (heard.default_action.type, heard.default_action.settings["MessageBody"]) == ("fixed-response", "no route")
    assert [(rule.priority, rule.conditions, rule.action.target_groups) for rule in heard.rules] == [
        (3, (Condition("host-header", ("a.test",)),), ((home, 3), (users, 1))),
        (20, (Condition("path-pattern", ("/home*",)),), ((home, 1),)),
    ]
    assert memory.groups_in_use() == {home, users}
    assert {"booking"} == {memory.load_balancer_of(group) for group in (home, users)}
    check = HealthCheck("/home", "traffic-port", "200-299", 10, 5, 2, 3)
    assert memory.target_group(home) == TargetGroup(home, 5000, check, 30)
    assert (memory.target_group(spare + "x"), memory.listener("booking", 81)) == (None, None)
