"""A GitHub on 127.0.0.1 that takes statuses, and refuses whatever is not in the shape of its documented schema.

https://docs.github.com/en/rest/deployments/statuses · https://docs.github.com/en/rest/commits/statuses ·
https://docs.github.com/en/rest/apps/apps#create-an-installation-access-token-for-an-app
"""

import contextlib
import json
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from jsonschema import Draft202012Validator

from tests.deliveries import SHA

TEXT = {"type": "string"}
URL = {"type": "string", "pattern": "^https?://"}
REPOSITORY = r"/repos/[\w.-]+/[\w.-]+"
SCHEMAS: dict[str, dict[str, Any]] = {
    REPOSITORY + r"/deployments/\d+/statuses": {
        "required": ["state"],
        "properties": {
            "state": {"enum": ["error", "failure", "inactive", "in_progress", "queued", "pending", "success"]},
            "target_url": TEXT,
            "log_url": URL,
            "description": {"type": "string", "maxLength": 140},
            "environment": TEXT,
            "environment_url": URL,
            "auto_inactive": {"type": "boolean"},
        },
    },
    REPOSITORY + r"/statuses/[0-9a-f]{40}": {
        "required": ["state"],
        "properties": {
            "state": {"enum": ["error", "failure", "pending", "success"]},
            "target_url": {"anyOf": [URL, {"type": "null"}]},
            "description": {"type": ["string", "null"], "maxLength": 140},
            "context": TEXT,
        },
    },
    r"/app/installations/\d+/access_tokens": {
        "properties": {"repositories": {"type": "array", "items": TEXT, "maxItems": 500}, "permissions": {}},
    },
}
FOUND: dict[str, dict[str, Any]] = {
    REPOSITORY + r"/commits/(heads|tags)/.+": {"sha": SHA},
    REPOSITORY + r"/installation": {"id": 7},
}
MADE_TOKEN = "ghs_made"  # noqa: S105  known to nobody else
HEADERS = {
    "Accept": r"application/vnd\.github\+json",
    "User-Agent": r".+",
    "X-GitHub-Api-Version": r"2022-11-28",
}


@dataclass
class GitHubServer:
    """What it was told, and how it answers meanwhile: `broken` is (status, headers), or "hangs" until the end."""

    url: str
    tokens: tuple[str, ...]
    told: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    broken: tuple[int, dict[str, str]] | str | None = None
    asked: int = 0
    ended: threading.Event = field(default_factory=threading.Event)

    def states(self, path: str) -> list[str]:
        """Return the states that came to a path, oldest first."""
        return [body["state"] for each, body in self.told if each == path]


@contextlib.contextmanager
def github_server(*tokens: str) -> Iterator[GitHubServer]:
    """Run a GitHub that takes tokens of these forms, regular expressions."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.github = GitHubServer(f"http://127.0.0.1:{server.server_port}", tokens)  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server.github  # type: ignore[attr-defined]
    finally:
        server.github.ended.set()  # type: ignore[attr-defined]
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    """Answers as GitHub does."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer what is asked."""
        self._serve(b"")

    def do_POST(self) -> None:
        """Take what is told."""
        self._serve(self.rfile.read(int(self.headers["Content-Length"])))

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def _serve(self, body: bytes) -> None:
        github: GitHubServer = self.server.github  # type: ignore[attr-defined]
        github.asked += 1
        if github.broken == "hangs":
            github.ended.wait()
            self.close_connection = True
        elif isinstance(github.broken, tuple):
            self._answer(github.broken[0], {"message": "Something is wrong."}, github.broken[1])
        else:
            status, document = self._taken(github, body)
            self._answer(status, document, {})

    def _taken(self, github: GitHubServer, body: bytes) -> tuple[int, dict[str, Any]]:
        wrong = [name for name, form in HEADERS.items() if not re.fullmatch(form, self.headers.get(name, ""))]
        if not re.fullmatch(f"Bearer ({'|'.join(github.tokens)})", self.headers.get("Authorization", "")):
            return 401, {"message": "Bad credentials"}
        if self.command == "GET":
            found = next((each for path, each in FOUND.items() if re.fullmatch(path, self.path)), None)
            return (200, found) if found else (404, {"message": "Not Found"})
        schema = next((each for path, each in SCHEMAS.items() if re.fullmatch(path, self.path)), None)
        if schema is None:
            return 404, {"message": "Not Found"}
        document = json.loads(body)
        closed = {"type": "object", "additionalProperties": False, **schema}
        wrong += [error.message for error in Draft202012Validator(closed).iter_errors(document)]
        if wrong:
            github.refused += wrong
            return 422, {"message": f"Validation Failed: {'; '.join(wrong)}"}
        github.told.append((self.path, document))
        return 201, {"id": len(github.told), "token": MADE_TOKEN, **document}

    def _answer(self, status: int, document: dict[str, Any], headers: dict[str, str]) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
