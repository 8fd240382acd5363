"""YAML to plain values, without YAML's surprises: no tags of its own, no dates, bounded aliases, no key twice."""

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from yaml import MappingNode, Node, ScalarNode, SequenceNode
from yaml.composer import ComposerError
from yaml.constructor import ConstructorError
from yaml.error import MarkedYAMLError
from yaml.events import CollectionEndEvent, CollectionStartEvent
from yaml.reader import ReaderError

from chalicelib import limits
from chalicelib.manifest.document import (
    MAX_DIGITS,
    Document,
    demand_bounds,
    malformed,
    position,
)
from chalicelib.manifest.findings import MAX_SHOWN, Finding, Path

_TAG = "tag:yaml.org,2002:"
_DIGITS = re.compile(r"[-+]?(0|[1-9][0-9]*|[0-9]*\.[0-9]*)([eE][-+]?[0-9]+)?")
_RESOLVED = {_TAG + kind for kind in ("null", "bool", "int", "float", "merge")}


class _Loader(yaml.CSafeLoader):
    """The safe loader, except that a plain date or `=` is text: a manifest has no other use for it."""

    yaml_implicit_resolvers = {  # noqa: RUF012 (the name and shape are PyYAML's)
        first: [(tag, pattern) for tag, pattern in resolvers if tag in _RESOLVED]
        for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
    }


def read_yaml(text: str) -> Document:
    """Read one YAML object; a key that YAML does not read as text is a finding.

    Raises MalformedBody with line and column.
    """
    try:
        _demand_shallow(text)
        document = _document(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise malformed("YAML", line, column, error.problem or "this is not YAML") from error
    except ReaderError as error:
        raise malformed("YAML", *position(text.encode(), error.position), error.reason) from error
    demand_bounds(document.written, "YAML")
    return document


def _demand_shallow(text: str) -> None:
    """Refuse deep nesting before anything recursive meets it."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        if depth > limits.BODY_LEVELS:
            problem = f"more than {limits.BODY_LEVELS} levels are nested"
            raise MarkedYAMLError(problem=problem, problem_mark=event.start_mark)  # type: ignore[arg-type]  # two Marks


def _document(text: str) -> Document:
    loader = _Loader(text)
    try:
        root = loader.get_single_node()
        if root is None:
            raise MarkedYAMLError(problem="the body is empty; a manifest is an object")
        _demand_sound(root, {})
        spelled = _Spelled([], {})
        return Document(_value(loader, root, (), spelled), tuple(spelled.findings), spelled.texts)
    finally:
        loader.dispose()


def _demand_sound(node: Node, known: dict[int, tuple[int, int] | None]) -> tuple[int, int]:
    """Return how many values a node holds and how deep it is, each alias counted as often as it is used.

    Raises a YAML error when that is too much or without end, and for keys that cannot be a manifest's.
    """
    if id(node) in known:
        extent = known[id(node)]
        if extent is None:
            raise ComposerError(None, None, "an alias contains itself", node.start_mark)
        return extent
    known[id(node)] = None
    _demand_keys(node)
    extents = [_demand_sound(child, known) for child in _children(node)]
    size, depth = 1 + sum(size for size, _ in extents), 1 + max((depth for _, depth in extents), default=0)
    if size > limits.BODY_VALUES or depth > limits.BODY_LEVELS:
        most = f"{limits.BODY_VALUES} keys and values or {limits.BODY_LEVELS} levels"
        raise ComposerError(None, None, f"with its aliases written out this has more than {most}", node.start_mark)
    known[id(node)] = (size, depth)
    return size, depth


def _children(node: Node) -> Iterator[Node]:
    if isinstance(node, SequenceNode):
        yield from node.value
    elif isinstance(node, MappingNode):
        for key, value in node.value:
            yield from (key, value)


def _demand_keys(node: Node) -> None:
    """Refuse a key that is not a scalar, and one that the mapping itself has twice."""
    seen: set[str] = set()
    for key, _ in node.value if isinstance(node, MappingNode) else ():
        if not isinstance(key, ScalarNode):
            raise ConstructorError(None, None, "a key is a list or an object; write a plain name", key.start_mark)
        if key.value in seen:
            raise ConstructorError(None, None, f'the key "{key.value[:100]}" is written twice', key.start_mark)
        seen.add(key.value)


@dataclass(frozen=True)
class _Spelled:
    """What is wrong with how it is written, and how values are spelled that JSON spells otherwise."""

    findings: list[Finding]
    texts: dict[Path, str]

    def key(self, node: ScalarNode, path: Path) -> None:
        """Keep that a key is no text to YAML."""
        if node.tag != _TAG + "str":
            kind = node.tag.removeprefix(_TAG)
            detail = f'YAML reads this key as a value of type {kind}: put it in quotes, "{node.value}"'
            self.findings.append(Finding(path, detail))

    def value(self, node: ScalarNode, value: Any, path: Path) -> None:
        """Keep how a number or a truth value is spelled; a number in anything but plain digits is a finding."""
        if not isinstance(value, int | float) or node.value == json.dumps(value):
            return
        text = self.texts[path] = node.value[:MAX_SHOWN]
        if isinstance(value, bool) or math.isinf(value) or math.isnan(value) or _DIGITS.fullmatch(node.value):
            return
        detail = f'YAML reads {text} as {value}: write the number in plain digits, or text in quotes, "{text}"'
        self.findings.append(Finding(path, detail))


def _value(loader: _Loader, node: Node, path: Path, spelled: _Spelled) -> Any:
    if isinstance(node, MappingNode) and node.tag == _TAG + "map":
        return _mapping(loader, node, path, spelled)
    if isinstance(node, SequenceNode) and node.tag == _TAG + "seq":
        return [_value(loader, child, (*path, index), spelled) for index, child in enumerate(node.value)]
    if isinstance(node, ScalarNode) and node.tag in _SCALARS:
        value = _scalar(loader, node)
        spelled.value(node, value, path)
        return value
    raise ConstructorError(None, None, f"the tag {node.tag} is not allowed here; leave it out", node.start_mark)


def _mapping(loader: _Loader, node: MappingNode, path: Path, spelled: _Spelled) -> dict[str, Any]:
    loader.flatten_mapping(node)  # `<<: *alias`
    written: dict[str, Any] = {}
    for key, value in node.value:
        here = (*path, key.value)
        spelled.key(key, here)
        written[key.value] = _value(loader, value, here, spelled)
    return written


def _scalar(loader: _Loader, node: ScalarNode) -> Any:
    try:
        return _SCALARS[node.tag](loader, node)
    except (ValueError, KeyError, IndexError) as error:
        # Only a tag that somebody wrote, as in `!!int many`, leads here.
        problem = f"this is not of the type {node.tag.removeprefix(_TAG)}; leave the tag out"
        raise ConstructorError(None, None, problem, node.start_mark) from error


def _whole(loader: _Loader, node: ScalarNode) -> int | float:
    return math.inf if len(node.value) > MAX_DIGITS else int(loader.construct_yaml_int(node))


_SCALARS: Mapping[str, Callable[[_Loader, ScalarNode], Any]] = {
    _TAG + "str": lambda _, node: node.value,
    _TAG + "null": lambda _, __: None,
    _TAG + "bool": lambda loader, node: loader.construct_yaml_bool(node),
    _TAG + "float": lambda loader, node: loader.construct_yaml_float(node),
    _TAG + "int": _whole,
}
