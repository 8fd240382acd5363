"""A raw task definition: the shape that RegisterTaskDefinition takes, and its containers in the manifest's words."""

import json
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path as File
from typing import Any

from chalicelib.manifest.findings import Finding, Path
from chalicelib.manifest.sentences import nearest, shown

# `python -m tests.contract.task_definition_shape` writes it anew from botocore's model of ECS. A shape is "string",
# "integer", "boolean", {"list": shape}, {"map": shape}, or the name of a structure; a member with ! is required.
SHAPES = File(__file__).with_name("task_definition_shape.json")
REQUEST = "RegisterTaskDefinitionRequest"
# Slipway gives these itself.
GIVEN = {"family"}

KINDS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "string": (lambda value: isinstance(value, str), "text"),
    "integer": (lambda value: type(value) is int, "a whole number"),
    "boolean": (lambda value: isinstance(value, bool), "true or false"),
    "list": (lambda value: isinstance(value, list | tuple), "a list"),
    "map": (lambda value: isinstance(value, dict), "an object"),
}


@cache
def shapes() -> Mapping[str, Mapping[str, Any]]:
    """Return the members of each structure of RegisterTaskDefinition, with their shapes."""
    found: Mapping[str, Mapping[str, Any]] = json.loads(SHAPES.read_text(encoding="utf-8"))
    return found


def shape_findings(definition: Mapping[str, Any], path: Path) -> Iterator[Finding]:
    """Yield what ECS would refuse unread: unknown keys, missing ones, and values of another kind."""
    yield from _structure_findings(definition, REQUEST, path)


def _structure_findings(value: Mapping[str, Any], name: str, path: Path) -> Iterator[Finding]:
    members = {member.rstrip("!"): shape for member, shape in shapes()[name].items()}
    required = {member[:-1] for member in shapes()[name] if member.endswith("!")} - GIVEN
    for member in sorted(required - value.keys()):
        yield Finding(path, f'"{member}" is missing: ECS requires it here')
    for key, inner in value.items():
        if key not in members:
            cure = nearest(str(key), members) or f"; the keys here are {', '.join(members)}"
            yield Finding((*path, key), f"{shown(key)} is not a key that ECS knows here{cure}")
        else:
            yield from _value_findings(inner, members[key], (*path, key))


def _value_findings(value: Any, shape: Any, path: Path) -> Iterator[Finding]:
    kind = next(iter(shape)) if isinstance(shape, dict) else shape if shape in KINDS else "map"
    matches, wanted = KINDS[kind]
    if not matches(value):
        yield Finding(path, f"{shown(value)} stands where {wanted} belongs: write {wanted}, as ECS takes it")
    elif kind == "list":
        for index, each in enumerate(value):
            yield from _value_findings(each, shape["list"], (*path, index))
    elif isinstance(shape, dict):
        for key, each in value.items():
            yield from _value_findings(each, shape["map"], (*path, key))
    elif shape not in KINDS:
        yield from _structure_findings(value, shape, path)


def containers_of_definition(definition: Mapping[str, Any]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the containers of a definition that has its shape, each with its index, in the words of Container."""
    for index, container in enumerate(definition["containerDefinitions"]):
        if container.get("name"):
            yield index, _in_our_words(container)


def _in_our_words(container: Mapping[str, Any]) -> dict[str, Any]:
    ports = [each["containerPort"] for each in container.get("portMappings", []) if "containerPort" in each]
    said = {
        "name": container["name"],
        "image": container.get("image"),
        "port": ports[0] if ports else None,
        "other_ports": tuple(ports[1:]),
        "essential": container.get("essential", True),
        "health_check": container.get("healthCheck"),
        "depends_on": {each["containerName"]: each["condition"] for each in container.get("dependsOn", [])},
        "environment": {each.get("name", ""): each.get("value", "") for each in container.get("environment", [])},
        "secrets": {each["name"]: each["valueFrom"] for each in container.get("secrets", [])},
        "mounts": [
            {"volume": each.get("sourceVolume"), "path": each.get("containerPath")}
            for each in container.get("mountPoints", [])
        ],
        "stop_timeout": container.get("stopTimeout"),
        "cpu": container.get("cpu") or None,
        "memory": container.get("memory"),
    }
    return {key: value for key, value in said.items() if value is not None}
