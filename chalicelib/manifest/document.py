"""A document as it was written: an object of plain values, whatever its notation; and the bounds it must keep."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from chalicelib import limits
from chalicelib.errors import MalformedBody
from chalicelib.manifest.findings import Finding, Path

# No number of a manifest has more; Python itself refuses to read or write integers of more than 4,300.
MAX_DIGITS = 40


EXTENSION = "x-"


@dataclass(frozen=True)
class Document:
    """What was written, and what its notation alone shows to be wrong.

    `texts` has how a number or a truth value was spelled, where that is not how JSON spells it.
    """

    written: dict[str, Any]
    findings: tuple[Finding, ...] = ()
    texts: Mapping[Path, str] = field(default_factory=dict)

    def without_extensions(self) -> "Document":
        """Return it without the keys of its top that begin with `x-`, which hold what YAML's aliases repeat."""
        written = {key: value for key, value in self.written.items() if not key.startswith(EXTENSION)}
        findings = tuple(each for each in self.findings if each.path[0] in written)
        return replace(self, written=written, findings=findings)

    def inside(self, key: str) -> "Document":
        """Return the object of a key as a document of its own."""
        findings = tuple(Finding(each.path[1:], each.detail) for each in self.findings if each.path[0] == key)
        texts = {path[1:]: text for path, text in self.texts.items() if path[0] == key}
        return Document(self.written[key], findings, texts)


def malformed(language: str, line: int, column: int, problem: str) -> MalformedBody:
    """Return the error for a body that cannot be read; line and column count from 1."""
    return MalformedBody(f"The {language} cannot be read at line {line}, column {column}: {problem}.")


def position(text: bytes, offset: int) -> tuple[int, int]:
    """Return the line and column, from 1, of a place in a text (both in bytes)."""
    before = text[:offset]
    return before.count(b"\n") + 1, offset - before.rfind(b"\n")


def whole(digits: str) -> int | float:
    """Read a whole number; one with absurdly many digits is infinity, which no rule allows."""
    return int(digits) if len(digits) <= MAX_DIGITS else math.inf


def demand_bounds(written: Any, language: str) -> None:
    """Demand an object of bounded size and depth, all of whose text is Unicode; else raise MalformedBody."""
    if not isinstance(written, dict):
        raise malformed(language, 1, 1, "this is not an object; a manifest is one, with keys such as application")
    todo: list[tuple[Any, int]] = [(written, 1)]
    characters = 0
    for seen, (value, depth) in enumerate(todo):
        if isinstance(value, str):
            _demand_unicode(value, language)
            characters += len(value)
        if seen >= limits.BODY_VALUES or characters > limits.BODY_BYTES:
            raise MalformedBody(
                f"The {language} holds more than {limits.BODY_VALUES} keys and values,"
                f" or {limits.BODY_BYTES} characters in them, once its aliases are written out; write fewer."
            )
        if depth > limits.BODY_LEVELS:
            raise MalformedBody(f"The {language} is nested too deeply; {limits.BODY_LEVELS} levels are allowed.")
        todo.extend((child, depth + 1) for child in _children(value))


def _children(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [*value, *value.values()]
    return value if isinstance(value, list) else []


def _demand_unicode(text: str, language: str) -> None:
    # JSON's \ud800 without its other half makes a str that has no UTF-8, so that no answer could quote it.
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise MalformedBody(f"The {language} holds half a surrogate pair in {text[:100]!a}.") from error
