"""The page that people see, and the way from their browser to the API, which only this service reaches."""

import os
import signal
import sys
import urllib.error
import urllib.request

from flask import Flask, Response, request, send_file
from waitress import create_server

POSTS = os.environ["API_URL"] + "/posts"

app = Flask(__name__)


@app.get("/")
def page() -> Response:
    return send_file("index.html")


@app.route("/posts", methods=["GET", "POST"])
def posts() -> Response:
    headers = {"Content-Type": request.content_type or "application/json"}
    asked = urllib.request.Request(POSTS, request.get_data() or None, headers, method=request.method)
    try:
        with urllib.request.urlopen(asked, timeout=5) as answer:
            return Response(answer.read(), answer.status, content_type=answer.headers["Content-Type"])
    except urllib.error.HTTPError as error:
        with error:
            return Response(error.read(), error.code, content_type=error.headers["Content-Type"])


if __name__ == "__main__":
    server = create_server(app, host="0.0.0.0", port=3000)  # noqa: S104  a container listens on every address of its own
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    server.run()
