# mypy: allow-untyped-calls
# (waitress carries no annotations)
"""HTTP on a loopback port: a WSGI callable behind waitress, started and stopped cleanly.

The front door and the gateway are both served by this.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from socket import socket
from threading import Event, Thread
from typing import Any

from waitress import wasyncore
from waitress.server import create_server
from waitress.task import ThreadedTaskDispatcher

from localcloud.ports import BACKLOG

Environ = dict[str, Any]
StartResponse = Callable[[str, list[tuple[str, str]]], Any]
WsgiApplication = Callable[[Environ, StartResponse], Iterable[bytes]]

# Every boto3 client keeps connections open; waitress stops accepting at 100 unless told otherwise.
CONNECTION_LIMIT = 4096
LOOK_SECONDS = 1.0


@dataclass(frozen=True)
class HttpAnswer:
    """A whole HTTP answer: status, headers in order, body."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def send(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Write this answer; one to HEAD, and a 204 or 304, goes without its body."""
        bodiless = self.status in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)
        length = [] if bodiless else [("Content-Length", str(len(self.body)))]
        start_response(f"{self.status} {_phrase(self.status)}", [*self.headers, *length])
        return [] if bodiless or environ["REQUEST_METHOD"] == "HEAD" else [self.body]


def wsgi_answer(application: WsgiApplication, environ: Environ) -> HttpAnswer:
    """Return what an application answers, whole."""
    begun: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], _error: Any = None) -> Callable[[bytes], None]:
        begun.append((status, headers))
        return lambda _chunk: None

    chunks = application(environ, start_response)
    body = b"".join(chunks)
    if close := getattr(chunks, "close", None):
        close()
    status, headers = begun[-1]
    kept = tuple((name, value) for name, value in headers if name.lower() != "content-length")
    return HttpAnswer(int(status.split()[0]), kept, body)


class WsgiServer:
    """Serve `application` on the socket `listening` with `threads` threads, and more when all wait."""

    def __init__(self, application: WsgiApplication, listening: socket, *, threads: int) -> None:
        self._application = application
        self._listening = listening
        self._threads = threads
        self._channels: dict[int, Any] = {}
        self._stopping = Event()
        self.host, self.port = listening.getsockname()

    @property
    def url(self) -> str:
        """Return the base URL, without a trailing slash."""
        return f"http://{self.host}:{self.port}"

    def start(self) -> None:
        """Serve in the background."""
        self._dispatcher = _GrowingDispatcher()
        self._server = create_server(
            self._application,
            map=self._channels,
            _dispatcher=self._dispatcher,
            sockets=[self._listening],
            backlog=BACKLOG,
            connection_limit=CONNECTION_LIMIT,
            clear_untrusted_proxy_headers=False,
            ident=None,
        )
        self._dispatcher.set_thread_count(self._threads)
        self._loop = Thread(target=self._run, name=f"http-{self.port}", daemon=True)
        self._loop.start()

    def stop(self) -> None:
        """Close every socket and end every thread; an answer under way has 5 seconds to end."""
        self._stopping.set()
        self._server.trigger.pull_trigger()
        self._loop.join()
        self._dispatcher.shutdown()
        self._server.trigger.close()

    def _run(self) -> None:
        """Serve, and in the end close the sockets: they belong to this thread. Who still answers needs the trigger."""
        while not self._stopping.is_set():
            # poll, for select() ends at file descriptor 1024
            wasyncore.loop(timeout=LOOK_SECONDS, use_poll=True, map=self._channels, count=1)
        kept = (self._server, self._server.trigger)
        channels = {number: each for number, each in self._channels.items() if each not in kept}
        wasyncore.close_all(channels, ignore_all=True)
        wasyncore.dispatcher.close(self._server)  # its own close() would close the trigger, too


class _GrowingDispatcher(ThreadedTaskDispatcher):
    """Start another thread when a request would have to wait for one.

    A Lambda function that runs in one thread calls AWS, which another must answer: a fixed number deadlocks.
    """

    def add_task(self, task: Any) -> None:
        """Hand `task` to a thread that is free, making one if none is."""
        with self.lock:
            self.queue.append(task)
            self.queue_cv.notify()
            needed = self.active_count + len(self.queue)
            stopping = self.stop_count > 0
        if needed > len(self.threads) and not stopping:
            self.set_thread_count(needed)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Status"
