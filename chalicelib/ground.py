"""What a deployment stands on: what was found before it began, and does not move while it goes on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from chalicelib.aws.cloud_map import Namespace
from chalicelib.aws.dynamodb import Item
from chalicelib.aws.load_balancer_document import Listener
from chalicelib.items import GROUND
from chalicelib.specs import Placement
from chalicelib.versions import present_body, stamped


@dataclass(frozen=True)
class Ground:
    """Where tasks run and in which VPC, by service; the listener, the namespace, and whether the cluster is there.

    None is what is not there, or not needed: a namespace may still be made, for the VPC `vpc`. `priorities` are those
    of the listener's rules, None where AWS does not show them, or the target groups.
    """

    placements: Mapping[str, Placement | None]
    vpcs: Mapping[str, str]
    listener: Listener | None = None
    namespace: Namespace | None = None
    cluster: bool = False
    vpc: str | None = None
    priorities: tuple[int, ...] | None = None


_ADAPTER: TypeAdapter[Any] = TypeAdapter(Ground)


def ground_item(deployment_id: str, ground: Ground) -> Item:
    """Return the ground of a deployment as an item of the record, beside its manifest."""
    body = _ADAPTER.dump_json(ground).decode()
    return stamped("Ground", {"pk": f"manifest#{deployment_id}", "sk": GROUND, "body": body})


def ground_of(item: Item) -> Ground:
    """Return the ground that an item holds."""
    found: Ground = _ADAPTER.validate_json(present_body("Ground", item))
    return found
