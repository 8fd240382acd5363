"""RemoveUnnamed: the services that the manifest does not name are stopped and deleted, dependents first."""

from typing import Any

from chalicelib.belongings import ServiceBelongings, needs_of
from chalicelib.cloud import Cloud
from chalicelib.deployment import Deployment
from chalicelib.plan import waves
from chalicelib.preflight import whose
from chalicelib.steps.service_removed import GONE, record_removed
from chalicelib.steps.step import StepEvent, owner_tags
from chalicelib.steps.stop_service import stop
from chalicelib.steps.unnamed import pruned
from chalicelib.steps.wait import look


def run(cloud: Cloud, event: StepEvent) -> dict[str, Any]:
    """Stop one wave after the other, each when the one before it is gone."""
    manifest = cloud.store.manifest(event.deployment_id)

    def decided(deployment: Deployment) -> bool:
        services = pruned(cloud, deployment, manifest)
        for wave in waves(needs_of(services))[::-1]:
            gone = [_gone(cloud, deployment, label, services[label]) for label in wave]
            if not all(gone):
                return False
        return True

    return look(cloud, event, decided)


def _gone(cloud: Cloud, deployment: Deployment, label: str, service: ServiceBelongings) -> bool:
    """Bring a service one step on; tell whether its last task has stopped."""
    status = deployment.services[label].status
    if status == "removed":
        return True
    if status == "pending" and not _stopped(cloud, deployment, label, service):
        return True
    if not cloud.clusters.service_is_gone(service.cluster, service.name, service.family, unseen_is_gone=True):
        return False
    record_removed(cloud, deployment, label, "removed", GONE)
    return True


def _stopped(cloud: Cloud, deployment: Deployment, label: str, service: ServiceBelongings) -> bool:
    """Stop a service, and tell so; one of somebody else's that has its name by now is left, and forgotten."""
    serving = cloud.ecs.serving(service.cluster, [service.name])[service.name]
    owner = owner_tags(cloud, deployment)
    if serving is None or owner.items() <= serving.tags.items():
        serves = serving.spec.task_definition if serving else None
        cloud.store.progress(deployment.id, label, cloud.now(), previous_task_definition=serves, what_serves=serves)
        stop(cloud, deployment, label, service, serving)
        return True
    theirs = f"the ECS service {service.name} in {service.cluster} belongs to {whose(serving.tags, owner)}"
    record_removed(cloud, deployment, label, "removed", f"Nothing is removed: {theirs}.")
    cloud.store.forget_services(deployment, {f"{service.cluster}/{service.name}"})
    return False
