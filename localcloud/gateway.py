"""API Gateway (REST) in front of a Chalice app: proxy events in, concurrently, gateway responses where it refuses."""

import base64
import json
import logging
import uuid
from collections.abc import Iterable
from contextvars import ContextVar, copy_context
from dataclasses import dataclass
from socket import socket
from typing import Any

from chalice.app import Chalice, ChaliceAuthorizer

from chalicelib.api.headers import SAFE
from localcloud.authorizers import Authorizers, ForbiddenError, UnauthorizedError
from localcloud.doors import refusal
from localcloud.lambdas import LambdaContext, running
from localcloud.proxy_event import ACCOUNT, API_ID, headers_of, match, proxy_event, request_path
from localcloud.wsgi_server import Environ, HttpAnswer, StartResponse, WsgiServer

PAYLOAD_LIMIT_BYTES = 10 * 1024 * 1024
THREADS = 32
FUNCTION = "api"  # as its policy is named; Chalice calls it api_handler
PAGE = "/"  # what chats and GitHub link to
TYPE_URI = "https://slipway.dev/problems/"
RETRY_AFTER_SECONDS = "2"

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Problem:
    """An answer that the gateway makes itself, as application/problem+json (RFC 9457)."""

    status: int
    code: str
    title: str
    detail: str

    def answer(self) -> HttpAnswer:
        """Write the problem."""
        body = {"type": TYPE_URI + self.code, **self.__dict__}
        later = (("Retry-After", RETRY_AFTER_SECONDS),) if self.status == 503 else ()
        return _own(self.status, "application/problem+json", body, *later)


UNAUTHORIZED = Problem(
    401, "unauthorized", "Authentication is needed", "Send an Authorization header with a token that is known here."
)
FORBIDDEN = Problem(403, "forbidden", "This token may not do that", "The token is known but has no right to this.")
NOT_FOUND = Problem(404, "not_found", "Not found", "No resource of this API has this path and method.")
UNKNOWN_YET = Problem(503, "busy", "Busy", "Whose token this is could not be looked up. Send the same request again.")
BODY_TOO_LARGE = Problem(413, "body_too_large", "The body is too large", "API Gateway takes at most 10 MB.")


