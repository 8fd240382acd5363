"""Show what a deployment would do, without doing any of it."""

from typing import Any

from chalicelib.api.deployments import Request, key_of
from chalicelib.cloud import Cloud
from chalicelib.manifest import parse


def dry_run(cloud: Cloud, request: Request) -> dict[str, Any]:
    """Return the plan of a manifest: nothing is recorded or locked, and a key counts for nothing.

    Raises the RequestErrors of `manifest.parse`, and InvalidQuery for what cannot be a key.
    """
    key_of(request)
    manifest = parse(request.body, request.content_type, cloud.settings.defaults)
    return cloud.observer.dry_run(manifest, force=request.force)
