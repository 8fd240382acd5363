"""Cluster: the ECS cluster is there."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from chalicelib.cloud import Cloud
from chalicelib.errors import TransientAws
from chalicelib.manifest import Manifest
from chalicelib.steps.found import begun
from chalicelib.steps.step import StepEvent, tags


def run(cloud: Cloud, event: StepEvent) -> dict[str, Any]:
    """Create the cluster unless it exists."""
    _, manifest, ground = begun(cloud, event)
    if not ground.cluster:
        _make(cloud, event, manifest)
    return {}


@contextmanager
def in_cluster(cloud: Cloud, event: StepEvent, manifest: Manifest) -> Iterator[None]:
    """Create the cluster for a call that found none, which is tried again: one that went just now was seen still."""
    try:
        yield
    except TransientAws as error:
        if error.aws_code == "ClusterNotFoundException":
            _make(cloud, event, manifest)
        raise


def _make(cloud: Cloud, event: StepEvent, manifest: Manifest) -> None:
    cloud.ecs.create_cluster(manifest.cluster_name, tags(cloud, manifest, event.deployment_id))
