"""The bus tickets of the booking app: says who answers, and counts its hits in Redis."""

import os
import signal
import sys

from flask import Flask
from redis import Redis
from redis.backoff import ConstantBackoff
from redis.exceptions import ConnectionError as NoConnection
from redis.retry import Retry
from waitress import create_server

retry = Retry(ConstantBackoff(0.5), 5, (NoConnection,))
counter = Redis(host=os.environ["REDIS_HOST"], port=6379, socket_timeout=2, retry=retry)
app = Flask(__name__)


@app.get("/bus")
def bus() -> dict[str, object]:
    return {"service": "bus", "host": os.environ["HOSTNAME"], "hits": counter.incr("hits:bus")}


if __name__ == "__main__":
    server = create_server(app, host="0.0.0.0", port=5000)  # noqa: S104  a container listens on every address of its own
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    server.run()
