"""Show what a deployment would do, without doing any of it."""

from collections.abc import Mapping
from typing import Any

from chalicelib.api.deployments import Request
from chalicelib.cloud import Cloud
from chalicelib.errors import InvalidQuery
from chalicelib.manifest import parse

FLAGS = ("dry_run", "force")


def flags(query: Mapping[str, str]) -> dict[str, bool]:
    """Return what a POST asks beside its body, each of FLAGS; raises InvalidQuery for any other question."""
    for name in query:
        if name not in FLAGS:
            raise InvalidQuery(f"{name[:50]} is no parameter of this route; it has {', '.join(FLAGS)}.")
    return {name: _flag(name, query.get(name, "false")) for name in FLAGS}


def _flag(name: str, said: str) -> bool:
    if said not in ("true", "false"):
        raise InvalidQuery(f"{name}={said[:20]}: write true or false.")
    return said == "true"


def dry_run(cloud: Cloud, request: Request) -> dict[str, Any]:
    """Return the plan of a manifest: nothing is recorded or locked, and no key is looked at.

    Raises the RequestErrors of `manifest.parse`.
    """
    manifest = parse(request.body, request.content_type, cloud.settings.defaults)
    return cloud.observer.dry_run(manifest, force=request.force)
