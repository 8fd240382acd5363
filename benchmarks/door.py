"""What the AWS endpoint of a local cloud tells beside AWS's own calls, and what it can be told to do wrong."""

import json
import urllib.request
from typing import Any

from tests.local.local_cloud import LocalCloud


def drop_events(cloud: LocalCloud) -> None:
    """Let no event of ECS reach anybody from now on."""
    ask(cloud, "POST", "/_slipway/faults", {"kind": "drop_events", "source": "aws.ecs", "times": None})


def lambda_usage(cloud: LocalCloud) -> dict[str, dict[str, float]]:
    """Return {function: {"invocations", "milliseconds"}} since the start."""
    return ask(cloud, "GET", "/_slipway/lambdas")


def ecs_reads(cloud: LocalCloud, access_key_id: str) -> int:
    """Return how often who has this access key has read from ECS."""
    counted = ask(cloud, "GET", f"/_slipway/calls?access_key_id={access_key_id}").get("ecs", {})
    return sum(times for operation, times in counted.items() if operation.startswith(("Describe", "List")))


def ask(cloud: LocalCloud, method: str, path: str, document: Any = None) -> dict[str, Any]:
    """Send one request and return what it answers."""
    body = None if document is None else json.dumps(document).encode()
    request = urllib.request.Request(cloud.aws + path, body, method=method)
    with urllib.request.urlopen(request, timeout=10) as answer:
        found: dict[str, Any] = json.load(answer)
        return found
