"""HTTP servers of the local cloud: how they end."""

import socket
from collections.abc import Iterable
from threading import Event, Thread

import pytest

from localcloud.ports import listen
from localcloud.wsgi_server import Environ, StartResponse, WsgiServer


def test_an_answer_under_way_at_the_end(caplog: pytest.LogCaptureFixture) -> None:
    """A server that stops while it answers closes the caller's connection, and whoever answers meets no error."""
    asked, ends = Event(), Event()

    def slow(_environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        asked.set()
        assert ends.wait(60)
        server._server.pull_trigger()  # as waitress does once it has something to send
        start_response("200 OK", [("Content-Length", "2")])
        return [b"ok"]

    server = WsgiServer(slow, listen(0), threads=1)
    server.start()
    with socket.create_connection(("127.0.0.1", server.port), 60) as caller:
        caller.sendall(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
        assert asked.wait(60)
        stops = Thread(target=server.stop)
        stops.start()
        assert b"" == caller.recv(1)
    ends.set()
    stops.join(60)
    assert ([], False) == (caplog.records, stops.is_alive())
