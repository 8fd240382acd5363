"""API Gateway in front of a small Chalice app, asked over real connections."""

import base64
import json
import logging
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection
from threading import Barrier
from typing import Any

import pytest
from chalice.app import AuthRequest, AuthResponse, AuthRoute, Chalice, Request, Response

from chalicelib.api.headers import SAFE
from localcloud.authorizers import allows
from localcloud.gateway import PAYLOAD_LIMIT_BYTES, Gateway
from localcloud.ports import listen
from localcloud.proxy_event import match

ANY = ["*/*"]
CONCURRENT = 16


def shop() -> Chalice:  # noqa: C901 - one function per route
    """Return an app whose routes show what reached them."""
    app = Chalice(app_name="shop")
    app.api.binary_types = ["image/png"]

    @app.authorizer(ttl_seconds=0)
    def known(request: AuthRequest) -> AuthResponse:
        if request.token == "nobody":  # noqa: S105
            raise PermissionError("Unauthorized")
        if request.token == "broken":  # noqa: S105
            raise RuntimeError("the table of tokens is gone")
        routes: list[str | AuthRoute] = ["*"] if request.token == "writer" else [AuthRoute("/mine", ["GET"])]  # noqa: S105
        context: Any = {"rights": 2, "admin": False}  # Chalice says that it is text
        return AuthResponse(routes=routes, principal_id=request.token, context=context)

    def current() -> Request:
        assert app.current_request is not None
        return app.current_request

    asked: list[str] = []
    together = Barrier(CONCURRENT, timeout=60)

    @app.authorizer(ttl_seconds=300, header="X-Token")
    def remembered(request: AuthRequest) -> AuthResponse:
        asked.append(request.token)
        return AuthResponse(routes=["*"], principal_id=str(len(asked)))

    @app.route("/event", methods=["GET", "POST", "HEAD"], content_types=ANY)
    def event() -> Response:
        return Response(body=current().to_original_event(), headers={"X-One": "1"})

    @app.route("/things/{name}")
    def thing(name: str) -> dict[str, Any]:
        return {"thing": name}

    @app.route("/things/first")
    def first() -> dict[str, Any]:
        return {"first": True}

    @app.route("/mine", methods=["GET", "POST"], authorizer=known, content_types=ANY)
    def mine() -> Any:
        return current().context["authorizer"]

    @app.route("/remembered", authorizer=remembered)
    def memory() -> Any:
        return current().context["authorizer"]

    @app.route("/echo/{number}")
    def echo(number: str) -> Any:
        together.wait()
        request = current()
        assert request.query_params is not None
        return [number, request.query_params["n"], request.headers["x-n"], app.lambda_context.aws_request_id]

    @app.route("/unchanged")
    def unchanged() -> Response:
        return Response(body="", status_code=304, headers={"ETag": '"1"'})

    @app.route("/cookies")
    def cookies() -> Response:
        return Response(body="", headers={"Set-Cookie": ["a=1", "b=2"], "Content-Type": "text/plain"})

    @app.route("/image")
    def image() -> Response:
        return Response(body=b"\x89PNG", headers={"Content-Type": "image/png"})

    @app.route("/malformed")
    def malformed() -> Response:
        return Response(body=b"\x89PNG", headers={"Content-Type": "text/plain"})

    @app.middleware("http")
    def crash(request: Any, get_response: Any) -> Any:
        if "X-Crash" in request.headers:
            return None
        return get_response(request)

    _ = event, thing, first, mine, memory, echo, unchanged, cookies, image, malformed, crash
    return app


@dataclass(frozen=True)
class Reply:
    """What a client saw."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body, parsed."""
        return json.loads(self.body)


