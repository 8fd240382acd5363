"""The API described in OpenAPI 3.1, from the table of routes and the models: GET /openapi.json."""

from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from typing import Any

from chalicelib.api.examples import examples, problem_example
from chalicelib.api.operation import Answer, Operation, Parameter
from chalicelib.api.problems import MEDIA_TYPE
from chalicelib.api.routes import HEADERS, LINKS, OPERATIONS
from chalicelib.api.schemas import reference, schemas
from chalicelib.errors import Busy, Forbidden, InternalError, RequestError, TooManyRequests, Unauthorized
from chalicelib.github.signature import HEADER

# What any route that is not open to anybody may answer.
COMMON: tuple[type[RequestError], ...] = (Unauthorized, TooManyRequests, Busy, InternalError)
SECURITY_SCHEMES = {
    "token": {"type": "http", "scheme": "bearer"},
    "signature": {
        "type": "apiKey",
        "in": "header",
        "name": HEADER,
        "description": "sha256= and the HMAC-SHA256 of the body with the webhook's secret, in hexadecimal digits.",
    },
}
Node = dict[str, Any]


def document(prefix: str) -> Node:
    """Return the document of an API that answers under `prefix`, such as "/api"."""
    return {**_document(), "servers": [{"url": prefix or "/"}]}


@cache
def _document() -> Node:
    """Return the document but for where the API is; made once, for pydantic takes its time over schemas."""
    shown = examples()
    paths: defaultdict[str, Node] = defaultdict(dict)
    for operation in OPERATIONS:
        paths[operation.path][operation.method.lower()] = _operation(operation, shown)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Slipway",
            "version": "1",
            "description": "Deploys services to Amazon ECS, and ends each deployment with a verdict and its evidence.",
        },
        "paths": dict(paths),
        "components": {
            "schemas": schemas(),
            "securitySchemes": SECURITY_SCHEMES,
        },
    }


def _operation(operation: Operation, shown: Mapping[str, Node]) -> Node:
    told: Node = {
        "operationId": operation.name,
        "summary": operation.summary,
        "security": _security(operation),
        "responses": {
            **{str(status): _answer(answer, shown) for status, answer in operation.answers.items()},
            **{str(status): _problems(errors) for status, errors in sorted(_by_status(operation).items())},
        },
    }
    if operation.scope:
        told["description"] = _scope_sentence(operation)
    if operation.parameters:
        told["parameters"] = [_parameter(each) for each in operation.parameters]
    if operation.takes:
        content = {media_type: _content(schema, shown) for media_type, schema in operation.takes.items()}
        told["requestBody"] = {"required": True, "content": content}
    return told


def _scope_sentence(operation: Operation) -> str:
    needed = f"The token needs the scope `{operation.scope}`"
    return f"{needed}; with dry_run=true `{operation.dry_run_scope}`." if operation.dry_run_scope else f"{needed}."


def _security(operation: Operation) -> list[Node]:
    if operation.signed:
        return [{"signature": []}]
    return [{"token": []}] if operation.scope else []


def _parameter(parameter: Parameter) -> Node:
    return {
        "name": parameter.name,
        "in": parameter.place,
        "description": parameter.description,
        "required": parameter.required or parameter.place == "path",
        "schema": dict(parameter.schema),
    }


def _answer(answer: Answer, shown: Mapping[str, Node]) -> Node:
    told: Node = {"description": answer.description}
    if answer.schema:
        told["content"] = {answer.media_type: _content(answer.schema, shown)}
    if answer.headers:
        told["headers"] = {name: _header(name) for name in answer.headers}
    if answer.links:
        told["links"] = {name: {"operationId": name, "parameters": LINKS[name]} for name in answer.links}
    return told


def _header(name: str) -> Node:
    description, schema = HEADERS[name]
    return {"description": description, "schema": dict(schema)}


def _content(schema: str, shown: Mapping[str, Node]) -> Node:
    named = {name: {"value": value} for name, value in shown.get(schema, {}).items()}
    return {"schema": reference(schema), **({"examples": named} if named else {})}


def _by_status(operation: Operation) -> dict[int, list[type[RequestError]]]:
    """Return the errors of an operation by their status."""
    found: defaultdict[int, list[type[RequestError]]] = defaultdict(list)
    common = COMMON if operation.scope or operation.signed else ()
    for error in (*operation.errors, *common, *((Forbidden,) if operation.scope else ())):
        found[error.status].append(error)
    return dict(found)


def _problems(errors: list[type[RequestError]]) -> Node:
    """Return the answer of one status: a problem with one of some codes."""
    told: Node = {
        "description": " · ".join(error.title for error in errors),
        "content": {
            MEDIA_TYPE: {
                "schema": {
                    "allOf": [
                        reference("Problem"),
                        {"properties": {"code": {"enum": [error.code() for error in errors]}}},
                    ]
                },
                "examples": {error.code(): {"value": problem_example(error)} for error in errors},
            }
        },
    }
    if errors[0].status in (429, 503):
        told["headers"] = {"Retry-After": _header("Retry-After")}
    return told
