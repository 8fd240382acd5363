"""Which shape the record's documents have, and how those that an older release of Slipway wrote are read.

A deployment outlives a release: an execution goes on in new code with what old code recorded. So each document says
its version, and whoever reads an older one has it in today's shape. One that does not say it is version 1.
"""

import gzip
import json
from collections.abc import Callable, Mapping
from typing import Any

from chalicelib.errors import NewerRelease

Document = dict[str, Any]
Upgrade = Callable[[Document], Document]


def as_it_was(document: Document) -> Document:
    """Return a document to which a version gave a field that has a default."""
    return document


def routes_of_one(spec: Document) -> Document:
    """Return a service with its target groups, of which there was one or none."""
    route = spec.get("route")
    return spec if isinstance(route, list) else {**spec, "route": [route] if route else []}


UPGRADES: Mapping[str, tuple[Upgrade, ...]] = {
    "deployment": (),
    # 2: what Plan found `as_asked`, from when on a changed health check has judged, which operation changes its name,
    # when and how ECS was called
    "service": (as_it_was,),
    "event": (),
    "manifest": (as_it_was,),  # 2: a service may have no `desired_count`
    "belongings": (as_it_was,),  # 2: a service has `tag_keys`
    "registration": (as_it_was,),  # 2: a trigger has `runs_of`
    # 2: a service has all its target groups, and its `deployment_configuration` as it was
    "ServiceSpec": (routes_of_one,),
    "Routed": (as_it_was,),  # 2: a rule has its `target_group`
    "Scaled": (),
    "Registered": (),
    "LogGroup": (),
    "Tagged": (),
    "Ground": (as_it_was,),  # 2: the listener's `priorities`
}
"""By kind of document: what makes version 2 of version 1, then 3 of 2, and so on.

From ServiceSpec to Tagged they are what was before.

Steps set single fields of a document that is there, whatever its version: so an upgrade leaves alone what has the new
shape already.
"""


def version(kind: str) -> int:
    """Return the version in which this release writes a kind of document."""
    return 1 + len(UPGRADES[kind])


def stamped(kind: str, item: Document) -> Document:
    """Return an item of the record with the version of what it holds."""
    return {**item, "version": version(kind)}


def present(kind: str, item: Document) -> Document:
    """Return an item whose attributes are the document, in today's shape and without its version.

    Raises NewerRelease.
    """
    document = {key: value for key, value in item.items() if key != "version"}
    return upgraded(kind, document, item.get("version", 1), UPGRADES[kind])


def present_body(kind: str, item: Document) -> str:
    """Return the JSON that an item has as its `body`, gzipped or not, in today's shape. Raises NewerRelease."""
    body, written = item["body"], item.get("version", 1)
    text: str = gzip.decompress(body).decode() if isinstance(body, bytes) else body
    if written == version(kind):
        return text
    return json.dumps(upgraded(kind, json.loads(text), written, UPGRADES[kind]))


def upgraded(kind: str, document: Document, written: int, upgrades: tuple[Upgrade, ...]) -> Document:
    """Return a document that was written in a version as the last of the upgrades makes it. Raises NewerRelease."""
    known = 1 + len(upgrades)
    if written > known:
        raise NewerRelease(
            f"The record has a {kind} of version {written}, and this release of Slipway reads up to version {known}: "
            "a newer release wrote it. Deploy that release, or a later one, again; none of its records is lost."
        )
    for upgrade in upgrades[written - 1 :]:
        document = upgrade(document)
    return document
