"""StopService: the ECS service is deleted with its tasks, once nothing scales it any more."""

from typing import Any

from chalicelib.belongings import ServiceBelongings
from chalicelib.cloud import Cloud
from chalicelib.deployment import Deployment
from chalicelib.specs import Serving
from chalicelib.steps.rollout import refuse_unseen
from chalicelib.steps.step import StepEvent, refuse_foreign


def run(cloud: Cloud, event: StepEvent) -> dict[str, Any]:
    """Deregister the scalable target, delete the service.

    Raises ServiceNotOwned, and TransientAws while a service that was made just now may not be seen yet.
    """
    deployment, label = cloud.store.get(event.deployment_id), event.service_name
    service = cloud.store.belongings_of(event.deployment_id).service(label)
    serving = cloud.ecs.serving(service.cluster, [service.name])[service.name]
    refuse_unseen(cloud, deployment, label, serving)
    refuse_foreign(cloud, deployment, service.cluster, service.name, serving)
    stop(cloud, deployment, label, service, serving)
    return {}


def stop(cloud: Cloud, deployment: Deployment, label: str, service: ServiceBelongings, serving: Serving | None) -> None:
    """Stop a service that is ours, and record that it comes to its end."""
    now = cloud.now()
    if service.scaled:
        cloud.autoscaling.remove(service.cluster, service.name)
    called_at = deployment.services[label].called_at
    if serving is not None and serving.status == "ACTIVE":
        called_at = now
        cloud.clusters.delete_service(service.cluster, service.name)
        cloud.store.record(deployment.id, label, "stopping", "Deleted; its tasks stop.", now)
    cloud.store.progress(
        deployment.id,
        label,
        now,
        status="running",
        phase="stopping",
        changed=serving is not None,
        started_at=now,
        called_at=called_at,
    )
