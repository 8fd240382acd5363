"""Namespace: the private DNS namespace is there, or is being made."""

from typing import Any

from chalicelib.cloud import Cloud
from chalicelib.errors import NetworkNotFound
from chalicelib.steps.found import begun
from chalicelib.steps.step import StepEvent, tags


def run(cloud: Cloud, event: StepEvent) -> dict[str, Any]:
    """Adopt the namespace, or start to create it. Hands on `decided`: whether there is nothing to wait for."""
    _, manifest, ground = begun(cloud, event)
    name = manifest.namespace
    cloud.store.update(event.deployment_id, cloud.now(), phase="deploying")  # from here on there is a way back
    if name is None or ground.namespace:
        return {"decided": True}
    now = cloud.now()
    if ground.vpc is None:
        raise NetworkNotFound(f"no VPC is named {manifest.network.vpc}, for which the namespace {name} would be made")
    own_tags = tags(cloud, manifest, event.deployment_id)
    operation_id = cloud.cloud_map.create_namespace(name, ground.vpc, own_tags, event.client_token())
    if operation_id is None:
        return {"decided": True}
    message = f"Creating the namespace {name}."
    cloud.store.begin_namespace(event.deployment_id, operation_id, message, now)
    return {"decided": False}
