"""The exposed service: says hello, and asks user-api for its users."""

import json
import os
import signal
import sys
import urllib.request

from flask import Flask, Response
from waitress import create_server

USERS = f"http://{os.environ['USER_API_HOST']}:{os.environ['USER_API_PORT']}/users"

app = Flask(__name__)


@app.get("/")
def hello() -> dict[str, str]:
    return {"message": os.environ.get("GREETING", "hello world")}


@app.get("/users")
def users() -> Response:
    with urllib.request.urlopen(USERS, timeout=5) as answer:
        found = json.load(answer)
    body = json.dumps({"count": len(found), "users": found})
    return Response(body, content_type="application/json")


if __name__ == "__main__":
    server = create_server(app, host="0.0.0.0", port=3000)  # noqa: S104  a container listens on every address of its own
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    server.run()
