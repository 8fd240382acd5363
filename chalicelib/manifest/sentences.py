"""What pydantic found, told to a person: where it is, what is there, and what to write instead."""

import difflib
import json
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from chalicelib.manifest.findings import Path, holds
from chalicelib.manifest.models import Manifest

MAX_SHOWN = 60

REQUIRED = {
    "application": 'the name of the application, such as "bookingapp"',
    "command": 'what to run, such as ["CMD-SHELL", "exit 0"] in a health check',
    "image": 'the image of its container, such as "nginx:1.27"',
    "max": "how many tasks there are at most",
    "min": "how many tasks there are at least",
    "name": "the name of one that exists",
    "network": "an object with vpc and subnets (this stage has no default for it)",
    "path": 'where the container sees it, such as "/data"',
    "services": "an object with one key for each service",
    "subnets": "a list of 1 to 16 ids, ARNs or Name tags",
    "volume": "the name of one of the service's volumes",
    "vpc": "an id, an ARN or a Name tag",
}


def path_of(error: ErrorDetails, document: Any) -> Path:
    """Return where a pydantic error of `Manifest.model_validate(document)` is in the document."""
    path = tuple(error["loc"])
    # pydantic marks a fault of a key itself by this step after the key.
    return path[:-1] if path[-1:] == ("[key]",) and not holds(document, path) else path


def sentence(error: ErrorDetails, root: type[BaseModel] = Manifest) -> str:
    """Tell a pydantic error of a model, `root`: what is there, and what to write instead."""
    if error["type"] == "extra_forbidden":
        return _unknown_key(error, root)
    return _SENTENCES.get(error["type"], _as_pydantic_says)(error)


def nearest(word: str, words: Iterable[str]) -> str:
    """Return `; did you mean "x"?` for the most similar of some words, or nothing."""
    close = difflib.get_close_matches(word[:MAX_SHOWN].lower(), words)
    return f'; did you mean "{close[0]}"?' if close else ""


def shown(value: Any) -> str:
    """Return a value as it may be quoted to the caller: JSON, shortened."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"


def _missing(error: ErrorDetails) -> str:
    key = str(error["loc"][-1])
    return f'"{key}" is missing: write {REQUIRED.get(key, "it")}'


def _unknown_key(error: ErrorDetails, root: type[BaseModel]) -> str:
    *inside, key = error["loc"]
    known = _model_at(tuple(inside), root).model_fields
    cure = nearest(str(key), known) or f"; the keys here are {', '.join(known)}"
    return f"{shown(key)} is not a key that is known here{cure}"


def _model_at(path: Path, model: type[BaseModel]) -> type[BaseModel]:
    """Return the model of the object at a path; the key or index of one among several is a step that no model has."""
    steps = iter(path)
    for step in steps:
        annotation = model.model_fields[str(step)].annotation
        model = _model_in(annotation) or model
        if _holds_several(annotation):
            next(steps, None)
    return model


def _holds_several(annotation: Any) -> bool:
    return get_origin(annotation) in (tuple, Mapping) or any(map(_holds_several, get_args(annotation)))


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((model for part in get_args(annotation) if (model := _model_in(part))), None)


def _wrong_type(wanted: str, cure: Callable[[Any], str], error: ErrorDetails) -> str:
    value = error["input"]
    if value is None:
        return f"nothing (null) is written where {wanted} belongs: write it, or leave the key out"
    return f"{shown(value)} is {_kind(value)} where {wanted} belongs: {cure(value)}"


def _kind(value: Any) -> str:
    kinds = {bool: "a boolean", int: "a number", float: "a number", str: "text", list: "a list", dict: "an object"}
    return kinds[type(value)]


def _quote(value: Any) -> str:
    if isinstance(value, bool):
        return 'put it in quotes, such as "no" (without them YAML reads yes, no, on and off as true or false)'
    return f'put it in quotes as you mean it, "{value}"' if isinstance(value, int | float) else "write text"


def _as_whole(value: Any) -> str:
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e9:
        return f"write {int(value)}"
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < MAX_SHOWN:
        return f"write {value} without quotes"
    return "write a number such as 1, without quotes"


def _as_list(value: Any) -> str:
    return f"write [{shown(value)}]" if isinstance(value, str | int | float) else "write a list, such as [a, b]"


def _value_error(error: ErrorDetails) -> str:
    return f"{shown(error['input'])} {error['ctx']['error']}"


def _bound(words: str, limit: str, error: ErrorDetails) -> str:
    return words.format(value=shown(error["input"]), bound=error["ctx"][limit])


def _too_long(error: ErrorDetails) -> str:
    return f"it has {len(error['input'])} characters: write at most {error['ctx']['max_length']}"


def _as_pydantic_says(error: ErrorDetails) -> str:
    return f"{shown(error['input'])} cannot be used here: {error['msg']}"


_AN_OBJECT = partial(_wrong_type, "an object", lambda _: "write keys with values, such as {key: value}")

_SENTENCES: Mapping[str, Callable[[ErrorDetails], str]] = {
    "missing": _missing,
    "value_error": _value_error,
    "string_type": partial(_wrong_type, "text", _quote),
    "int_type": partial(_wrong_type, "a whole number", _as_whole),
    "bool_type": partial(_wrong_type, "true or false", lambda _: "write true or false, without quotes"),
    "tuple_type": partial(_wrong_type, "a list", _as_list),
    "dict_type": _AN_OBJECT,
    "mapping_type": _AN_OBJECT,
    "model_type": _AN_OBJECT,
    "literal_error": partial(_bound, "{value} is not allowed here: write {bound}", "expected"),
    "greater_than_equal": partial(_bound, "{value} is too small: write {bound} or more", "ge"),
    "less_than_equal": partial(_bound, "{value} is too large: write {bound} or less", "le"),
    "too_short": partial(_bound, "there is nothing in it: write at least {bound} character", "min_length"),
    "too_long": _too_long,
}
