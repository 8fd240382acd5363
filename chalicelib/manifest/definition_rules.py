"""The rules on a raw task definition: what ECS would refuse, and what would not be the service that is described.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from chalicelib.manifest.asked import Asked, Rule
from chalicelib.manifest.compute_rules import size_faults
from chalicelib.manifest.containers import MAX_CONTAINERS
from chalicelib.manifest.fargate_rules import fargate_lacks
from chalicelib.manifest.findings import Finding
from chalicelib.manifest.forms import reading_of
from chalicelib.manifest.models import qualified
from chalicelib.manifest.secret_rules import references
from chalicelib.manifest.sentences import shown
from chalicelib.manifest.task_definition import Reading
from chalicelib.manifest.values import NAME

LETTERS = "write 1 to 255 letters, digits, _ and -"
# "1 vCPU" and "2 GB" are allowed beside "1024" and "2048".
SIZES = {"cpu": r"(\d+)|(\d*\.?\d+)\s*vcpu", "memory": r"(\d+)|(\d*\.?\d+)\s*gb"}
MEMORY = ("memory", "memoryReservation")


def definition_is_right(asked: Asked) -> Iterator[Finding]:
    """Check a raw task definition: its shape, and what joins its fields as far as they can be read."""
    reading = reading_of(asked.service, asked.texts)
    if reading is None:
        return
    # What its notation alone shows to be wrong is told already, as it was written.
    yield from (fault for fault in reading.faults if fault.path not in asked.service.faulty)
    yield from _family_is_ours(asked, reading)
    yield from _compute_is_there(asked, reading)
    yield from _network_mode_fits(asked, reading)
    yield from _role_is_there(asked, reading)
    yield from _containers_are_named(reading)
    yield from _volumes_are_named(reading)
    yield from _containers_fit_in_the_task(reading)
    if _runs_on_fargate(asked, reading):
        yield from fargate_lacks(reading)


def _runs_on_fargate(asked: Asked, reading: Reading) -> bool:
    """Tell whether ECS checks a definition for Fargate: it does for all that `requiresCompatibilities` names."""
    return asked.compatibility == "FARGATE" or "FARGATE" in reading.content.get("requiresCompatibilities", ())


def _family_is_ours(asked: Asked, reading: Reading) -> Iterator[Finding]:
    application, environment = asked.manifest.text("application"), asked.manifest.text("environment")
    if application is None or environment is None or "family" not in reading.content:
        return
    ours = f"{qualified(application, environment)}-{asked.name}"
    if reading.content["family"] != ours:
        yield reading.finding(f"the family of this service is {shown(ours)}: write that, or leave it out", "family")


def _compute_is_there(asked: Asked, reading: Reading) -> Iterator[Finding]:
    definition, wanted = reading.content, reading.content.get("requiresCompatibilities")
    if wanted and not reading.is_unread("requiresCompatibilities") and not _is_for(asked, wanted):
        detail = f"the service runs on {asked.compatibility}: write it here, or another launch_type"
        yield reading.finding(detail, "requiresCompatibilities")
    sizes = {key: units(definition[key], key) for key in SIZES if key in definition}
    for key in (key for key, units in sizes.items() if units is None):
        yield reading.finding(f'{shown(definition[key])} is no size: write "1024", or "1 vCPU" or "2 GB"', key)
    if _runs_on_fargate(asked, reading):
        yield from _fargate_has_the_size(reading, sizes.get("cpu"), sizes.get("memory"))
    elif asked.compatibility == "EC2" and not reading.says("memory"):
        for index, container in enumerate(reading.containers):
            unread = any(reading.is_unread("containerDefinitions", index, key) for key in MEMORY)
            if not unread and not any(container.get(key) for key in MEMORY):
                detail = "no memory is written: write it here, or for the whole task"
                yield reading.finding(detail, "containerDefinitions", index)


def _is_for(asked: Asked, wanted: list[str]) -> bool:
    """Tell whether a definition is for where a service runs; whose instances a provider manages, only ECS knows."""
    own_provider = asked.compatibility == "EC2" and asked.service.says("capacity_providers")
    return asked.compatibility in (None, *wanted) or (own_provider and "MANAGED_INSTANCES" in wanted)


def _fargate_has_the_size(reading: Reading, cpu: int | None, memory: int | None) -> Iterator[Finding]:
    for key in SIZES:
        if not reading.says(key):
            yield reading.finding(f'"{key}" is missing: Fargate needs it, as text, such as "512"')
    if cpu is not None and memory is not None:
        for key, detail in size_faults(cpu, memory, said=True):
            yield reading.finding(detail, key)


def units(size: str, key: str) -> int | None:
    """Return a task's size, "1 vCPU" or "1024", in CPU units or MiB; None where it is none."""
    found = re.fullmatch(SIZES[key], size.strip(), re.IGNORECASE)
    if found is None or len(size) > 20:
        return None
    return int(found[1]) if found[1] else int(float(found[2]) * 1024)


