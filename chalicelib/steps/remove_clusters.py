"""RemoveClusters: the clusters that Slipway made and nobody else uses."""

from typing import Any

from chalicelib.cloud import Cloud
from chalicelib.deployment import Deployment
from chalicelib.steps.step import StepEvent, leave, may_share


def run(cloud: Cloud, event: StepEvent) -> dict[str, Any]:
    """Delete each cluster in which nothing is any more; leave the others, and say why.

    One that ECS calls empty and yet does not delete is asked for again: one of its two answers is old.
    """
    cloud.store.update(event.deployment_id, cloud.now(), phase="removing_clusters")
    deployment = cloud.store.get(event.deployment_id)
    for name in cloud.store.belongings_of(event.deployment_id).clusters:
        if reason := _removed_or_why_not(cloud, deployment, name):
            leave(cloud, event.deployment_id, f"the cluster {name}, {reason}")
    return {}


def _removed_or_why_not(cloud: Cloud, deployment: Deployment, name: str) -> str | None:
    cluster = cloud.clusters.find(name)
    if cluster is None:
        return None
    if not may_share(cloud, deployment, cluster.tags):
        return "which Slipway did not make"
    counts = {
        "services": cluster.services,
        "tasks": cluster.tasks,
        "container instances": cluster.container_instances,
    }
    if any(counts.values()):
        return f"in which others have {', '.join(f'{count} {what}' for what, count in counts.items() if count)}"
    cloud.clusters.delete(name)
    return None
