"""The parts of the Amazon States Language that are values: paths, templates, intrinsics, choices, retries.

They know what our state machine uses and raise NotImplementedError on the rest, so that a new feature in it is noticed.
https://states-language.net/spec.html
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

LIMIT_BYTES = 256 * 1024  # input and output of a state, Step Functions quotas
ARRAY_CONTAINS = re.compile(r"States\.ArrayContains\((?P<path>\$[^,]*), (?P<literal>.+)\)")
PATH = re.compile(r"\$\$?(\.\w+|\[\*\])*")
NEVER_WILD = ("States.DataLimitExceeded", "States.Runtime")  # States.ALL does not match them


class StatesError(Exception):
    """An error inside an execution: what Catch and Retry match, and what came with it."""

    def __init__(self, name: str, cause: str = "") -> None:
        super().__init__(f"{name}: {cause}")
        self.name = name
        self.cause = cause


def wire(value: Any) -> Any:
    """Return a value as it arrives behind a border between services: as JSON, and not larger than they take."""
    text = json.dumps(value, allow_nan=False)
    assert len(text.encode()) < LIMIT_BYTES, f"{len(text)} bytes do not pass: {text[:200]}"
    return json.loads(text)


def only(state: Mapping[str, Any], *known: str) -> None:
    """Refuse a field that this interpreter does not know."""
    if unknown := set(state) - {"Comment", "Type", *known}:
        raise NotImplementedError(f"a {state.get('Type', 'part')} with {sorted(unknown)}")


def find(path: str, document: Any, context: Any = None) -> Any:
    """Return what a reference path names; `$$` looks into the context object."""
    if not PATH.fullmatch(path):
        raise NotImplementedError(f"the path {path}")
    found: Any = context if path.startswith("$$") else document
    steps = re.findall(r"\w+|\[\*\]", path)
    for at, step in enumerate(steps):
        if step == "[*]":
            rest = "".join(each if each == "[*]" else f".{each}" for each in steps[at + 1 :])
            return [find(f"${rest}", each) for each in found]
        if not isinstance(found, Mapping) or step not in found:
            raise StatesError("States.ParameterPathFailure", f"{path} is not in {json.dumps(document)[:300]}")
        found = found[step]
    return found


def has(path: str, document: Any) -> bool:
    """Tell whether a path leads to anything."""
    try:
        find(path, document)
    except StatesError:
        return False
    return True


def put(path: str | None, value: Any, document: Any) -> Any:
    """Return a state's output: its input with the result where ResultPath says."""
    if path is None:
        return document
    if path == "$":
        return value
    if not re.fullmatch(r"\$\.\w+", path):
        raise NotImplementedError(f"the ResultPath {path}")
    return {**document, path[2:]: value}


def fill(template: Any, document: Any, context: Any = None) -> Any:
    """Return a payload template with what its `.$` fields ask for."""
    if isinstance(template, Mapping):
        return dict(_field(key, value, document, context) for key, value in template.items())
    if isinstance(template, list):
        return [fill(each, document, context) for each in template]
    return template


def _field(key: str, value: Any, document: Any, context: Any) -> tuple[str, Any]:
    if not key.endswith(".$"):
        return key, fill(value, document, context)
    if contains := ARRAY_CONTAINS.fullmatch(value):
        return key[:-2], json.loads(contains["literal"]) in find(contains["path"], document, context)
    return key[:-2], find(value, document, context)


def choose(state: Mapping[str, Any], document: Any) -> str:
    """Return the name of the state that a Choice leads to."""
    only(state, "Choices", "Default")
    chosen = next((rule["Next"] for rule in state["Choices"] if _holds(rule, document)), state.get("Default"))
    if chosen is None:
        raise StatesError("States.NoChoiceMatched")
    return str(chosen)


def _holds(rule: Mapping[str, Any], document: Any) -> bool:
    if "And" in rule:
        only(rule, "And", "Next")
        return all(_holds(each, document) for each in rule["And"])
    if "IsPresent" in rule:
        only(rule, "Variable", "IsPresent", "Next")
        return has(rule["Variable"], document) is rule["IsPresent"]
    only(rule, "Variable", "BooleanEquals", "Next")
    return find(rule["Variable"], document) is rule["BooleanEquals"]


def matches(error: StatesError, names: Sequence[str]) -> bool:
    """Tell whether an ErrorEquals means this error."""
    return error.name in names or ("States.ALL" in names and error.name not in NEVER_WILD)


def retry_seconds(retriers: Sequence[Mapping[str, Any]], error: StatesError, tries: dict[int, int]) -> float | None:
    """Return how long to wait before trying again, None when it is not to be tried; counts it in `tries`.

    FULL jitter waits for any time up to this one; here it is the longest.
    """
    for at, retrier in enumerate(retriers):
        only(
            retrier,
            "ErrorEquals",
            "IntervalSeconds",
            "MaxAttempts",
            "BackoffRate",
            "MaxDelaySeconds",
            "JitterStrategy",
        )
        if matches(error, retrier["ErrorEquals"]):
            tries[at] = tries.get(at, 0) + 1
            if tries[at] > retrier["MaxAttempts"]:
                return None
            delay = retrier["IntervalSeconds"] * retrier["BackoffRate"] ** (tries[at] - 1)
            return float(min(delay, retrier["MaxDelaySeconds"]))
    return None
