"""The private service: makes up between ten and a hundred users."""

import json
import random
import signal
import sys

from flask import Flask, Response
from waitress import create_server

FIRST_NAMES = ("Ada", "Alan", "Barbara", "Edsger", "Frances", "Grace", "Ken", "Leslie", "Margaret", "Radia")
LAST_NAMES = ("Allen", "Dijkstra", "Hamilton", "Hopper", "Lamport", "Liskov", "Lovelace", "Perlman", "Thompson")

app = Flask(__name__)


@app.get("/")
def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/users")
def users() -> Response:
    count = random.randint(10, 100)  # noqa: S311  they are made up
    found = [{"firstName": random.choice(FIRST_NAMES), "lastName": random.choice(LAST_NAMES)} for _ in range(count)]  # noqa: S311
    return Response(json.dumps(found), content_type="application/json")


if __name__ == "__main__":
    server = create_server(app, host="0.0.0.0", port=3000)  # noqa: S104  a container listens on every address of its own
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    server.run()
