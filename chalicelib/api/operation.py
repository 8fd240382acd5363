"""What a route takes and answers, told apart from the code that does it: the parts of a table of routes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from chalicelib.errors import RequestError

JSON, YAML, HTML = "application/json", "application/yaml", "text/html"


@dataclass(frozen=True)
class Parameter:
    """A parameter; `schema` is its JSON Schema. One in the path is always required."""

    name: str
    place: Literal["path", "query", "header"]
    description: str
    schema: Mapping[str, Any]


@dataclass(frozen=True)
class Answer:
    """An answer that is no problem; `schema` names a component, None is an answer without a body.

    `headers` and `links` are names in `routes.HEADERS` and `routes.LINKS`.
    """

    description: str
    schema: str | None = None
    headers: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    media_type: str = JSON


@dataclass(frozen=True)
class Operation:
    """A route under one method; `scope` None lets in anybody, `takes` names what its body is.

    `errors` are those of this route alone: what every route with a token may answer beside them is in `all_errors`.
    """

    method: str
    path: str
    name: str
    summary: str
    scope: Literal["read", "write"] | None
    answers: Mapping[int, Answer]
    parameters: tuple[Parameter, ...] = ()
    takes: str | None = None
    errors: tuple[type[RequestError], ...] = ()
