"""A raw task definition: the shape that RegisterTaskDefinition takes, and its containers in the manifest's words."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path as File
from types import MappingProxyType
from typing import Any

from chalicelib.manifest.definition_values import text_fault, value_fault
from chalicelib.manifest.described import registrable
from chalicelib.manifest.findings import Finding, Path
from chalicelib.manifest.sentences import nearest, shown

# `python -m tests.contract.task_definition_shape` writes it anew from botocore's model of ECS. A shape is "string",
# "integer", "boolean", {"enum": texts}, {"list": shape}, {"map": shape}, or the name of a structure; a member with ! is
# required.
SHAPES = File(__file__).with_name("task_definition_shape.json")
REQUEST = "RegisterTaskDefinitionRequest"
# Slipway gives these itself.
GIVEN = {"family"}

KINDS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "string": (lambda value: isinstance(value, str), "text"),
    "enum": (lambda value: isinstance(value, str), "text"),
    "integer": (lambda value: type(value) is int, "a whole number"),
    "boolean": (lambda value: isinstance(value, bool), "true or false"),
    "list": (lambda value: isinstance(value, list | tuple), "a list"),
    "map": (lambda value: isinstance(value, dict), "an object"),
}

# Where a raw container definition says what a Container says.
IN_ECS = {
    "image": "image",
    "port": "portMappings",
    "essential": "essential",
    "health_check": "healthCheck",
    "depends_on": "dependsOn",
    "secrets": "secrets",
    "mounts": "mountPoints",
    "stop_timeout": "stopTimeout",
    "cpu": "cpu",
    "memory": "memory",
}
# What stands in the place of a value: in the content there is none, and in our words it is said, but nothing to go by.
_UNREAD = object()
_UNREADABLE = ""


@cache
def shapes() -> Mapping[str, Mapping[str, Any]]:
    """Return the members of each structure of RegisterTaskDefinition, with their shapes."""
    found: Mapping[str, Mapping[str, Any]] = json.loads(SHAPES.read_text(encoding="utf-8"))
    return found


@dataclass(frozen=True)
class Reading:
    """A raw definition as far as it can be read: its content, the way to it, and what is wrong with the rest.

    `unreadable` are the ways to the values that `faults` tell, and that the content is without.
    """

    content: dict[str, Any]
    path: Path
    faults: tuple[Finding, ...]
    unreadable: frozenset[Path]

    @property
    def containers(self) -> list[dict[str, Any]]:
        """Return the containers; one that cannot be read is empty."""
        return list(self.content.get("containerDefinitions", ()))

    def is_unread(self, *steps: str | int) -> bool:
        """Tell whether something is written at a place that cannot be read, all of it or a part."""
        place = (*self.path, *steps)
        return any(place[: len(way)] == way or way[: len(place)] == place for way in self.unreadable)

    def says(self, key: str) -> bool:
        """Tell whether something is written for a key of the definition, readable or not."""
        return bool(self.content.get(key)) or self.is_unread(key)

    def finding(self, detail: str, *steps: str | int) -> Finding:
        """Return a finding some steps inside of the definition."""
        return Finding((*self.path, *steps), detail)


def read_definition(
    written: Mapping[str, Any], path: Path, texts: Mapping[Path, str] = MappingProxyType({})
) -> Reading:
    """Read a raw definition as it was written at a path.

    `texts` has how a number or a truth value is spelled, where that is not how JSON spells it.
    """
    found, reader = registrable(written), _Reader(texts)
    inside = (*path, *found.steps)
    content = reader.structure(found.content, REQUEST, inside)
    return Reading(content, inside, tuple(reader.faults), frozenset(reader.unreadable))


class _Reader:
    """Reads values by the shapes of ECS's model, and keeps what is wrong with them."""

    def __init__(self, texts: Mapping[Path, str]) -> None:
        self._texts = texts
        self.faults: list[Finding] = []
        self.unreadable: set[Path] = set()

    def structure(self, value: Mapping[str, Any], name: str, path: Path) -> dict[str, Any]:
        """Return what can be read of an object."""
        members = {member.rstrip("!"): shape for member, shape in shapes()[name].items()}
        required = {member[:-1] for member in shapes()[name] if member.endswith("!")} - GIVEN
        for member in sorted(required - value.keys()):
            self.faults.append(Finding(path, f'"{member}" is missing: ECS requires it here'))
        read = {}
        for key, inner in value.items():
            way = (*path, key)
            if key not in members:
                cure = nearest(str(key), members) or f"; the keys here are {', '.join(members)}"
                self._refuse(way, f"{shown(key)} is not a key that ECS knows here{cure}")
                continue
            found = self._value(inner, members[key], way)
            if found is not _UNREAD and (fault := value_fault(name, key, found)):
                self._refuse(way, fault)
            elif found is not _UNREAD:
                read[key] = found
        return read

    def _value(self, value: Any, shape: Any, path: Path) -> Any:
        kind = next(iter(shape)) if isinstance(shape, dict) else shape if shape in KINDS else "map"
        matches, wanted = KINDS[kind]
        if not matches(value):
            return self._refuse(path, self._misplaced(value, wanted, path))
        if kind == "list":
            return [
                found for index, each in enumerate(value) for found in self._entry(each, shape["list"], (*path, index))
            ]
        if kind == "enum" and value not in shape["enum"]:
            cure = nearest(value, shape["enum"]) or f": write {' or '.join(shape['enum'])}"
            return self._refuse(path, f"{shown(value)} is not allowed here{cure}")
        if kind == "map":
            if not isinstance(shape, dict):
                return self.structure(value, shape, path)
            read = {key: self._value(each, shape["map"], (*path, key)) for key, each in value.items()}
            return {key: each for key, each in read.items() if each is not _UNREAD}
        fault = text_fault(value) if kind == "string" else None
        return self._refuse(path, fault) if fault else value

    def _misplaced(self, value: Any, wanted: str, path: Path) -> str:
        quoted = self._texts.get(path, shown(value))
        meant = wanted == "text" and isinstance(value, bool | int | float)
        cure = f'put it in quotes as you mean it, "{quoted}"' if meant else f"write {wanted}, as ECS takes it"
        return f"{quoted} stands where {wanted} belongs: {cure}"

    def _entry(self, value: Any, shape: Any, path: Path) -> list[Any]:
        """Return an entry of a list in a list, or nothing; an object that cannot be read keeps its place, empty."""
        found = self._value(value, shape, path)
        if found is not _UNREAD:
            return [found]
        return [{}] if isinstance(shape, str) and shape not in KINDS else []

    def _refuse(self, path: Path, detail: str) -> Any:
        self.faults.append(Finding(path, detail))
        self.unreadable.add(path)
        return _UNREAD


