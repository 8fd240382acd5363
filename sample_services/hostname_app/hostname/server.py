"""Shows the name of the host that answers, and a quote that it asks a private service for."""

import json
import os
import signal
import sys
import urllib.request

from flask import Flask
from waitress import create_server

app = Flask(__name__)


@app.get("/")
def hostname() -> dict[str, str]:
    return {"hostname": os.environ["HOSTNAME"]}


@app.get("/random-quote/")
def random_quote() -> dict[str, str]:
    with urllib.request.urlopen(os.environ["RANDOM_QUOTE_URL"], timeout=5) as answer:
        quote: dict[str, str] = json.load(answer)
        return quote


if __name__ == "__main__":
    server = create_server(app, host="0.0.0.0", port=8080)  # noqa: S104  a container listens on every address of its own
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    server.run()
