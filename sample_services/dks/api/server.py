"""Keeps what people share, in PostgreSQL: GET and POST /posts; /health is about the database too."""

import os
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import closing

import pg8000.native
from flask import Flask, request
from waitress import create_server

TABLE = "CREATE TABLE IF NOT EXISTS posts (id serial PRIMARY KEY, title text NOT NULL, author text NOT NULL)"

app = Flask(__name__)


@app.get("/health")
def health() -> dict[str, str]:
    query("SELECT 1")
    return {"status": "ok"}


@app.get("/posts")
def posts() -> list[dict[str, object]]:
    return [post(*row) for row in query("SELECT id, title, author FROM posts ORDER BY id")]


@app.post("/posts")
def share() -> tuple[dict[str, object], int]:
    asked = request.get_json()
    insert = "INSERT INTO posts (title, author) VALUES (:title, :author) RETURNING id, title, author"
    [row] = query(insert, title=asked["title"], author=asked["author"])
    return post(*row), 201


def post(number: int, title: str, author: str) -> dict[str, object]:
    return {"id": number, "title": title, "author": author}


def query(sql: str, **values: object) -> Sequence[Sequence[object]]:
    with closing(connect()) as connection:
        return connection.run(sql, **values) or []


def connect() -> pg8000.native.Connection:
    return pg8000.native.Connection(
        os.environ["DB_ROLE_NAME"],
        host=os.environ["DB_HOST"],
        port=int(os.environ["DB_PORT"]),
        database=os.environ["DB_NAME"],
        password=os.environ["DB_ROLE_PASSWORD"],
        timeout=5,
    )


def make_table(attempts: int = 30) -> None:
    """Make the table, once the database lets us: it may be starting itself."""
    for attempt in range(1, attempts + 1):
        try:
            query(TABLE)
        except (OSError, pg8000.native.Error):
            if attempt == attempts:
                raise
            time.sleep(1)
        else:
            return


if __name__ == "__main__":
    make_table()
    server = create_server(app, host="0.0.0.0", port=3000)  # noqa: S104  a container listens on every address of its own
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    server.run()
