"""A deployment takes the place of those that hold its services: they are called off, and it starts when they ended.

Of several that come at once the newest has it, by their ids: a deployment that finds a newer one in its place has come
too late, and ends superseded. So no service ever passes from a newer deployment to an older one, and most of a burst
need no lock, over which they would only meet.
"""

from collections.abc import Sequence

from chalicelib.belongings import Belongings
from chalicelib.cloud import Cloud
from chalicelib.decide import failure_of
from chalicelib.deployment import Deployment, Failure, Status, new_id_after
from chalicelib.errors import AwsError, DeploymentInProgress, DeploymentSuperseded, StoreConflict
from chalicelib.items import IdempotencyRecord
from chalicelib.log import logger
from chalicelib.manifest import Manifest
from chalicelib.recovery import conclude, wake

ATTEMPTS = 100  # one fails where another deployment, an older one, was faster: there are no more of them than requests


def newest(cloud: Cloud, deployment: Deployment) -> Deployment:
    """Return a deployment that is not recorded yet as newer than those that hold its services now."""
    latest = max(cloud.store.lock_holders(deployment.locks).values(), default="")
    newer = {} if deployment.id > latest else {"id": new_id_after(latest, cloud.now())}
    return deployment.model_copy(update=newer)


def begin(
    cloud: Cloud, deployment: Deployment, asked: Manifest | Belongings, idempotency: Sequence[IdempotencyRecord]
) -> tuple[Deployment, list[Deployment]]:
    """Record a deployment in the place of those that hold its services; return it, and these, to be called off.

    Raises DeploymentInProgress for a teardown, which gives way to nobody, StoreConflict when others were always faster.
    """
    for _ in range(ATTEMPTS):
        holders = _holders(cloud, deployment)
        try:
            if holders and holders[-1].id > deployment.id:
                return _too_late(cloud, deployment, asked, idempotency, holders[-1]), []
            return _in_their_place(cloud, deployment, asked, idempotency, holders), holders
        except (StoreConflict, DeploymentInProgress):
            continue
    raise StoreConflict(f"others took the place of {deployment.locks[0]}'s deployment again and again")


def _holders(cloud: Cloud, deployment: Deployment) -> list[Deployment]:
    """Return the deployments that hold a deployment's services, the newest last."""
    ids = sorted(set(cloud.store.lock_holders(deployment.locks).values()))
    found = [cloud.store.get(each) for each in ids]
    for each in found:
        if each.kind == "teardown":
            raise DeploymentInProgress(
                f"{each.id} tears down what this is to deploy, and gives way to nobody.",
                holder=each.id,
                hint=f"Follow GET /deployments/{each.id}, and send this again when it has ended.",
            )
    return found


def _in_their_place(
    cloud: Cloud,
    deployment: Deployment,
    asked: Manifest | Belongings,
    idempotency: Sequence[IdempotencyRecord],
    holders: Sequence[Deployment],
) -> Deployment:
    waiting = deployment.model_copy(update={"after": _after(cloud, deployment, holders)})
    failure = _superseded_by(waiting)
    cloud.store.begin(
        waiting,
        asked,
        idempotency,
        holders=[each.id for each in holders],
        taking_over=[cloud.store.supersede(each, failure, waiting.id, cloud.now()) for each in holders],
    )
    return waiting


def _after(cloud: Cloud, deployment: Deployment, holders: Sequence[Deployment]) -> tuple[str, ...]:
    """Return whose end must be waited for: who is at work on one of its services, be it a holder or whom one waits for.

    A holder that is pending never begins: why it fails is written as its place is taken, and Plan heeds that.
    """
    waited_for = sorted({each for holder in holders if holder.status is Status.PENDING for each in holder.after})
    known = [*holders, *(cloud.store.get(each) for each in waited_for)]
    at_work = [each for each in known if each.status is Status.RUNNING]
    return tuple(sorted({each.id for each in at_work if not set(each.locks).isdisjoint(deployment.locks)}))


def _superseded_by(newer: Deployment) -> Failure:
    return failure_of(DeploymentSuperseded(f"{newer.id} takes its place, as {newer.requested_by} asked"), None)


def _too_late(
    cloud: Cloud,
    deployment: Deployment,
    asked: Manifest | Belongings,
    idempotency: Sequence[IdempotencyRecord],
    newer: Deployment,
) -> Deployment:
    """Record a deployment that ends superseded at once, and takes no locks."""
    given_way = {"failure": _superseded_by(newer), "failed_at": cloud.now(), "superseded_by": newer.id}
    late = deployment.model_copy(update=given_way)
    cloud.store.begin(late, asked, idempotency)
    try:
        conclude(cloud, late)
    except AwsError as error:
        logger.warning("left pending for the sweep", extra={"deployment_id": late.id, "cause": str(error)})
    return cloud.store.get(late.id)


def call_off(cloud: Cloud, deployment: Deployment, holders: Sequence[Deployment]) -> None:
    """Have those whose place is taken see it. One that waited for others ends here, unless it has locks left.

    Those locks are of services on which the others are still at work: it holds them until these have ended.
    """
    for holder in holders:
        if holder.status is Status.RUNNING:
            wake(cloud, holder.id)
        elif holder.after and set(holder.locks) <= set(deployment.locks):
            conclude(cloud, cloud.store.get(holder.id))
