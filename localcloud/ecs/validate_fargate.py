"""What RegisterTaskDefinition refuses for Fargate, in AWS's words.

Rules: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html
"""

from collections.abc import Iterator
from typing import Any

from localcloud.faults import AwsFault

OF_A_TASK = ("inferenceAccelerators", "ipcMode", "placementConstraints")
OF_A_CONTAINER = (
    *("disableNetworking", "dnsSearchDomains", "dnsServers", "dockerSecurityOptions", "extraHosts", "hostname"),
    *("links", "privileged"),
)
OF_LINUX = ("devices", "maxSwap", "sharedMemorySize", "swappiness", "tmpfs")


def check_supported(request: dict[str, Any]) -> None:
    """Raise AwsFault (ClientException) for the first parameter that Fargate does not support."""
    for parameter in _unsupported(request):
        raise AwsFault("ClientException", f"Fargate compatible task definitions do not support {parameter}")


def _unsupported(request: dict[str, Any]) -> Iterator[str]:
    yield from (key for key in OF_A_TASK if request.get(key))
    if request.get("pidMode") == "host":
        yield "pidMode host"
    for container in request["containerDefinitions"]:
        linux = container.get("linuxParameters", {})
        yield from (key for key in OF_A_CONTAINER if container.get(key))
        yield from (key for key in OF_LINUX if linux.get(key))
        yield from (each["type"] for each in container.get("resourceRequirements", []))
