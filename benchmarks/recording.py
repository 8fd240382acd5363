"""Who asks ECS how much: a relay in front of the AWS endpoint that counts calls by access key.

Slipway and the peers are sent through it (AWS_ENDPOINT_URL_ECS, AWS_ENDPOINT_URL); who observes asks the endpoint.
"""

import contextlib
import re
import threading
from collections import Counter
from collections.abc import Iterator
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.local.local_cloud import LocalCloud, free_ports, local_cloud

HOST = "127.0.0.1"
READS = ("Describe", "List")
OF_THE_HOP = {"connection", "transfer-encoding", "content-length", "server", "date"}


class Calls:
    """The calls so far, by access key and operation; `url` is where to send them."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._seen: Counter[tuple[str, str]] = Counter()
        self._lock = threading.Lock()

    def saw(self, caller: str, operation: str) -> None:
        """Count one call."""
        with self._lock:
            self._seen[caller, operation] += 1

    def reads(self, caller: str) -> int:
        """Return how often a caller has read from ECS."""
        with self._lock:
            return sum(n for (who, what), n in self._seen.items() if who == caller and what.startswith(READS))


@contextlib.contextmanager
def recorded_cloud(speed: float) -> Iterator[tuple[LocalCloud, Calls]]:
    """Run a local cloud whose Slipway asks ECS through the relay."""
    ports = free_ports()
    with (
        relay(int(ports["SLIPWAY_AWS_PORT"])) as calls,
        local_cloud(**ports, SLIPWAY_SPEED=str(speed), AWS_ENDPOINT_URL_ECS=calls.url) as cloud,
    ):
        yield cloud, calls


@contextlib.contextmanager
def relay(aws_port: int) -> Iterator[Calls]:
    """Hand calls on to the endpoint at a port of this machine, counting them."""
    with ThreadingHTTPServer((HOST, 0), BaseHTTPRequestHandler) as server:
        calls = Calls(f"http://{HOST}:{server.server_port}")
        server.daemon_threads = True
        server.RequestHandlerClass = handler(calls, aws_port)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield calls
        finally:
            server.shutdown()


def handler(calls: Calls, aws_port: int) -> type[BaseHTTPRequestHandler]:
    """Return the handler of a connection, which counts each call and then hands it on."""

    class Relay(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # one packet for each answer: two wait for each other's acknowledgement, 40 ms
        disable_nagle_algorithm = True

        def setup(self) -> None:
            super().setup()
            self.endpoint = HTTPConnection(HOST, aws_port)

        def finish(self) -> None:
            super().finish()
            self.endpoint.close()

        def do_POST(self) -> None:
            calls.saw(*_caller_and_operation(self.headers["Authorization"], self.headers["X-Amz-Target"]))
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.endpoint.request("POST", self.path, body, dict(self.headers))
            answer = self.endpoint.getresponse()
            text = answer.read()
            self.send_response_only(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in OF_THE_HOP:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  http.server's own signature
            pass

    return Relay


def _caller_and_operation(authorization: str, target: str) -> tuple[str, str]:
    found = re.search(r"Credential=([^/]+)/", authorization or "")
    return found[1] if found else "", (target or "").rpartition(".")[2]
