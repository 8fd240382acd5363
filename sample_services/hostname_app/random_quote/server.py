"""The private service: a random quote on programming."""

import random
import signal
import sys

from flask import Flask
from waitress import create_server

QUOTES = (
    ("Donald Knuth", "Premature optimization is the root of all evil."),
    ("Edsger Dijkstra", "Simplicity is prerequisite for reliability."),
    ("Phil Karlton", "There are only two hard things in Computer Science: cache invalidation and naming things."),
    ("Rob Pike", "Data dominates."),
)

app = Flask(__name__)


@app.get("/")
def quote() -> dict[str, str]:
    author, text = random.choice(QUOTES)  # noqa: S311  it need not surprise an attacker
    return {"author": author, "quote": text}


if __name__ == "__main__":
    server = create_server(app, host="0.0.0.0", port=8080)  # noqa: S104  a container listens on every address of its own
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    server.run()
