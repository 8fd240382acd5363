"""The API as a caller sees it: the app as it is, through Chalice's test client, with its cloud on moto."""

import json
import os
from typing import Any

from chalice.test import Client, HTTPResponse

import app
from chalicelib.cloud import Cloud
from chalicelib.deployment import Status
from tests.tables import NAME

SETTINGS = {
    "AWS_REGION": "us-east-1",
    "SLIPWAY_TABLE": NAME,
    "SLIPWAY_OBSERVE_FUNCTION": "slipway-test-observe",
    "SLIPWAY_RESOLVE_FUNCTION": "slipway-test-resolve",
}
WRITER, READER = "Bearer writer", "Bearer reader"
THROTTLED = {"Error": {"Code": "ThrottlingException", "Message": "Rate exceeded"}}


class Table:
    """The switch that makes the table refuse transactions."""

    throttled = False

    def answer(self, **_call: Any) -> Any:
        """Answer in DynamoDB's place while it throttles (botocore's event before-call)."""
        refusal = {**THROTTLED, "ResponseMetadata": {"HTTPStatusCode": 400, "HTTPHeaders": {}}}
        return (type("Refused", (), {"status_code": 400})(), refusal) if self.throttled else None


class Api:
    """The API as a caller sees it."""

    def __init__(self) -> None:
        self._client = Client(app.app, project_dir=os.devnull)

    def request(self, method: str, path: str, headers: dict[str, str] | None = None, body: Any = b"") -> HTTPResponse:
        """Send a request, as the writer unless told otherwise."""
        sent = body if isinstance(body, bytes) else json.dumps(body).encode()
        kind = {"Content-Type": "application/json"} if sent else {}
        return self._client.http.request(method, path, {"Authorization": WRITER, **kind, **(headers or {})}, sent)

    def get(self, path: str, **headers: str) -> HTTPResponse:
        """GET, with headers written as If_None_Match."""
        return self.request("GET", path, {name.replace("_", "-"): value for name, value in headers.items()})

    def post(self, body: Any, **headers: str) -> HTTPResponse:
        """POST a deployment."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.request("POST", "/deployments", sent, body)


def problem(answer: HTTPResponse, status: int, code: str) -> dict[str, Any]:
    """Return the problem that an answer is, after looking at its shape (RFC 9457)."""
    document: dict[str, Any] = answer.json_body
    assert (status, "application/problem+json") == (answer.status_code, answer.headers["Content-Type"]), document
    assert {"type", "title", "status", "detail", "code"} <= set(document)
    assert set(document) <= {"type", "title", "status", "detail", "code", "errors", "hint", "deployment"}
    assert (f"https://slipway.dev/problems/{code}", status, code) == (
        document["type"],
        document["status"],
        document["code"],
    )
    return document


def end(cloud: Cloud, deployment_id: str) -> None:
    """End a deployment, failed."""
    cloud.store.finish(cloud.store.get(deployment_id), Status.FAILED, "Broken.", cloud.now())
