"""The fields of a manifest, as its JSON Schema has them: each by its path, such as `services.*.route.path`."""

from collections.abc import Iterator, Mapping
from typing import Any

from chalicelib.manifest.schema import manifest_schema

Node = Mapping[str, Any]


def fields() -> set[str]:
    """Return the path of every field that holds a value: `*` stands for a name, `[]` for a place in a list."""
    whole = manifest_schema()
    return set(_paths(whole, whole, ""))


def _paths(whole: Node, node: Node, path: str) -> Iterator[str]:
    below = list(_below(whole, node, path))
    if not below and path:
        yield path
    for each, where in below:
        yield from _paths(whole, each, where)


def _below(whole: Node, node: Node, path: str) -> Iterator[tuple[Node, str]]:
    """Yield what a node is made of that has fields of its own, each with its path."""
    if "$ref" in node:
        yield whole["$defs"][node["$ref"].rpartition("/")[2]], path
    for each in node.get("anyOf", ()):
        if _has_fields(whole, each):
            yield each, path
    for name, each in node.get("properties", {}).items():
        yield each, f"{path}.{name}".lstrip(".")
    for each in node.get("patternProperties", {}).values():
        if _has_fields(whole, each):
            yield each, f"{path}.*"
    items = node.get("items", False)
    if _has_fields(whole, items):
        yield items, f"{path}[]"


def _has_fields(whole: Node, node: Node | bool) -> bool:
    return isinstance(node, Mapping) and any(True for _ in _below(whole, node, ""))