def containers_of_definition(reading: Reading) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the containers of a definition that have a name, each with its index, in the words of Container."""
    for index, container in enumerate(reading.containers):
        if container.get("name"):
            said = _in_our_words(container)
            unread = {
                ours: _UNREADABLE
                for ours, theirs in IN_ECS.items()
                if said.get(ours) is None and reading.is_unread("containerDefinitions", index, theirs)
            }
            yield index, {key: value for key, value in (said | unread).items() if value is not None}


def _in_our_words(container: Mapping[str, Any]) -> dict[str, Any]:
    ports = [each["containerPort"] for each in container.get("portMappings", ()) if "containerPort" in each]
    return {
        "name": container["name"],
        "image": container.get("image"),
        "port": ports[0] if ports else None,
        "other_ports": tuple(ports[1:]),
        "essential": container.get("essential"),
        "health_check": container.get("healthCheck"),
        "depends_on": {
            each["containerName"]: each.get("condition", "")
            for each in container.get("dependsOn", ())
            if "containerName" in each
        },
        "environment": {
            each["name"]: each.get("value", "") for each in container.get("environment", ()) if "name" in each
        },
        "secrets": {
            each["name"]: each["valueFrom"]
            for each in container.get("secrets", ())
            if {"name", "valueFrom"} <= each.keys()
        },
        "mounts": [
            {"volume": each.get("sourceVolume"), "path": each.get("containerPath")}
            for each in container.get("mountPoints", ())
        ],
        "stop_timeout": container.get("stopTimeout"),
        "cpu": container.get("cpu") or None,
        "memory": container.get("memory"),
    }
