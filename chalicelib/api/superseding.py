"""A deployment takes the place of those that hold its services: they are called off, and it starts when they ended."""

from collections.abc import Sequence

from chalicelib.aws.dynamodb import Update
from chalicelib.cloud import Cloud
from chalicelib.decide import failure_of
from chalicelib.deployment import Deployment, Status
from chalicelib.errors import DeploymentSuperseded
from chalicelib.events import wake
from chalicelib.recovery import conclude


def holders(cloud: Cloud, deployment: Deployment) -> list[Deployment]:
    """Return the deployments that hold a deployment's services; a teardown gives way to nobody."""
    locks = [cloud.store.lock(name) for name in deployment.locks]
    found = [cloud.store.get(each) for each in sorted({lock.deployment_id for lock in locks if lock})]
    return [each for each in found if each.kind == "deploy"]


def after(holders: Sequence[Deployment]) -> tuple[str, ...]:
    """Return whose end must be waited for: the holders', and that of those whose place they were to take."""
    return tuple(sorted({each for holder in holders for each in (holder.id, *holder.after)}))


def taking_over(cloud: Cloud, holders: Sequence[Deployment], by: Deployment) -> list[Update]:
    """Return what is written into the holders when their place is taken."""
    failure = failure_of(DeploymentSuperseded(f"{by.id} takes its place, as {by.requested_by} asked"), None)
    return [cloud.store.supersede(holder, failure, by.id, cloud.now()) for holder in holders]


def call_off(cloud: Cloud, deployment: Deployment) -> None:
    """Have those whose place is taken see it; one that still waited for another ends here."""
    for each in deployment.after:
        holder = cloud.store.get(each)
        if holder.status is Status.PENDING and holder.after:
            conclude(cloud, holder)
        else:
            wake(cloud, each)
