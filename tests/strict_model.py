"""Whether a request is what botocore's model of the service says, where botocore itself does not look.

botocore checks types, required members and least lengths before it sends; enumerations, greatest lengths, patterns and
greatest numbers are left to the service: https://botocore.amazonaws.com/v1/documentation/api/latest/index.html
"""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import botocore.session
import regex
from botocore.model import OperationModel, Shape

SERVICES = {"elasticloadbalancing": "elbv2", "states": "stepfunctions"}
"""What botocore calls a service, where its signing name is another one."""
SURROGATES = (r"\uD800\uDC00-\uDBFF\uDFFF", r"\U00010000-\U0010FFFF")
"""All that is beyond Unicode's first plane, as Java writes it in a pattern, and as Python does."""


@cache
def _operation(service: str, operation: str) -> OperationModel:
    model = botocore.session.get_session().get_service_model(SERVICES.get(service, service))
    return model.operation_model(operation)


def faults(service: str, operation: str, request: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with a request, each with its place."""
    shape = _operation(service, operation).input_shape
    return list(_faults(shape, request, operation)) if shape else []


def _faults(shape: Shape, value: Any, place: str) -> Iterator[str]:
    match shape.type_name:
        case "structure":
            yield from _of_structure(shape, value, place)
        case "list":
            yield from _out_of_bounds(shape, len(value), place)
            for each in value:
                yield from _faults(shape.member, each, f"{place}[]")  # type: ignore[attr-defined]
        case "map":
            yield from _out_of_bounds(shape, len(value), place)
            for name, each in value.items():
                yield from _faults(shape.key, name, f"{place} key")  # type: ignore[attr-defined]
                yield from _faults(shape.value, each, f"{place}.{name}")  # type: ignore[attr-defined]
        case "string":
            yield from _out_of_bounds(shape, len(value), place)
            yield from _misspelt(shape, value, place)
        case "integer" | "long" | "float" | "double":
            yield from _out_of_bounds(shape, value, place)
        case "boolean" | "blob" | "timestamp":
            return
        case other:
            raise NotImplementedError(f"{place} is a {other}")


def _of_structure(shape: Shape, value: Mapping[str, Any], place: str) -> Iterator[str]:
    members = shape.members  # type: ignore[attr-defined]
    required = set(shape.required_members) - value.keys()
    yield from (f"{place}: {name} is missing" for name in sorted(required))
    for name, each in value.items():
        if name in members:
            yield from _faults(members[name], each, f"{place}.{name}")
        else:
            yield f"{place}: {name} is not known"


def _out_of_bounds(shape: Shape, size: float, place: str) -> Iterator[str]:
    least, most = (shape.metadata.get(bound) for bound in ("min", "max"))
    if (least is not None and size < least) or (most is not None and size > most):
        yield f"{place}: {size} is not within {least} and {most}"


def _misspelt(shape: Shape, value: str, place: str) -> Iterator[str]:
    """Yield what is not in an enumeration or does not match a pattern, which means the whole of a text."""
    known = shape.metadata.get("enum")
    if known and value not in known:
        yield f"{place}: {value} is none of {', '.join(known)}"
    pattern = shape.metadata.get("pattern", "").replace(*SURROGATES)
    if pattern and not regex.fullmatch(pattern, value):
        yield f"{place}: {value} does not match {pattern}"