class Client:
    """One keep-alive connection to a gateway."""

    def __init__(self, gateway: Gateway) -> None:
        self.connection = HTTPConnection(gateway.url.removeprefix("http://"), timeout=60)

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Reply:
        """Ask, with headers whose names have _ for -."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.connection.request(method, path, body, named)
        response = self.connection.getresponse()
        return Reply(response.status, dict(response.getheaders()), response.read())


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    """Return the running gateway of the shop."""
    gateway = Gateway(shop(), listen(0))
    gateway.start()
    yield gateway
    gateway.stop()


@pytest.fixture
def client(gateway: Gateway) -> Iterator[Client]:
    """Return a client of the gateway."""
    client = Client(gateway)
    with closing(client.connection):
        yield client


def test_event(client: Client) -> None:
    """A function gets the whole proxy event."""
    event = client.ask("POST", "/event?a=1&a=2&b=%C3%A9+x&c=", "é".encode(), X_Some="v").json()
    assert tuple(event[key] for key in ("resource", "path", "httpMethod", "pathParameters")) == (
        "/event",
        "/event",
        "POST",
        None,
    )
    assert event["queryStringParameters"] == {"a": "2", "b": "é x", "c": ""}
    assert event["multiValueQueryStringParameters"] == {"a": ["1", "2"], "b": ["é x"], "c": [""]}
    assert (event["headers"]["X-Some"], event["multiValueHeaders"]["X-Some"]) == ("v", ["v"])
    assert (event["body"], event["isBase64Encoded"]) == ("é", False)
    context = event["requestContext"]
    assert (context["identity"]["sourceIp"], context["stage"], context["path"]) == ("127.0.0.1", "api", "/event")


def test_event_without_query_and_body(client: Client) -> None:
    """What a request has not is null in the event."""
    event = client.ask("GET", "/event").json()
    assert [event[key] for key in ("queryStringParameters", "multiValueQueryStringParameters", "body")] == [None] * 3


def test_binary_body(client: Client) -> None:
    """A body of a binary type arrives base64-encoded."""
    event = client.ask("POST", "/event", b"\x89PNG", Content_Type="image/png").json()
    assert (base64.b64encode(b"\x89PNG").decode(), True) == (event["body"], event["isBase64Encoded"])


def test_binary_answer(client: Client) -> None:
    """A binary answer arrives as its bytes."""
    assert client.ask("GET", "/image", Accept="image/png").body == b"\x89PNG"


def test_stage(client: Client) -> None:
    """The API answers under its stage too, and the context has the path that the caller wrote."""
    event = client.ask("GET", "/api/event").json()
    assert (event["path"], event["requestContext"]["path"]) == ("/event", "/api/event")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/things/first", {"first": True}),
        ("/things/second", {"thing": "second"}),
        ("/things/second/", {"thing": "second"}),
        ("/things/a%2Fb%20c", {"thing": "a/b c"}),
        ("/things/100%25", {"thing": "100%"}),
        ("/things/%C3%A9", {"thing": "é"}),
    ],
)
def test_paths(client: Client, path: str, expected: dict[str, Any]) -> None:
    """Literal segments come before parameters, which are decoded once; a trailing slash means nothing."""
    assert expected == client.ask("GET", path).json()


def test_earliest_literal_wins() -> None:
    """Of several resources the one with a literal earliest answers, whatever the order of declaration."""
    found = match(["/{a}/b", "/a/{b}", "/{a}/{b}"], "/a/b")
    assert found is not None
    assert (found.resource, found.path_parameters) == ("/a/{b}", {"b": "b"})


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/nowhere"), ("GET", "/"), ("GET", "/things/"), ("GET", "/things//"), ("DELETE", "/event")],
)
def test_unmatched(client: Client, method: str, path: str) -> None:
    """A path or method that no route has is a 404 problem."""
    reply = client.ask(method, path)
    assert (reply.status, reply.headers["Content-Type"]) == (404, "application/problem+json")
    assert reply.json() == {
        "type": "https://slipway.dev/problems/not_found",
        "title": "Not found",
        "status": 404,
        "code": "not_found",
        "detail": "No resource of this API has this path and method.",
    }


@pytest.mark.parametrize(("path", "status"), [("/event", 200), ("/cookies", 404)])
def test_head(gateway: Gateway, path: str, status: int) -> None:
    """HEAD is answered without a body, and is unmatched where no route has it."""
    host, port = gateway.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        connection.sendall(f"HEAD {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
        head, _, body = connection.makefile("rb").read().partition(b"\r\n\r\n")
    assert (int(head.split()[1]), body) == (status, b"")


@pytest.mark.parametrize("headers", [{}, {"Authorization": ""}, {"Authorization": "nobody"}])
def test_unauthorized(client: Client, headers: dict[str, str]) -> None:
    """No token, and a token that the authorizer calls Unauthorized, are 401 problems."""
    reply = client.ask("GET", "/mine", None, **headers)
    assert (reply.status, reply.json()["code"]) == (401, "unauthorized")
    assert (
        reply.json()["type"],
        reply.json()["title"],
    ) == ("https://slipway.dev/problems/unauthorized", "Authentication is needed")


def test_forbidden(client: Client) -> None:
    """A method that the policy does not allow is a 403 problem."""
    reply = client.ask("POST", "/mine", Authorization="reader")
    assert (
        reply.status,
        reply.json()["code"],
        reply.json()["title"],
    ) == (403, "forbidden", "This token may not do that")


@pytest.mark.parametrize(("token", "method"), [("reader", "GET"), ("writer", "POST")])
def test_admitted(client: Client, token: str, method: str) -> None:
    """An admitted function sees the principal and the context, as strings."""
    reply = client.ask(method, "/mine", Authorization=token)
    assert {"principalId": token, "rights": "2", "admin": "false"} == reply.json()


def test_authorizer_fails(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    """An authorizer that breaks, or cannot look a token up, is a 503 to be sent again; its cause is in the log."""
    with caplog.at_level(logging.ERROR):
        reply = client.ask("GET", "/mine", Authorization="broken")
    assert (503, "application/problem+json") == (reply.status, reply.headers["Content-Type"])
    assert ("busy", 503) == (reply.json()["code"], reply.json()["status"])
    assert int(reply.headers["Retry-After"]) > 0
    assert "the table of tokens is gone" in caplog.text


def test_policies_are_remembered(client: Client) -> None:
    """A policy is kept by its token for the authorizer's ttl_seconds."""
    principals = [client.ask("GET", "/remembered", X_Token=token).json()["principalId"] for token in "aab"]
    assert principals[0] == principals[1] != principals[2]


