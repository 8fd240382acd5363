"""Show what a deployment would do, without doing any of it."""

from collections.abc import Mapping
from typing import Any

from chalicelib.api.deployments import Request
from chalicelib.cloud import Cloud
from chalicelib.errors import InvalidQuery
from chalicelib.manifest import parse


def is_dry_run(query: Mapping[str, str]) -> bool:
    """Tell whether a POST asks for the plan alone; raises InvalidQuery for any other question."""
    for name in query:
        if name != "dry_run":
            raise InvalidQuery(f"{name[:50]} is no parameter of this route; it has dry_run.")
    asked = query.get("dry_run", "false")
    if asked not in ("true", "false"):
        raise InvalidQuery(f"dry_run={asked[:20]}: write true or false.")
    return asked == "true"


def dry_run(cloud: Cloud, request: Request) -> dict[str, Any]:
    """Return the plan of a manifest: nothing is recorded or locked, and no key is looked at.

    Raises the RequestErrors of `manifest.parse`.
    """
    return cloud.observer.dry_run(parse(request.body, request.content_type, cloud.settings.defaults))
