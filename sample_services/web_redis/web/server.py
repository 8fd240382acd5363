"""Counts its visits in Redis, and says at which address it was visited."""

import os
import signal
import socket
import sys

from flask import Flask, request
from redis import Redis
from waitress import create_server

counter = Redis(host=os.environ["REDIS_HOST"], port=int(os.environ["REDIS_PORT"]), socket_timeout=2)
app = Flask(__name__)


@app.get("/home")
def home() -> dict[str, object]:
    return {"ip": own_address(), "visits": counter.incr("visits")}


def own_address() -> str:
    """Return the address that answers the caller: the one from which a packet to the caller leaves."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect((request.remote_addr, 9))
        return str(probe.getsockname()[0])


if __name__ == "__main__":
    server = create_server(app, host="0.0.0.0", port=8000)  # noqa: S104  a container listens on every address of its own
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    server.run()
