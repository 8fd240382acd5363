"""Cluster: the ECS cluster is there."""

from typing import Any

from chalicelib.cloud import Cloud
from chalicelib.steps.found import asked
from chalicelib.steps.step import StepEvent, tags


def run(cloud: Cloud, event: StepEvent) -> dict[str, Any]:
    """Create the cluster unless it exists."""
    manifest, ground = asked(cloud, event.deployment_id)
    if not ground.cluster:
        cloud.ecs.create_cluster(manifest.cluster_name, tags(cloud, manifest, event.deployment_id))
    return {}
