"""The rules on a raw task definition: what ECS would refuse, and what would not be the service that is described.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from chalicelib.manifest.asked import Asked, Rule
from chalicelib.manifest.compute_rules import size_faults
from chalicelib.manifest.containers import MAX_CONTAINERS
from chalicelib.manifest.findings import Finding, Path
from chalicelib.manifest.models import qualified
from chalicelib.manifest.sentences import shown
from chalicelib.manifest.task_definition import shape_findings
from chalicelib.manifest.values import NAME

LETTERS = "write 1 to 255 letters, digits, _ and -"
# "1 vCPU" and "2 GB" are allowed beside "1024" and "2048".
SIZES = {"cpu": r"(\d+)|(\d*\.?\d+)\s*vcpu", "memory": r"(\d+)|(\d*\.?\d+)\s*gb"}


def definition_is_right(asked: Asked) -> Iterator[Finding]:
    """Check a raw task definition: its shape first, then what joins its fields."""
    definition = asked.service.written.get("task_definition")
    path = (*asked.service.path, "task_definition")
    if asked.form != "task_definition" or not isinstance(definition, dict):
        return
    misshapen = list(shape_findings(definition, path))
    yield from misshapen
    if not misshapen:
        yield from _family_is_ours(asked, definition, path)
        yield from _compute_is_there(asked, definition, path)
        yield from _network_mode_fits(asked, definition, path)
        yield from _role_is_there(asked, definition, path)
        yield from _containers_are_named(definition, (*path, "containerDefinitions"))


def _family_is_ours(asked: Asked, definition: Mapping[str, Any], path: Path) -> Iterator[Finding]:
    application, environment = asked.manifest.text("application"), asked.manifest.text("environment")
    if application is None or environment is None or "family" not in definition:
        return
    ours = f"{qualified(application, environment)}-{asked.name}"
    if definition["family"] != ours:
        detail = f"the family of this service is {shown(ours)}: write that, or leave it out"
        yield Finding((*path, "family"), detail)


def _compute_is_there(asked: Asked, definition: Mapping[str, Any], path: Path) -> Iterator[Finding]:
    wanted = definition.get("requiresCompatibilities")
    if asked.compatibility and wanted and asked.compatibility not in wanted:
        detail = f"the service runs on {asked.compatibility}: write it here, or another launch_type"
        yield Finding((*path, "requiresCompatibilities"), detail)
    sizes = {key: units(definition[key], key) for key in SIZES if key in definition}
    for key in (key for key, units in sizes.items() if units is None):
        yield Finding((*path, key), f'{shown(definition[key])} is no size: write "1024", or "1 vCPU" or "2 GB"')
    if None in sizes.values():
        return
    if asked.compatibility == "FARGATE":
        yield from _fargate_findings(definition, sizes, path)
    elif asked.compatibility == "EC2" and "memory" not in definition:
        for index, container in enumerate(definition["containerDefinitions"]):
            if not container.get("memory") and not container.get("memoryReservation"):
                detail = "no memory is written: write it here, or for the whole task"
                yield Finding((*path, "containerDefinitions", index), detail)


def _fargate_findings(definition: Mapping[str, Any], sizes: Mapping[str, int | None], path: Path) -> Iterator[Finding]:
    for key in SIZES:
        if key not in definition:
            yield Finding(path, f'"{key}" is missing: Fargate needs it, as text, such as "512"')
    cpu, memory = sizes.get("cpu"), sizes.get("memory")
    if cpu is not None and memory is not None:
        for key, detail in size_faults(cpu, memory, said=True):
            yield Finding((*path, key), detail)
    for index, volume in enumerate(definition.get("volumes", [])):
        if volume.get("host", {}).get("sourcePath") or "dockerVolumeConfiguration" in volume:
            detail = "Fargate has no host whose path could be mounted: write an EFS file system, or launch_type: EC2"
            yield Finding((*path, "volumes", index), detail)


def units(size: str, key: str) -> int | None:
    """Return a task's size, "1 vCPU" or "1024", in CPU units or MiB; None where it is none."""
    found = re.fullmatch(SIZES[key], size.strip(), re.IGNORECASE)
    if found is None or len(size) > 20:
        return None
    return int(found[1]) if found[1] else int(float(found[2]) * 1024)


def _network_mode_fits(asked: Asked, definition: Mapping[str, Any], path: Path) -> Iterator[Finding]:
    """Check for awsvpc where it is needed; ECS's own default is another.

    Slipway proves names and targets by the addresses of tasks, which only awsvpc gives them.
    """
    mode = definition.get("networkMode")
    needs = asked.compatibility == "FARGATE" or asked.service.says("discovery") or asked.service.says("route")
    if needs and mode != "awsvpc":
        why = "Fargate has" if asked.compatibility == "FARGATE" else "discovery and route need"
        steps = ("networkMode",) if mode else ()
        yield Finding((*path, *steps), f'{why} the network mode awsvpc only: write "networkMode": "awsvpc"')
    if mode != "awsvpc":
        return
    for index, container in enumerate(definition["containerDefinitions"]):
        for number, mapping in enumerate(container.get("portMappings", [])):
            if mapping.get("hostPort") not in (None, mapping.get("containerPort")):
                detail = "with awsvpc the host's port is the container's: leave hostPort out"
                yield Finding((*path, "containerDefinitions", index, "portMappings", number, "hostPort"), detail)


def _role_is_there(asked: Asked, definition: Mapping[str, Any], path: Path) -> Iterator[Finding]:
    """Check for the role with which ECS itself reads secrets and, on Fargate, writes logs to CloudWatch."""
    containers = definition["containerDefinitions"]
    if definition.get("executionRoleArn"):
        return
    if any(container.get("secrets") for container in containers):
        yield Finding(path, '"executionRoleArn" is missing: reading secrets needs a role')
    elif asked.compatibility == "FARGATE" and any(
        container.get("logConfiguration", {}).get("logDriver") == "awslogs" for container in containers
    ):
        yield Finding(path, '"executionRoleArn" is missing: on Fargate the log driver awslogs needs a role')


def _containers_are_named(definition: Mapping[str, Any], path: Path) -> Iterator[Finding]:
    containers = definition["containerDefinitions"]
    if not 1 <= len(containers) <= MAX_CONTAINERS:
        yield Finding(path, f"there are {len(containers)} containers: write 1 to {MAX_CONTAINERS}")
    names: list[str] = []
    for index, container in enumerate(containers):
        name = container.get("name", "")
        if re.fullmatch(NAME, name) is None:
            yield Finding((*path, index, *(("name",) if name else ())), f"a container needs a name: {LETTERS}")
        elif name in names:
            yield Finding((*path, index, "name"), f"another container is named {shown(name)} too: write another name")
        if not container.get("image"):
            yield Finding((*path, index), '"image" is missing: write the image of this container')
        names.append(name)


DEFINITION_RULES: tuple[Rule, ...] = (definition_is_right,)
