"""The rules of RegisterTaskDefinition about what containers share: their order, and volumes.

Rules: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDependency.html and
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_data_volumes.html
"""

import re
from typing import Any

from localcloud.ecs.dependencies import has_loop
from localcloud.ecs.revisions import has_health_check
from localcloud.faults import AwsFault

CONDITIONS = ("START", "COMPLETE", "SUCCESS", "HEALTHY")
VOLUME_NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")
FARGATE_START_SECONDS = range(2, 121)


def require(holds: object, message: str) -> None:
    """Raise AwsFault (ClientException) with this message unless a rule holds."""
    if not holds:
        raise AwsFault("ClientException", message)


def check_dependencies(containers: list[dict[str, Any]]) -> None:
    """Raise AwsFault when containers cannot wait for each other as they ask."""
    by_name = {container["name"]: container for container in containers}
    for container in containers:
        for dependency in container.get("dependsOn", []):
            _check_dependency(container["name"], dependency, by_name)
    require(not has_loop(containers), "Cyclic dependency found in the container dependencies of the task definition.")


def _check_dependency(name: str, dependency: dict[str, Any], by_name: dict[str, dict[str, Any]]) -> None:
    needed, condition = by_name.get(dependency["containerName"]), dependency["condition"]
    place = f"Container '{name}' depends on '{dependency['containerName']}'"
    require(needed is not None and dependency["containerName"] != name, f"{place}, which is not in the task.")
    require(condition in CONDITIONS, f"{place} with the condition {condition}: use one of {', '.join(CONDITIONS)}.")
    target = needed or {}
    require(
        condition not in ("COMPLETE", "SUCCESS") or not target.get("essential", True),
        f"{place} with the condition {condition}, which cannot be set on an essential container.",
    )
    require(
        condition != "HEALTHY" or has_health_check(target),
        f"{place} with the condition HEALTHY, but it has no health check.",
    )


def check_volumes(request: dict[str, Any]) -> None:
    """Raise AwsFault when a task's volumes cannot be, or a container mounts one that is not there."""
    volumes = request.get("volumes", [])
    names = [volume.get("name", "") for volume in volumes]
    require(all(VOLUME_NAME.fullmatch(name) for name in names), "Volume.name contains invalid characters.")
    require(len(set(names)) == len(names), "Volume name should be unique.")
    for container in request["containerDefinitions"]:
        for point in container.get("mountPoints", []):
            require(point.get("sourceVolume") in names, f"Unknown volume '{point.get('sourceVolume')}'.")
            path = point.get("containerPath", "")
            require(path.startswith("/"), f"Invalid mount path '{path}': it must be absolute.")
    if "FARGATE" in request.get("requiresCompatibilities", []):
        _check_on_fargate(request)


def _check_on_fargate(request: dict[str, Any]) -> None:
    for volume in request.get("volumes", []):
        require(
            not volume.get("host", {}).get("sourcePath"), "host.sourcePath should not be set for volumes in Fargate."
        )
        require(
            not volume.get("dockerVolumeConfiguration"),
            "Fargate does not support docker volume configuration: use a bind mount or EFS.",
        )
    for container in request["containerDefinitions"]:
        seconds = container.get("startTimeout", FARGATE_START_SECONDS[0])
        require(seconds in FARGATE_START_SECONDS, "startTimeout must be between 2 and 120 on Fargate.")
