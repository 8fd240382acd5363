"""The first page of the booking app: counts its hits in Redis, and shows what movie says as soon as there is one."""

import json
import os
import signal
import sys
import urllib.request

from flask import Flask
from redis import Redis
from redis.backoff import ConstantBackoff
from redis.exceptions import ConnectionError as NoConnection
from redis.retry import Retry
from waitress import create_server

retry = Retry(ConstantBackoff(0.5), 5, (NoConnection,))
counter = Redis(host=os.environ["REDIS_HOST"], port=6379, socket_timeout=2, retry=retry)
app = Flask(__name__)


@app.get("/home")
def home() -> dict[str, object]:
    return {"service": "home", "host": os.environ["HOSTNAME"], "hits": counter.incr("hits:home")}


@app.get("/home/movie")
def movie() -> dict[str, object]:
    return {"service": "home", "movie": ask_movie()}


def ask_movie() -> dict[str, object] | None:
    try:
        with urllib.request.urlopen(os.environ["MOVIE_URL"], timeout=5) as answer:
            found: dict[str, object] = json.load(answer)
            return found
    except OSError:  # the app lives without it: movie came later than home
        return None


if __name__ == "__main__":
    server = create_server(app, host="0.0.0.0", port=5000)  # noqa: S104  a container listens on every address of its own
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    server.run()
