"""How a benchmark follows a deployment: it looks often, and what it waited for must have come out well."""

import time
from collections.abc import Callable
from typing import Any

from tests.local.local_cloud import LocalCloud

LOOK_SECONDS = 0.005


def succeeded(cloud: LocalCloud, deployment_id: str) -> dict[str, Any]:
    """Wait until GET says how the deployment ended; it must have succeeded. Return it."""
    document = ended(cloud, deployment_id)
    if document["status"] != "succeeded":
        raise AssertionError(f"{deployment_id} {document['status']}: {document['verdict']}")
    return document


def ended(cloud: LocalCloud, deployment_id: str, look_seconds: float = LOOK_SECONDS) -> dict[str, Any]:
    """Wait until GET says how the deployment ended, however it did; return it."""
    path = f"/deployments/{deployment_id}"
    when(lambda: cloud.ask("GET", path).document["finished_at"] is not None, look_seconds)
    return cloud.ask("GET", path).document


def when(true: Callable[[], bool], look_seconds: float = LOOK_SECONDS) -> None:
    """Wait, looking often, until something is true."""
    while not true():
        time.sleep(look_seconds)
