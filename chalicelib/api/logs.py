"""Show what the tasks of a deployment wrote last."""

import re
from collections.abc import Mapping
from typing import Any

from chalicelib import limits
from chalicelib.api.deployments import get, refuse_unknown
from chalicelib.cloud import Cloud
from chalicelib.deployment import Deployment
from chalicelib.errors import InvalidQuery, NotFound


def logs(cloud: Cloud, deployment_id: str, query: Mapping[str, str]) -> dict[str, Any]:
    """Return the last lines of a service's tasks: docs/api.md. Raises NotFound and InvalidQuery."""
    refuse_unknown(query, ("service", "lines"))
    lines = _lines(query)
    deployment = get(cloud, deployment_id)
    return cloud.observer.logs(deployment.id, _service(deployment, query.get("service")), lines)


def _lines(query: Mapping[str, str]) -> int:
    text = query.get("lines", str(limits.LOG_LINES_UNLESS_TOLD))
    if not re.fullmatch("[0-9]{1,3}", text) or not 1 <= int(text) <= limits.LOG_LINES:
        raise InvalidQuery(f"lines={text[:20]}: write a number from 1 to {limits.LOG_LINES}.")
    return int(text)


def _service(deployment: Deployment, asked: str | None) -> str:
    """Return the service that is asked for, or the only one."""
    names = list(deployment.services)
    if asked is None and len(names) != 1:
        raise InvalidQuery(f"service: write which one, of {', '.join(names) or 'none that this deployment has'}.")
    if asked is not None and asked not in names:
        raise NotFound(
            f"{deployment.id} has no service {asked[:50]}; it has {', '.join(names) or 'none'}.",
            hint="GET /deployments/{id} shows its services.",
        )
    return asked or names[0]