def test_deny_wins() -> None:
    """A statement that denies outweighs one that allows."""
    allow = {"Effect": "Allow", "Resource": ["arn:api/*"]}
    deny = {"Effect": "Deny", "Resource": "arn:api/GET/?ine"}
    policy = {"policyDocument": {"Statement": [allow, deny]}}
    assert (allows(policy, "arn:api/GET/mine"), allows(policy, "arn:api/GET/other")) == (False, True)


def test_body_too_large(client: Client) -> None:
    """A body over 10 MB is a 413 problem."""
    reply = client.ask("POST", "/event", b"x" * (PAYLOAD_LIMIT_BYTES + 1))
    assert (reply.status, reply.json()["code"]) == (413, "body_too_large")


@pytest.mark.parametrize("headers", [{"X_Crash": "1"}, {}])
def test_app_crashes(client: Client, headers: dict[str, str], caplog: pytest.LogCaptureFixture) -> None:
    """An app that raises, or answers what is no proxy response, is a 502 that tells the caller nothing."""
    with caplog.at_level(logging.CRITICAL):
        reply = client.ask("GET", "/malformed", None, **headers)
    assert (reply.status, reply.json()) == (502, {"message": "Internal server error"})


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/mine", 401), ("POST", "/mine", 403), ("GET", "/none", 404), ("GET", "/malformed", 502)],
)
def test_what_it_says_itself_is_safe(client: Client, method: str, path: str, status: int) -> None:
    """What the gateway answers itself has the headers that its gateway responses have on AWS."""
    token = {"Authorization": "reader"} if status == 403 else {}
    reply = client.ask(method, path, None, **token)
    assert (status, SAFE) == (reply.status, {name: reply.headers[name] for name in SAFE})


def test_headers(client: Client) -> None:
    """An answer keeps its headers, repeated ones too; its type is JSON unless it says otherwise."""
    client.connection.request("GET", "/cookies")
    response = client.connection.getresponse()
    response.read()
    assert (
        response.headers.get_all("Set-Cookie"),
        response.headers["Content-Type"],
    ) == (["a=1", "b=2"], "text/plain")
    reply = client.ask("GET", "/event")
    assert ("1", "application/json", str(len(reply.body))) == (
        reply.headers["X-One"],
        reply.headers["Content-Type"],
        reply.headers["Content-Length"],
    )


def test_not_modified(client: Client) -> None:
    """A 304 has its ETag and no body."""
    reply = client.ask("GET", "/unchanged")
    assert (reply.status, reply.headers["Etag"], reply.body) == (304, '"1"', b"")


def test_keep_alive(client: Client) -> None:
    """Many requests go over one connection."""
    client.ask("GET", "/event")
    before: socket.socket = client.connection.sock
    for _ in range(5):
        client.ask("GET", "/nowhere")
    assert before is client.connection.sock


def test_concurrent_requests(gateway: Gateway) -> None:
    """Every one of many concurrent requests sees itself and no other."""

    def ask(number: int) -> bool:
        client = Client(gateway)
        with closing(client.connection):
            reply = client.ask("GET", f"/echo/{number}?n={number}", X_N=str(number))
        return bool([str(number)] * 3 + [reply.headers["X-Amzn-Requestid"]] == reply.json())

    with ThreadPoolExecutor(CONCURRENT) as pool:
        assert list(pool.map(ask, range(25 * CONCURRENT))) == [True] * 25 * CONCURRENT


@pytest.mark.parametrize("unusual", [{"api_key_required": True}, {"cors": True}])
def test_what_is_not_emulated(unusual: dict[str, bool]) -> None:
    """A route that needs what this gateway lacks is refused at once, not let pass."""
    app = Chalice(app_name="unusual")
    app.route("/", **unusual)(lambda: None)
    with listen(0) as listening, pytest.raises(ValueError, match="GET / uses an API key, CORS"):
        Gateway(app, listening)
