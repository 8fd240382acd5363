"""StopService: the ECS service is deleted with its tasks, once nothing scales it any more."""

from typing import Any

from chalicelib.belongings import ServiceBelongings
from chalicelib.cloud import Cloud
from chalicelib.deployment import Deployment
from chalicelib.specs import Serving
from chalicelib.steps.step import StepEvent, refuse_foreign


def run(cloud: Cloud, event: StepEvent) -> dict[str, Any]:
    """Deregister the scalable target, delete the service. Raises ServiceNotOwned."""
    deployment, label = cloud.store.get(event.deployment_id), event.service_name
    service = cloud.store.belongings_of(event.deployment_id).service(label)
    serving = cloud.ecs.serving(service.cluster, [service.name])[service.name]
    refuse_foreign(cloud, deployment, service.cluster, service.name, serving)
    stop(cloud, deployment, label, service, serving)
    return {}


def stop(cloud: Cloud, deployment: Deployment, label: str, service: ServiceBelongings, serving: Serving | None) -> None:
    """Stop a service that is ours, and record that it comes to its end."""
    now = cloud.now()
    if service.scaled:
        cloud.autoscaling.remove(service.cluster, service.name)
    if serving is not None and serving.status == "ACTIVE":
        cloud.clusters.delete_service(service.cluster, service.name)
        cloud.store.record(deployment.id, label, "stopping", "Deleted; its tasks stop.", now)
    cloud.store.progress(
        deployment.id, label, now, status="running", phase="stopping", changed=serving is not None, started_at=now
    )
