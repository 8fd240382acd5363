"""What pydantic found, told to a person: where it is, what is there, and what to write instead."""

import difflib
import json
import re
import shlex
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from chalicelib.manifest.compose import of_compose
from chalicelib.manifest.findings import MAX_SHOWN, Path, holds
from chalicelib.manifest.models import Manifest

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
COMMANDS = ("command", "entry_point")
UNITS = {
    "cpu": "CPU units (a vCPU has 1024)",
    "memory": "MiB",
    "ephemeral_storage_gib": "GiB",
    "log_retention_days": "days",
    **dict.fromkeys(("ttl", "interval", "timeout", "start_period", "stop_timeout", "deregistration_delay"), "seconds"),
    **dict.fromkeys(("minimum_healthy_percent", "maximum_percent"), "percent"),
    **dict.fromkeys(("timeout_seconds", "poll_seconds", "health_check_grace_period_seconds"), "seconds"),
}
"""In which a whole number is."""
WITH_UNIT = {
    "percent": r"(\d{1,9}) ?%",
    "seconds": r"(\d{1,9}) ?s",
    "days": r"(\d{1,9}) ?d",
    "MiB": r"(\d{1,9}) ?(?:m|MiB)",
    "GiB": r"(\d{1,9}) ?(?:g|GiB)",
}
"""How a number is written with its unit, which needs no counting."""
OTHER_NAMES = {"aarch64": "arm64", "amd64": "x86_64", "x64": "x86_64"}


def path_of(error: ErrorDetails, document: Any) -> Path:
    """Return where a pydantic error of `Manifest.model_validate(document)` is in the document."""
    path = tuple(error["loc"])
    # pydantic marks a fault of a key itself by this step after the key.
    return path[:-1] if path[-1:] == ("[key]",) and not holds(document, path) else path


def sentence(error: ErrorDetails, root: type[BaseModel] = Manifest, text: str | None = None) -> str:
    """Tell a pydantic error of a model, `root`: what is there, and what to write instead.

    `text` is how a number or a truth value is spelled, where that is not how JSON spells it.
    """
    if error["type"] == "extra_forbidden":
        return _unknown_key(error, root)
    return _SENTENCES.get(error["type"], _as_pydantic_says)(error, shown(error["input"]) if text is None else text)


def nearest(word: str, words: Iterable[str]) -> str:
    """Return `; did you mean "x"?` for the most similar of some words, in whatever capitals, or nothing."""
    small, asked = {each.lower(): each for each in words}, word[:MAX_SHOWN].lower()
    close = difflib.get_close_matches(OTHER_NAMES.get(asked, asked), small)
    return f'; did you mean "{small[close[0]]}"?' if close else ""


def shown(value: Any) -> str:
    """Return a value as it may be quoted to the caller: JSON, shortened."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"


def _missing(error: ErrorDetails, _: str) -> str:
    key = str(error["loc"][-1])
    return f'"{key}" is missing: write {REQUIRED.get(key, "it")}'


def _unknown_key(error: ErrorDetails, root: type[BaseModel]) -> str:
    *inside, key = error["loc"]
    known = _model_at(tuple(inside), root).model_fields
    theirs = of_compose(str(key), known)
    cure = f"; {theirs}" if theirs else nearest(str(key), known) or f"; the keys here are {', '.join(known)}"
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


def _wrong_type(wanted: str, cure: Callable[[Any, Path, str], str], error: ErrorDetails, quoted: str) -> str:
    value, path = error["input"], tuple(error["loc"])
    if value is None:
        return f"nothing (null) is written where {wanted} belongs: write it, or leave the key out"
    return f"{quoted} is {_kind(value)} where {wanted} belongs: {cure(value, path, quoted)}"


def _kind(value: Any) -> str:
    kinds = {bool: "a boolean", int: "a number", float: "a number", str: "text", list: "a list", dict: "an object"}
    return kinds[type(value)]


def _quote(value: Any, _: Path, quoted: str) -> str:
    if isinstance(value, bool) and quoted == shown(value):
        return 'put it in quotes, such as "no" (without them YAML reads yes, no, on and off as true or false)'
    return f'put it in quotes as you mean it, "{quoted}"' if isinstance(value, int | float) else "write text"


def _as_whole(value: Any, path: Path, _: str) -> str:
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e9:
        return f"write {int(value)}"
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < MAX_SHOWN:
        # To YAML 08 is text, though it has no quotes.
        return f"write {value} without quotes" if value == str(int(value)) else f"write {int(value)}"
    unit = _unit_at(path)
    if number := unit in WITH_UNIT and re.fullmatch(WITH_UNIT[unit], str(value), re.ASCII | re.IGNORECASE):
        return f"write {int(number[1])}"
    return f"write a number of {unit}, without quotes" if unit else "write a number such as 1, without quotes"


def _unit_at(path: Path) -> str:
    """Return the unit of a whole number, nothing where it has none."""
    key = str(path[-1])
    if _in(path, "scaling"):
        return "percent" if key in ("cpu", "memory") else ""
    return UNITS.get(key, "")


def _as_list(value: Any, path: Path, quoted: str) -> str:
    if isinstance(value, str) and path[-1] in COMMANDS:
        return _as_command(value, path)
    return f"write [{quoted}]" if isinstance(value, str | int | float) else "write a list, such as [a, b]"


def _in(path: Path, part: str) -> bool:
    """Tell whether a path is that of a field of a part, and not of a service or container of that name."""
    return path[-2:-1] == (part,) and path[-3:-2] not in (("services",), ("containers",))


def _as_command(value: str, path: Path) -> str:
    """Return the words of a command as a shell takes them apart; a health check may name the shell itself."""
    if _in(path, "health_check"):
        return f'write ["CMD-SHELL", {shown(value)}]'
    try:
        return f"write {shown(shlex.split(value))}"
    except ValueError:  # a quote that does not end
        return "write a list, such as [a, b]"


def _value_error(error: ErrorDetails, quoted: str) -> str:
    return f"{quoted} {error['ctx']['error']}"


def _bound(words: str, limit: str, error: ErrorDetails, quoted: str) -> str:
    return words.format(value=quoted, bound=error["ctx"][limit])


def _too_long(error: ErrorDetails, _: str) -> str:
    return f"it has {len(error['input'])} characters: write at most {error['ctx']['max_length']}"


def _as_pydantic_says(error: ErrorDetails, quoted: str) -> str:
    return f"{quoted} cannot be used here: {error['msg']}"


def _as_object(value: Any, path: Path, _: str) -> str:
    if path[-1:] == ("environment",) and isinstance(value, list) and value and "=" in str(value[0]):
        name, _, text = str(value[0]).partition("=")
        return f"write keys with values, {{{name}: {shown(text)}}}"
    return "write keys with values, such as {key: value}"


_AN_OBJECT = partial(_wrong_type, "an object", _as_object)

_SENTENCES: Mapping[str, Callable[[ErrorDetails, str], str]] = {
    "missing": _missing,
    "value_error": _value_error,
    "string_type": partial(_wrong_type, "text", _quote),
    "int_type": partial(_wrong_type, "a whole number", _as_whole),
    "bool_type": partial(_wrong_type, "true or false", lambda *_: "write true or false, without quotes"),
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
