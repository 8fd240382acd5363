"""The client of `cli/` asks again while what is wrong may pass, and is heard once."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from cli.client import ApiError, Client


class Api(ThreadingHTTPServer):
    """An API that answers with `statuses`, one after the other; None: it hangs up. `keys` has what it was sent."""

    def __init__(self, statuses: list[int | None]) -> None:
        super().__init__(("127.0.0.1", 0), Asked)
        self.statuses = statuses
        self.keys = list[str]()


class Asked(BaseHTTPRequestHandler):
    """One request."""

    server: Api

    def do_POST(self) -> None:
        """Answer with the next status."""
        self.server.keys.append(self.headers["Idempotency-Key"])
        status = self.server.statuses.pop(0)
        if status is None:
            self.close_connection = True
            return
        body = json.dumps({"id": "dep_1", "title": "Busy"}).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture
def api() -> Iterator[Api]:
    """Run an API."""
    with Api([]) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def client(api: Api) -> Client:
    """Return a client that asks three times, without a pause."""
    return Client(f"http://127.0.0.1:{api.server_port}/", "token", pauses_seconds=(0, 0))


@pytest.mark.parametrize("status", [429, 502, 503, 504, None])
def test_what_passes_is_asked_again(api: Api, status: int | None) -> None:
    """The same request comes again, with the same key, and its answer counts."""
    api.statuses += [status, status, 202]

    assert "dep_1" == client(api).deploy(b"{}")["id"]
    assert (3, 1) == (len(api.keys), len(set(api.keys)))


def test_it_is_told_in_the_end(api: Api) -> None:
    """What does not pass after all pauses is the last answer's problem."""
    api.statuses += [503, 503, 503]

    with pytest.raises(ApiError, match=r"^503 Busy"):
        client(api).deploy(b"{}")


@pytest.mark.parametrize("status", [400, 401, 404, 409, 500])
def test_what_does_not_pass_is_asked_once(api: Api, status: int) -> None:
    """A refusal is told at once."""
    api.statuses += [status]

    with pytest.raises(ApiError, match=f"^{status} Busy"):
        client(api).deploy(b"{}")
    assert 1 == len(api.keys)


def test_each_request_has_a_key_of_its_own(api: Api) -> None:
    """Two deployments of one manifest are two."""
    api.statuses += [202, 202]
    client(api).deploy(b"{}")
    client(api).deploy(b"{}")

    assert 2 == len(set(api.keys))
