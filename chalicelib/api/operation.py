"""What a route takes and answers, told apart from the code that does it: the parts of a table of routes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from chalicelib.errors import RequestError

JSON, YAML, HTML = "application/json", "application/yaml", "text/html"
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Parameter:
    """A parameter; `schema` is its JSON Schema. One in the path is always required."""

    name: str
    place: Literal["path", "query", "header"]
    description: str
    schema: Mapping[str, Any]
    required: bool = False


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
    """A route under one method; `scope` None lets in anybody, or where it is `signed` whoever knows the secret.

    With `dry_run=true` a route that has it asks for `dry_run_scope` instead.

    `takes` names the component that its body is, by media type. `errors` are those of this route alone: what every
    route that is not open to anybody may answer beside them is in `openapi.COMMON`.
    """

    method: str
    path: str
    name: str
    summary: str
    scope: Literal["read", "write"] | None
    answers: Mapping[int, Answer]
    parameters: tuple[Parameter, ...] = ()
    takes: Mapping[str, str] = field(default_factory=dict)
    errors: tuple[type[RequestError], ...] = ()
    signed: bool = False
    dry_run_scope: Literal["plan"] | None = None
