"""What a raw task definition asks for and Fargate lacks, in ECS's words.

"Amazon ECS task definition differences for Fargate":
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from chalicelib.manifest.compute_rules import MAX_FARGATE_STOP_SECONDS
from chalicelib.manifest.findings import Finding, Path
from chalicelib.manifest.sentences import shown
from chalicelib.manifest.task_definition import Reading

OF_A_TASK = ("inferenceAccelerators", "ipcMode", "placementConstraints")
OF_A_CONTAINER = (
    *("disableNetworking", "dnsSearchDomains", "dnsServers", "dockerSecurityOptions", "extraHosts", "links"),
    # ContainerDefinition: not "if you're using the awsvpc network mode".
    *("hostname", "privileged"),
)
OF_LINUX = ("devices", "maxSwap", "sharedMemorySize", "swappiness", "tmpfs")
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/wfsx-volumes.html
OF_A_VOLUME = ("fsxWindowsFileServerVolumeConfiguration",)
LOG_DRIVERS = ("awslogs", "splunk", "awsfirelens")
CAPABILITIES = ("SYS_PTRACE", "CAP_SYS_PTRACE")
# ContainerDefinition, members startTimeout and stopTimeout; the latter is a rule of every form.
MAX_START_SECONDS = MAX_FARGATE_STOP_SECONDS


def fargate_lacks(reading: Reading) -> Iterator[Finding]:
    """Yield what a definition asks for that tasks on Fargate do not have."""
    yield from _unsupported(reading, reading.content, OF_A_TASK, ())
    if reading.content.get("pidMode") == "host":
        yield reading.finding('Fargate has no host whose processes are seen: write "task", or leave it out', "pidMode")
    for index, volume in enumerate(reading.content.get("volumes", ())):
        yield from _unsupported(reading, volume, OF_A_VOLUME, ("volumes", index))
        if volume.get("host", {}).get("sourcePath") or "dockerVolumeConfiguration" in volume:
            detail = "Fargate has no host whose path could be mounted: write an EFS file system, or launch_type: EC2"
            yield reading.finding(detail, "volumes", index)
    for index, container in enumerate(reading.containers):
        yield from _container_lacks(reading, container, ("containerDefinitions", index))


def _container_lacks(reading: Reading, container: Mapping[str, Any], path: Path) -> Iterator[Finding]:
    linux = container.get("linuxParameters", {})
    yield from _unsupported(reading, container, OF_A_CONTAINER, path)
    yield from _unsupported(reading, linux, OF_LINUX, (*path, "linuxParameters"))
    for index, needed in enumerate(container.get("resourceRequirements", ())):
        if "type" in needed:
            yield reading.finding(_words(needed["type"]), *path, "resourceRequirements", index)
    for index, capability in enumerate(linux.get("capabilities", {}).get("add", ())):
        if capability not in CAPABILITIES:
            detail = f"Fargate adds no capability but {CAPABILITIES[0]}: leave {shown(capability)} out"
            yield reading.finding(detail, *path, "linuxParameters", "capabilities", "add", index)
    driver = container.get("logConfiguration", {}).get("logDriver")
    if driver not in (None, *LOG_DRIVERS):
        detail = f"Fargate has no log driver {shown(driver)}: write {' or '.join(LOG_DRIVERS)}"
        yield reading.finding(detail, *path, "logConfiguration", "logDriver")
    if container.get("startTimeout", 0) > MAX_START_SECONDS:
        detail = f"{container['startTimeout']} s is too long for Fargate: write {MAX_START_SECONDS} or less"
        yield reading.finding(detail, *path, "startTimeout")


def _unsupported(reading: Reading, part: Mapping[str, Any], keys: Iterable[str], path: Path) -> Iterator[Finding]:
    """Yield which of the keys say something; what describing prints of them, such as an empty list, says nothing."""
    for key in keys:
        if part.get(key):
            yield reading.finding(_words(key), *path, key)


def _words(what: str) -> str:
    return f"Fargate compatible task definitions do not support {what}: leave it out, or let the service run on EC2"