class Gateway:
    """Serve a Chalice app on the socket `listening`, under `/` and under `/{stage}/`."""

    def __init__(self, app: Chalice, listening: socket, *, stage: str = "api") -> None:
        _refuse_what_is_not_emulated(app)
        self._app = concurrent(app)
        self._stage = stage
        self._authorizers = Authorizers()
        self._server = WsgiServer(self._serve, listening, threads=THREADS)

    @property
    def url(self) -> str:
        """Return the API's URL, without the stage and without a trailing slash."""
        return self._server.url

    def start(self) -> None:
        """Serve in the background."""
        self._server.start()

    def stop(self) -> None:
        """Stop serving."""
        self._server.stop()

    def _serve(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        request_id = str(uuid.uuid4())
        answer = self._answer(environ, request_id)
        headers = (*answer.headers, ("x-amzn-RequestId", request_id))
        return HttpAnswer(answer.status, headers, answer.body).send(environ, start_response)

    def _answer(self, environ: Environ, request_id: str) -> HttpAnswer:
        path = request_path(environ, self._stage)
        if why := refusal(environ, self._server.port, "link" if path.in_api == PAGE else "person"):
            return Problem(403, "forbidden", "The door is closed to this request", why).answer()
        method = environ["REQUEST_METHOD"]
        matched = match(self._app.routes, path.in_api)
        if matched is None or method not in self._app.routes[matched.resource]:
            return NOT_FOUND.answer()
        if int(environ.get("CONTENT_LENGTH") or 0) > PAYLOAD_LIMIT_BYTES:
            return BODY_TOO_LARGE.answer()
        route = self._app.routes[matched.resource][method]
        binary_types = self._app.api.binary_types
        event = proxy_event(environ, matched, path, stage=self._stage, request_id=request_id, binary_types=binary_types)
        return self._refusal(route.authorizer, environ, event) or self._invoke(event)

    def _refusal(self, authorizer: Any, environ: Environ, event: dict[str, Any]) -> HttpAnswer | None:
        """Return the answer to a caller who may not pass, or None having noted in `event` who he is."""
        if authorizer is None:
            return None
        try:
            admitted = self._authorizers.admit(authorizer, headers_of(environ), self._method_arn(event))
        except UnauthorizedError:
            return UNAUTHORIZED.answer()
        except ForbiddenError:
            return FORBIDDEN.answer()
        except Exception:
            logger.exception("the authorizer %s failed", authorizer.name)
            return UNKNOWN_YET.answer()
        event["requestContext"]["authorizer"] = admitted
        return None

    def _method_arn(self, event: dict[str, Any]) -> str:
        return f"arn:aws:execute-api:us-east-1:{ACCOUNT}:{API_ID}/{self._stage}/{event['httpMethod']}{event['path']}"

    def _invoke(self, event: dict[str, Any]) -> HttpAnswer:
        # A function that raises and one that answers nonsense are both a 502, the cause only in the log.
        # https://docs.aws.amazon.com/lambda/latest/dg/services-apigateway-errors.html
        context = LambdaContext("api_handler", aws_request_id=event["requestContext"]["requestId"])
        try:
            with running(FUNCTION):
                return _proxy_answer(copy_context().run(self._app, event, context))
        except Exception:
            logger.exception("%s %s failed in the app", event["httpMethod"], event["path"])
            return _message(502, "Internal server error")


class _PerCall:
    """An attribute whose value belongs to the thread or task that set it."""

    def __init__(self, name: str) -> None:
        self._value: ContextVar[Any] = ContextVar(name, default=None)

    def __get__(self, owner: object, owner_type: type) -> Any:
        return self._value.get()

    def __set__(self, owner: object, value: Any) -> None:
        self._value.set(value)


def concurrent(app: Chalice) -> Chalice:
    """Let `app` answer many requests at once, and return it.

    Chalice keeps the request on the app object, for on AWS a process answers one request at a time.
    """
    own = {name: _PerCall(name) for name in ("current_request", "lambda_context")}
    for name in own:
        vars(app).pop(name, None)
    app.__class__ = type(app.__class__.__name__, (app.__class__,), own)
    return app


def _refuse_what_is_not_emulated(app: Chalice) -> None:
    for path, methods in app.routes.items():
        for method, route in methods.items():
            foreign = route.authorizer is not None and not isinstance(route.authorizer, ChaliceAuthorizer)
            if foreign or route.api_key_required or route.cors:
                raise ValueError(
                    f"{method} {path} uses an API key, CORS or an authorizer that is not the app's own. The local "
                    "gateway does not emulate these: it would let pass what API Gateway refuses."
                )


def _proxy_answer(result: dict[str, Any]) -> HttpAnswer:
    """Turn what the proxy integration returned into HTTP. Raises an Exception of some kind when it is malformed."""
    body = result["body"] or ""
    raw = base64.b64decode(body) if result.get("isBase64Encoded") else body.encode()
    headers = [(name, str(value)) for name, value in (result.get("headers") or {}).items()]
    headers += [(name, str(one)) for name, many in (result.get("multiValueHeaders") or {}).items() for one in many]
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("Content-Type", "application/json"))
    return HttpAnswer(int(result["statusCode"]), tuple(headers), raw)


def _message(status: int, message: str) -> HttpAnswer:
    return _own(status, "application/json", {"message": message})


def _own(status: int, media_type: str, body: dict[str, Any], *headers: tuple[str, str]) -> HttpAnswer:
    """Return what the gateway says itself, with the headers that its gateway responses have on AWS."""
    return HttpAnswer(status, (("Content-Type", media_type), *SAFE.items(), *headers), json.dumps(body).encode())
