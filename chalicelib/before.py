"""What served before a deployment changed it: each part is kept by the step that is about to change it.

A deployment that fails goes back to this, and so it is read from AWS, not from an earlier manifest: somebody may have
changed a service since, or never deployed it by Slipway at all.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from chalicelib.aws.autoscaling import Scaled
from chalicelib.aws.cloud_map import Registered
from chalicelib.aws.dynamodb import Item
from chalicelib.aws.load_balancer_document import Routed
from chalicelib.aws.logs import LogGroup
from chalicelib.specs import ServiceSpec
from chalicelib.versions import present_body, stamped


@dataclass(frozen=True)
class Tagged:
    """The tags of a service."""

    tags: Mapping[str, str]


BeforePart = ServiceSpec | Routed | Scaled | Registered | LogGroup | Tagged

PARTS: Mapping[str, TypeAdapter[Any]] = {
    part.__name__: TypeAdapter(part) for part in (ServiceSpec, Routed, Scaled, Registered, LogGroup, Tagged)
}


@dataclass(frozen=True)
class Before:
    """What served under a service's name, part by part; None is a part that was not there, or that nothing changed.

    Without a `spec` there was no service.
    """

    spec: ServiceSpec | None = None
    routed: Routed | None = None
    scaled: Scaled | None = None
    registered: Registered | None = None
    log_group: LogGroup | None = None
    tagged: Tagged | None = None


def before_item(deployment_id: str, service: str, part: BeforePart) -> Item:
    """Return a part as an item of the record."""
    kind = type(part).__name__
    body = PARTS[kind].dump_json(part).decode()
    return stamped(kind, {"pk": f"before#{deployment_id}", "sk": f"{service}#{kind}", "body": body})


def before_of(items: Mapping[str, Item], service: str) -> Before:
    """Return what served before, from a deployment's items by their sort keys."""

    def part(kind: str) -> Any:
        item = items.get(f"{service}#{kind}")
        return PARTS[kind].validate_json(present_body(kind, item)) if item else None

    return Before(
        part("ServiceSpec"), part("Routed"), part("Scaled"), part("Registered"), part("LogGroup"), part("Tagged")
    )
