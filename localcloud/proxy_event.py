"""From an HTTP request to the event that API Gateway's Lambda proxy integration hands to a function.

https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
"""

import base64
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, unquote

from localcloud.wsgi_server import Environ

ACCOUNT = "000000000000"
API_ID = "local"


@dataclass(frozen=True)
class Matched:
    """The resource that a path means, e.g. `/deployments/{id}`, and the values of its parameters, decoded."""

    resource: str
    path_parameters: dict[str, str]


@dataclass(frozen=True)
class RequestPath:
    """A path as the caller wrote it (`raw`, still percent-encoded) and without the stage (`in_api`)."""

    raw: str
    in_api: str


def request_path(environ: Environ, stage: str) -> RequestPath:
    """Return the path of a request.

    It may begin with the stage, as under execute-api, or not, as under a custom domain: the API answers on both.
    """
    raw = environ["REQUEST_URI"].split("?", 1)[0]
    prefix = f"/{stage}/"
    under_stage = f"{raw}/".startswith(prefix)
    return RequestPath(raw, (raw[len(prefix) - 1 :] or "/") if under_stage else raw)


def match(resources: Iterable[str], path: str) -> Matched | None:
    """Return the resource that answers `path`; where several would, the one with a literal earliest."""
    segments = _segments(path)
    for resource in sorted(resources, key=lambda one: [part.startswith("{") for part in _segments(one)]):
        parameters = _parameters(_segments(resource), segments)
        if parameters is not None:
            return Matched(resource, parameters)
    return None


def _segments(path: str) -> list[str]:
    # A trailing slash means nothing to API Gateway; an encoded one (%2F) is part of its segment.
    return path.removesuffix("/").split("/")


def _parameters(template: list[str], segments: list[str]) -> dict[str, str] | None:
    if len(template) != len(segments):
        return None
    parameters = {}
    for part, segment in zip(template, map(unquote, segments), strict=True):
        if part.startswith("{") and segment:
            parameters[part.strip("{}")] = segment
        elif part != segment:
            return None
    return parameters


def headers_of(environ: Environ) -> dict[str, str]:
    """Return the request's headers in Title-Case. waitress has joined repeated ones with a comma."""
    names = {key: key.removeprefix("HTTP_") for key in environ if key.startswith("HTTP_")}
    names |= {key: key for key in ("CONTENT_TYPE", "CONTENT_LENGTH") if environ.get(key)}
    return {name.replace("_", "-").title(): environ[key] for key, name in names.items()}


def proxy_event(
    environ: Environ, matched: Matched, path: RequestPath, *, stage: str, request_id: str, binary_types: Iterable[str]
) -> dict[str, Any]:
    """Return the whole event; it reads the request's body."""
    headers = headers_of(environ)
    query = parse_qs(environ["QUERY_STRING"], keep_blank_values=True)
    return {
        "resource": matched.resource,
        "path": path.in_api,
        "httpMethod": environ["REQUEST_METHOD"],
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": {name: values[-1] for name, values in query.items()} or None,
        "multiValueQueryStringParameters": query or None,
        "pathParameters": matched.path_parameters or None,
        "stageVariables": None,
        "requestContext": _request_context(environ, matched, path, stage, request_id),
        **_body(environ["wsgi.input"].read(), headers, binary_types),
    }


def _request_context(
    environ: Environ, matched: Matched, path: RequestPath, stage: str, request_id: str
) -> dict[str, Any]:
    now = time.time()
    return {
        "accountId": ACCOUNT,
        "apiId": API_ID,
        "stage": stage,
        "resourceId": API_ID,
        "resourcePath": matched.resource,
        "httpMethod": environ["REQUEST_METHOD"],
        "path": path.raw,
        "protocol": environ["SERVER_PROTOCOL"],
        "domainName": environ.get("HTTP_HOST", ""),
        "requestId": request_id,
        "extendedRequestId": request_id,
        "requestTime": datetime.fromtimestamp(now, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "requestTimeEpoch": int(now * 1000),
        "identity": {"sourceIp": environ["REMOTE_ADDR"], "userAgent": environ.get("HTTP_USER_AGENT")},
    }


def _body(raw: bytes, headers: Mapping[str, str], binary_types: Iterable[str]) -> dict[str, Any]:
    if not raw:
        return {"body": None, "isBase64Encoded": False}
    media_type = headers.get("Content-Type", "").split(";")[0].strip().lower()
    if media_type in binary_types or "*/*" in binary_types:
        return {"body": base64.b64encode(raw).decode(), "isBase64Encoded": True}
    return {"body": raw.decode(errors="replace"), "isBase64Encoded": False}
