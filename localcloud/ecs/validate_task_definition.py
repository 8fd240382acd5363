"""The rules of RegisterTaskDefinition, with AWS's words.

Rules: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html and
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html
"""

import json
import re
from typing import Any

from localcloud.ecs.validate_fargate import check_supported
from localcloud.ecs.validate_parts import check_dependencies, check_volumes, require
from localcloud.faults import AwsFault

FARGATE_MEMORY_MIB = {
    256: (512, 1024, 2048),
    512: range(1024, 4097, 1024),
    1024: range(2048, 8193, 1024),
    2048: range(4096, 16385, 1024),
    4096: range(8192, 30721, 1024),
    8192: range(16384, 61441, 4096),
    16384: range(32768, 122881, 8192),
}
HEALTH_CHECK_RANGES = {"interval": (5, 300), "timeout": (2, 60), "retries": (1, 10), "startPeriod": (0, 300)}
NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")
MAX_BYTES = 65_536
PORT_NAME = re.compile(r"[a-z0-9_][a-z0-9_-]{0,63}")


def check_task_definition(request: dict[str, Any]) -> None:
    """Raise AwsFault (ClientException) for the first rule that the request breaks."""
    require(NAME.fullmatch(request.get("family", "")), "Family contains invalid characters.")
    containers = request.get("containerDefinitions", [])
    require(containers, "Container list cannot be empty.")
    names = [container.get("name") for container in containers]
    require(len(set(names)) == len(names), "Container name should be unique.")
    require(
        any(container.get("essential", True) for container in containers),
        "TaskDefinition must have at least one essential container.",
    )
    for container in containers:
        _check_container(container)
    check_dependencies(containers)
    check_volumes(request)
    if request.get("networkMode") == "awsvpc":
        _check_awsvpc_ports(containers)
    if "FARGATE" in request.get("requiresCompatibilities", []):
        _check_fargate(request)
    _check_size(request)


def normal_size(value: str, unit: str, factor: int) -> str:
    """Return a task's cpu or memory as AWS stores it: "1 vCPU" is "1024", "2 GB" is "2048".

    Raises AwsFault (ClientException) when it is no number.
    """
    match = re.fullmatch(rf"\s*(\d*\.?\d+)\s*({unit})?\s*", str(value), re.IGNORECASE)
    if match is None:
        name = "cpu" if unit == "vCPU" else "memory"
        raise AwsFault("ClientException", f"Invalid '{name}' setting for task.")
    return str(int(float(match[1]) * (factor if match[2] else 1)))


def _check_size(request: dict[str, Any]) -> None:
    """Raise AwsFault for more than 64 KiB, in the words that AWS was seen to say.

    https://github.com/awsdocs/amazon-ecs-developer-guide/pull/149; that it counts the shortest JSON is a guess.
    """
    definition = {key: value for key, value in request.items() if key != "tags"}
    length = len(json.dumps(definition, separators=(",", ":"), ensure_ascii=False).encode())
    require(length <= MAX_BYTES, f"Actual length: '{length}'. Max allowed length is '{MAX_BYTES}' bytes.")


def _check_container(container: dict[str, Any]) -> None:
    require(container.get("name"), "Container.name should not be null or empty.")
    require(NAME.fullmatch(container["name"]), "Container.name contains invalid characters.")
    require(container.get("image"), "Container.image should not be null or empty.")
    require(not re.search(r"\s", container["image"]), "Container.image contains invalid characters.")
    for mapping in container.get("portMappings", []):
        name = mapping.get("name")
        require(name is None or PORT_NAME.fullmatch(name), f"The port mapping name '{name}' is invalid.")
    _check_health_check(container.get("healthCheck"))


def _check_health_check(check: dict[str, Any] | None) -> None:
    if check is None:
        return
    require(check.get("command"), "The health check command must not be empty.")
    require(
        check["command"][0] in ("CMD", "CMD-SHELL", "NONE"),
        "The health check command must start with CMD, CMD-SHELL or NONE.",
    )
    for member, (low, high) in HEALTH_CHECK_RANGES.items():
        value = check.get(member)
        require(value is None or low <= value <= high, f"The health check {member} must be between {low} and {high}.")


def _check_awsvpc_ports(containers: list[dict[str, Any]]) -> None:
    protocols: dict[int, str] = {}
    for mapping in (mapping for container in containers for mapping in container.get("portMappings", [])):
        port, host_port = mapping.get("containerPort"), mapping.get("hostPort")
        require(
            host_port in (None, port),
            "When networkMode=awsvpc, the host ports and container ports in port mappings must match.",
        )
        # "anything else is treated as tcp": the protocol is case-sensitive.
        protocol = "udp" if mapping.get("protocol") == "udp" else "tcp"
        require(
            protocols.setdefault(port, protocol) == protocol,
            "The same container port cannot be exposed for multiple protocols.",
        )


def _check_fargate(request: dict[str, Any]) -> None:
    check_supported(request)
    require(request.get("networkMode") == "awsvpc", "Fargate only supports network mode \u2018awsvpc\u2019.")
    require(request.get("cpu"), "Fargate requires that 'cpu' be defined at the task level.")
    require(request.get("memory"), "Fargate requires that 'memory' be defined at the task level.")
    cpu = int(normal_size(request["cpu"], "vCPU", 1024))
    memory = int(normal_size(request["memory"], "GB", 1024))
    require(cpu in FARGATE_MEMORY_MIB, "Invalid 'cpu' setting for task.")
    require(memory in FARGATE_MEMORY_MIB[cpu], "No Fargate configuration exists for given values.")
    if request.get("executionRoleArn"):
        return
    containers = request["containerDefinitions"]
    require(
        not any(container.get("logConfiguration", {}).get("logDriver") == "awslogs" for container in containers),
        "Fargate requires task definition to have execution role ARN to support log driver awslogs.",
    )
    require(
        not any(container.get("secrets") for container in containers),
        "When you are specifying container secrets, you must also specify a value for 'executionRoleArn'.",
    )
