"""Show what a deployment would do, without doing any of it."""

from typing import Any

from chalicelib.api.deployments import Request, asked_manifest, key_of
from chalicelib.cloud import Cloud


def dry_run(cloud: Cloud, request: Request) -> dict[str, Any]:
    """Return the plan of a manifest: nothing is recorded or locked, and a key counts for nothing.

    Raises the RequestErrors of `asked_manifest`, and InvalidQuery for what cannot be a key.
    """
    key_of(request)
    return cloud.observer.dry_run(asked_manifest(cloud, request), force=request.force)
