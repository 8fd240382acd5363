"""Deployments in the record, for its tests."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib.aws.dynamodb import Put
from chalicelib.deployment import Deployment, new_id, progress_of
from chalicelib.items import deployment_item
from chalicelib.manifest import Manifest, parse
from chalicelib.store import Store

NOW = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


def asked(*services: str) -> Manifest:
    """Return a manifest of these services."""
    network = {"vpc": "vpc-1", "subnets": ["private"]}
    document = {"application": "shop", "network": network, "services": {name: {"image": "a:1"} for name in services}}
    return parse(json.dumps(document).encode(), "application/json")


def new(*services: str, at: datetime = NOW, **fields: Any) -> Deployment:
    """Return a new deployment of these services."""
    values = {
        "id": new_id("dep", at),
        "application": "shop",
        "environment": "default",
        "cluster": "shop",
        "requested_by": "tester",
        "created_at": at,
        "updated_at": at,
        "deadline_at": at + timedelta(seconds=900),
        "services": progress_of(dict.fromkeys(services)),
    }
    return Deployment(**{**values, **fields})


def begun(store: Store, *services: str, at: datetime = NOW, **fields: Any) -> Deployment:
    """Return a deployment that began."""
    deployment = new(*services, at=at, **fields)
    store.begin(deployment, asked(*services))
    return deployment


def written(store: Store, number: int, **fields: Any) -> Deployment:
    """Return a deployment whose item was written as `begin` writes it, without the transaction that moto is slow at."""
    deployment = new(f"s{number}", at=NOW + timedelta(seconds=number), **fields)
    store._table.write(Put(deployment_item(deployment)))
    return deployment


def holders(store: Store, *services: str) -> list[str | None]:
    """Return which deployments hold these services."""
    locks = [store.lock(f"shop/{name}") for name in services]
    return [lock.deployment_id if lock else None for lock in locks]