def _network_mode_fits(asked: Asked, reading: Reading) -> Iterator[Finding]:
    """Check for awsvpc where it is needed; ECS's own default is another.

    Slipway proves names and targets by the addresses of tasks, which only awsvpc gives them.
    """
    mode, on_fargate = reading.content.get("networkMode"), _runs_on_fargate(asked, reading)
    needs = on_fargate or asked.service.says("discovery") or asked.service.says("route")
    if needs and mode != "awsvpc" and not reading.is_unread("networkMode"):
        why = "Fargate has" if on_fargate else "discovery and route need"
        steps = ("networkMode",) if mode else ()
        yield reading.finding(f'{why} the network mode awsvpc only: write "networkMode": "awsvpc"', *steps)
    if mode != "awsvpc":
        return
    for index, container in enumerate(reading.containers):
        for number, mapping in enumerate(container.get("portMappings", ())):
            if mapping.get("hostPort") not in (None, mapping.get("containerPort")):
                detail = "with awsvpc the host's port is the container's: leave hostPort out"
                yield reading.finding(detail, "containerDefinitions", index, "portMappings", number, "hostPort")


def _role_is_there(asked: Asked, reading: Reading) -> Iterator[Finding]:
    """Check for the role with which ECS itself reads secrets and, on Fargate, writes logs to CloudWatch."""
    if reading.says("executionRoleArn"):
        return
    if any(references(reading.containers, ())):
        yield reading.finding('"executionRoleArn" is missing: reading secrets needs a role')
    elif _runs_on_fargate(asked, reading) and any(
        container.get("logConfiguration", {}).get("logDriver") == "awslogs" for container in reading.containers
    ):
        yield reading.finding('"executionRoleArn" is missing: on Fargate the log driver awslogs needs a role')


def _containers_are_named(reading: Reading) -> Iterator[Finding]:
    place, names = "containerDefinitions", set[str]()
    if not 1 <= len(reading.containers) <= MAX_CONTAINERS and place in reading.content:
        yield reading.finding(f"there are {len(reading.containers)} containers: write 1 to {MAX_CONTAINERS}", place)
    for index, container in enumerate(reading.containers):
        name = container.get("name", "")
        if re.fullmatch(NAME, name) is None and not reading.is_unread(place, index, "name"):
            yield reading.finding(f"a container needs a name: {LETTERS}", place, index, *(("name",) if name else ()))
        elif name and name in names:
            detail = f"another container is named {shown(name)} too: write another name"
            yield reading.finding(detail, place, index, "name")
        if not container.get("image") and not reading.is_unread(place, index, "image"):
            yield reading.finding('"image" is missing: write the image of this container', place, index)
        names.add(name)


def _volumes_are_named(reading: Reading) -> Iterator[Finding]:
    names = set[str]()
    for index, volume in enumerate(reading.content.get("volumes", ())):
        name = volume.get("name", "")
        if not name and not reading.is_unread("volumes", index, "name"):
            yield reading.finding(f"a volume needs a name: {LETTERS}", "volumes", index)
        elif name and name in names:
            detail = f"another volume is named {shown(name)} too: write another name"
            yield reading.finding(detail, "volumes", index, "name")
        names.add(name)


def _containers_fit_in_the_task(reading: Reading) -> Iterator[Finding]:
    """Check that no container's limit, nor what all reserve together, is more than the task has.

    A container reserves its memoryReservation, without one its memory:
    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
    """
    for key, limits in {"cpu": ("cpu",), "memory": ("memoryReservation", "memory")}.items():
        has = units(reading.content[key], key) if key in reading.content else None
        if has is None:
            continue
        asked = sum(_reserved(each, limits) for each in reading.containers)
        if asked > has:
            yield reading.finding(f"the containers ask for {asked} together, the task has {has}: write more here", key)
            continue
        for index, container in enumerate(reading.containers):
            if key in container and container[key] > has:
                detail = f"{container[key]} is more than the task's {has}: write less here, or more there"
                yield reading.finding(detail, "containerDefinitions", index, key)
    for index, container in enumerate(reading.containers):
        memory, reserved = container.get("memory"), container.get("memoryReservation")
        if memory and reserved and reserved > memory:
            detail = f"{reserved} is more than the container's memory of {memory}: write less here, or more there"
            yield reading.finding(detail, "containerDefinitions", index, "memoryReservation")


def _reserved(container: Mapping[str, Any], limits: Iterable[str]) -> int:
    return next((container[limit] for limit in limits if container.get(limit)), 0)


DEFINITION_RULES: tuple[Rule, ...] = (definition_is_right,)
