"""Cancel a deployment, let another take its place, or deploy again what succeeded before it."""

from dataclasses import dataclass

from chalicelib.api.deployments import Request, accept, get, new_deployment
from chalicelib.cloud import Cloud
from chalicelib.decide import failure_of
from chalicelib.deployment import Deployment
from chalicelib.errors import DeploymentCancelled, NotCancellable, NothingToGoBackTo
from chalicelib.manifest import Manifest
from chalicelib.recovery import wake


def cancel(cloud: Cloud, deployment_id: str, caller: str) -> Deployment:
    """Have a deployment go back to what served before; raises NotFound and NotCancellable."""
    deployment = get(cloud, deployment_id)
    if deployment.status.ended or deployment.kind == "teardown":
        what = f"it is {deployment.status.value}" if deployment.status.ended else "a teardown has no way back"
        raise NotCancellable(f"{deployment.id} cannot be cancelled: {what}.")
    failure, now = failure_of(DeploymentCancelled(f"Cancelled by {caller}"), None), cloud.now()
    if deployment.phase == "pruning":
        raise NotCancellable(f"{deployment.id} cannot be cancelled: all is proven, and what is not named is removed.")
    if not cloud.store.fail(deployment.id, failure, now):
        raise NotCancellable(f"{deployment.id} cannot be cancelled: it has ended, or goes back already.")
    cloud.store.record(deployment.id, None, "cancelling", failure.cause, now)
    wake(cloud, deployment.id)
    return cloud.store.get(deployment.id)


def rollback(cloud: Cloud, deployment_id: str, caller: str, idempotency_key: str | None) -> tuple[Deployment, bool]:
    """Accept a new deployment of what last succeeded before this one. The flag tells a replayed request.

    Raises NotFound, NothingToGoBackTo, and what `accept` raises.
    """
    deployment = get(cloud, deployment_id)
    request = Request(f"ROLLBACK {deployment.id}".encode(), None, caller, idempotency_key)

    def new() -> tuple[Deployment, Manifest]:
        manifest = _set_before(cloud, deployment)
        sources = ", ".join(sorted(set(deployment.succeeded_before.values())))
        source = {"type": "rollback", "of": deployment.id, "to": sources}
        return new_deployment(cloud, caller, manifest).model_copy(update={"source": source}), manifest

    return accept(cloud, request, new)


@dataclass(frozen=True)
class _Source:
    """A service, and the deployment with which it last succeeded."""

    service: str
    deployment_id: str


def _set_before(cloud: Cloud, deployment: Deployment) -> Manifest:
    """Return the manifest of the services as they succeeded before: each from its own deployment.

    What they share is as the latest of those deployments had it. Ids sort by time.
    """
    if not deployment.can_rollback:
        raise NothingToGoBackTo(f"{deployment.id} cannot be rolled back: {_why_not(deployment)}.")
    sources = [_Source(*each) for each in deployment.succeeded_before.items()]
    manifests = {each: cloud.store.manifest(each) for each in sorted({source.deployment_id for source in sources})}
    services = {each.service: manifests[each.deployment_id].services[each.service] for each in sources}
    for name, service in services.items():
        needs = tuple(need for need in service.depends_on if need in services)
        services[name] = service.model_copy(update={"depends_on": needs})
    return manifests[max(manifests)].model_copy(update={"services": services})


def _why_not(deployment: Deployment) -> str:
    if deployment.kind == "teardown":
        return "it is a teardown; POST the manifest to have the application again"
    return "nothing succeeded before it" if deployment.status.ended else "it has not ended: cancel it"
