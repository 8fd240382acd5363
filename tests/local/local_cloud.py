"""A local cloud in a process of its own, as `make up` starts it, and what a user does with it."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import Any, TypeVar

from localcloud.account import Account
from tests.local.forked import Forked

ROOT = Path(__file__).resolve().parents[2]
ECS_PRACTICE = ROOT / "sample_services" / "ecs_practice" / "slipway.yaml"
ENDED = ("succeeded", "failed", "rolled_back", "superseded", "cancelled", "timed_out")
PATIENCE_SECONDS = 90
FREE_PORTS = dict.fromkeys(("SLIPWAY_API_PORT", "SLIPWAY_AWS_PORT", "SLIPWAY_ALB_PORT"), "0")
T = TypeVar("T")
Program = subprocess.Popen[str] | Forked


@dataclass(frozen=True)
class HttpAnswer:
    """An answer of the API; `document` is its JSON."""

    status: int
    headers: Message
    document: dict[str, Any]


@dataclass(frozen=True)
class LocalCloud:
    """A running local cloud; `process` is `python -m localcloud up`, and `log` what Slipway's functions print."""

    process: Program
    url: str
    aws: str
    balancer: str
    dns: tuple[str, int]
    network: str
    log: list[str]

    def ask(
        self, method: str, path: str, body: bytes | None = None, token: str | None = "local-admin", **headers: str
    ) -> HttpAnswer:
        """Send one request; header names are written with underscores."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if token:
            sent["Authorization"] = f"Bearer {token}"
        request = urllib.request.Request(self.url + path, body, sent, method=method)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
                return HttpAnswer(answer.status, answer.headers, json.load(answer))
        except urllib.error.HTTPError as error:
            with error:
                text = error.read()
                return HttpAnswer(error.code, error.headers, json.loads(text) if text else {})

    def post(self, manifest: Mapping[str, Any], **headers: str) -> HttpAnswer:
        """POST a manifest as JSON."""
        body = json.dumps(manifest).encode()
        return self.ask("POST", "/deployments", body, **{"Content_Type": "application/json", **headers})

    def deploy(self, manifest: Mapping[str, Any]) -> dict[str, Any]:
        """POST a manifest that must be accepted, and return the deployment as it ended."""
        accepted = self.post(manifest)
        assert 202 == accepted.status, accepted.document
        return self.ended(accepted.document["id"])

    def ended(self, deployment_id: str, seconds: float = PATIENCE_SECONDS) -> dict[str, Any]:
        """Return a deployment when it has ended."""
        return wait_for(lambda: self._if_ended(deployment_id), seconds)

    def _if_ended(self, deployment_id: str) -> dict[str, Any] | None:
        document = self.ask("GET", f"/deployments/{deployment_id}").document
        return document if document["status"] in ENDED else None

    def client(self, service: str) -> Any:
        """Return a boto3 client of the local account."""
        return Account(self.aws).client(service)

    def visit(self, path: str) -> dict[str, Any]:
        """GET a path through the load balancer."""
        with urllib.request.urlopen(self.balancer + path, timeout=60) as answer:
            document: dict[str, Any] = json.load(answer)
            return document


FASTER = {"SLIPWAY_SPEED": "20"}
"""What a test wants unless it says otherwise: little time. Slipway's reads may be stale there, a test's own are not."""


@contextlib.contextmanager
def local_cloud(*, forked: bool = True, **variables: str) -> Iterator[LocalCloud]:
    """Run a local cloud on free ports; at the end it is interrupted, and must end by itself.

    It is forked off a process that has imported everything, unless it is to be `make up` to the letter.
    """
    process = start({**FASTER, **os.environ, **FREE_PORTS, **variables}, forked=forked)
    printed = _Printed(process)
    try:
        yield _cloud(process, printed)
    finally:
        process.send_signal(signal.SIGINT)
        _end(process)
        printed.close()


def start(environment: Mapping[str, str], *, forked: bool = True) -> Program:
    """Start a local cloud."""
    if forked:
        return Forked(environment)
    command = [sys.executable, "-m", "localcloud", "up"]
    return subprocess.Popen(
        command, cwd=ROOT, env={**environment, "PYTHONFAULTHANDLER": "1"}, stdout=subprocess.PIPE, text=True
    )


def _end(process: Program) -> None:
    try:
        process.wait(timeout=60)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGABRT)  # its fault handler prints where each thread waits
        raise


class _Printed:
    """What a program prints, read as it comes: a pipe that nobody reads fills up, and whoever prints waits."""

    def __init__(self, process: Program) -> None:
        assert process.stdout
        self._output = process.stdout
        self.first_line = self._output.readline()
        self.lines = list[str]()
        self._thread = threading.Thread(target=lambda: self.lines.extend(self._output), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Read what is left of a program that has ended."""
        self._thread.join(60)
        self._output.close()


def _cloud(process: Program, printed: _Printed) -> LocalCloud:
    found = re.fullmatch(
        r"ready API (\S+) AWS (\S+) load balancers (http://[^:]+:\d+)-\d+ DNS ([^:]+):(\d+) network (\w+) .*\n",
        printed.first_line,
    )
    assert found, printed.first_line
    dns = found[4], int(found[5])
    return LocalCloud(process, found[1], found[2], found[3], dns, found[6], printed.lines)


def wait_for(look: Callable[[], T | None], seconds: float = PATIENCE_SECONDS) -> T:
    """Return what `look` finds, as soon as it finds something."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if (found := look()) is not None:
            return found
        time.sleep(0.1)
    raise AssertionError(f"nothing found in {seconds} s")


@contextlib.contextmanager
def visitors(url: str, count: int = 3) -> Iterator[Counter[str]]:
    """Ask a URL every few milliseconds meanwhile; the counter holds every status, and every failure by its words."""
    seen: Counter[str] = Counter()
    stop = threading.Event()
    threads = [threading.Thread(target=_visit_until, args=(url, stop, seen)) for _ in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _visit_until(url: str, stop: threading.Event, seen: Counter[str]) -> None:
    while not stop.wait(0.01):
        try:
            with urllib.request.urlopen(url, timeout=60) as answer:
                answer.read()
                seen[str(answer.status)] += 1
        except OSError as error:
            seen[repr(error)] += 1


def hello(application: str, **changes: Any) -> dict[str, Any]:
    """Return the manifest of one `hello` service behind the load balancer, at /<application>."""
    service = {
        "image": "actors-hello:1",
        "port": 8080,
        "environment": {"GREETING": "hello"},
        "route": {
            "path": f"/{application}*",
            "health_check": {"interval": 5, "timeout": 2},
            "deregistration_delay": 10,
        },
    }
    return {
        "application": application,
        "load_balancer": {"name": "slipway", "port": 80},
        "services": {"hello": {**service, **changes}},
    }
