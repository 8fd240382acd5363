"""How a rollout goes, and what that proves. Pure: no AWS, no clock, no table.

ECS is eventually consistent: what it shows may be older than our own last call, and then it proves nothing.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chalicelib.deployment import ServiceProgress
from chalicelib.diagnosis import ServiceEvent, says
from chalicelib.errors import RolloutFailed, RolloutSuperseded
from chalicelib.manifest import no_room
from chalicelib.specs import Serving

SEEN_WITHIN = timedelta(minutes=2)
"""How long ECS may show what was there before a call of ours: its answers are eventually consistent.

terraform-provider-aws gives a service that it has just made as long to be seen:
https://github.com/hashicorp/terraform-provider-aws/pull/3387 and issues/24565
"""

# One that ECS has begun to roll back has failed already: ServiceDeployment.status, ECS API reference.
WENT_BACK = {"ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS", "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED"}
# Another UpdateService stops a rollout that goes on; one that succeeded was there until another came.
GAVE_WAY = {"STOP_REQUESTED", "STOPPED", "SUCCESSFUL"}
# How ECS says that a deployment is its own way back: "ECS deployment circuit breaker: rolling back to deploymentId …"
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html
ROLLS_BACK = "rolling back to"


@dataclass(frozen=True)
class Rollout:
    """How a service's rollout goes: its PRIMARY deployment, the one that we follow, and our service deployment.

    `own_state` is the rollout state of the ECS deployment that we follow, None where ECS does not list it.
    `settled_at` is when the service deployment ended, or began to go back. `events` are the service's, newest first.
    """

    service_status: str
    primary_id: str
    primary_task_definition: str
    rollout_state: str
    rollout_reason: str
    desired: int
    primary_desired: int
    running: int
    pending: int
    failed: int
    total_running: int
    primary_created_at: datetime | None = None
    own_state: str | None = None
    own_reason: str = ""
    service_deployment_arn: str | None = None
    service_deployment_status: str | None = None
    service_deployment_reason: str = ""
    settled_at: datetime | None = None
    minimum_healthy_percent: int = 100
    maximum_percent: int = 200
    events: tuple[ServiceEvent, ...] = ()


def may_be_old(since: datetime | None, now: datetime, speed: float = 1.0) -> bool:
    """Tell whether what AWS shows now may be what it was before an instant; None is no instant.

    What waits for the whole of that time says the `speed` of what is asked: a local cloud has less of it.
    """
    return since is not None and now - since < SEEN_WITHIN / speed


def shows_our_call(serving: Serving | None, progress: ServiceProgress, now: datetime) -> bool:
    """Tell whether what ECS shows of a service is no older than our own last call on it."""
    if not may_be_old(progress.called_at, now):
        return True
    if serving is None or serving.status != "ACTIVE" or progress.ecs_deployment_id is None:
        return False
    if progress.ecs_deployment_id in serving.ecs_deployments:
        return True
    return not _is_older(serving.ecs_deployment_id, serving.ecs_deployment_created_at, progress)


def stable(rollout: Rollout | None, followed: ServiceProgress, now: datetime) -> bool:
    """Tell whether the revision that we deployed runs at its desired count.

    A call that started an ECS deployment is judged on that deployment alone: SUCCESSFUL is success, a rollback is
    a failure. A call that started none (desired count, rollout settings) is judged on the counts of PRIMARY. What may
    be older than our call decides nothing. Another deployment in the place of ours means that somebody replaced it,
    where it is proven later than ours and no way back of ECS. Raises RolloutFailed or RolloutSuperseded.
    """
    seen = rollout is not None and rollout.own_state is not None
    waits = not seen and may_be_old(followed.called_at, now)
    if rollout is None or rollout.service_status != "ACTIVE":
        if waits:
            return False
        status = rollout.service_status if rollout else "MISSING: it was deleted, or ECS never made it"
        raise RolloutFailed(f"the ECS service {followed.name} is {status}")
    _refuse_failed(rollout)
    if rollout.primary_id == followed.ecs_deployment_id:
        if not (complete := _complete(rollout, followed, now)):
            _refuse_without_room(rollout, followed)
        return complete
    if not seen and _is_older(rollout.primary_id, rollout.primary_created_at, followed):
        if waits:
            return False
        raise RolloutFailed(f"ECS does not have our deployment {followed.ecs_deployment_id}, but {rollout.primary_id}")
    _refuse_replaced(rollout, followed, now)
    return False


def restored(rollout: Rollout | None, followed: ServiceProgress, now: datetime) -> bool:
    """Tell whether what served before runs at its desired count again. Raises RolloutFailed or RolloutSuperseded.

    What counts is that the PRIMARY deployment runs what served before: ours, or one that is later than that. Such a one
    is ECS's own way back where ours had nothing to start.
    """
    if rollout is None or rollout.primary_task_definition != _served_before(followed):
        return stable(rollout, followed, now)
    if _is_older(rollout.primary_id, rollout.primary_created_at, followed):
        return stable(rollout, followed, now)
    if rollout.primary_id == followed.ecs_deployment_id or rollout.service_deployment_status in WENT_BACK:
        return stable(rollout, followed, now)
    state, reason = rollout.rollout_state, rollout.rollout_reason
    own = replace(rollout, own_state=state, own_reason=reason, service_deployment_status=None)
    return stable(own, followed.model_copy(update={"ecs_deployment_id": rollout.primary_id}), now)


def _served_before(followed: ServiceProgress) -> str | None:
    return followed.restored_task_definition or followed.previous_task_definition


def _is_older(ecs_deployment_id: str | None, created_at: datetime | None, followed: ServiceProgress) -> bool:
    """Tell whether an ECS deployment was there before ours: one that we saw then, or older by ECS's own clock."""
    ours = followed.ecs_deployment_created_at
    if ecs_deployment_id == followed.ecs_deployment_id:
        return False
    if ecs_deployment_id in followed.ecs_deployments_before:
        return True
    return created_at is not None and ours is not None and created_at <= ours


def _refuse_failed(rollout: Rollout) -> None:
    status, reason = rollout.service_deployment_status, rollout.service_deployment_reason
    if status in WENT_BACK:
        raise RolloutFailed(f"ECS service deployment {status}" + (f": {reason}" if reason else ""))
    # A circuit breaker that does not go back ends it as STOPPED; a successor would not make ours FAILED.
    if status in (None, "STOPPED") and rollout.own_state == "FAILED":
        raise RolloutFailed(rollout.own_reason)


def _complete(rollout: Rollout, followed: ServiceProgress, now: datetime) -> bool:
    """Tell whether our PRIMARY deployment is complete.

    STOPPED is the end of a rollout that gave up without going back, and of one whose successor is not seen yet.
    """
    status = rollout.service_deployment_status
    if may_be_old(followed.called_at, now) and followed.desired_asked not in (None, rollout.desired):
        return False
    counted = rollout.running == rollout.desired == rollout.total_running and rollout.pending == 0
    if counted and rollout.rollout_state == "COMPLETED" and status in (None, "SUCCESSFUL", "STOPPED"):
        return True
    if status == "STOPPED" and not may_be_old(rollout.settled_at, now):
        reason = rollout.service_deployment_reason
        raise RolloutFailed("ECS service deployment STOPPED" + (f": {reason}" if reason else ""))
    return False


def _refuse_without_room(rollout: Rollout, followed: ServiceProgress) -> None:
    """Raise where ECS has said since our call that the percentages let it replace no task, and at this count none."""
    words = no_room(rollout.desired, rollout.minimum_healthy_percent, rollout.maximum_percent)
    called_at = followed.called_at
    if words is None or called_at is None:
        return
    for event in rollout.events:
        if event.at >= called_at and says(event.message, "rollout_has_no_room"):
            raise RolloutFailed(f"{event.message} ({words})")


def _refuse_replaced(rollout: Rollout, followed: ServiceProgress, now: datetime) -> None:
    """Raise once it is known why another deployment is in the place of ours: ECS may tell a while later.

    One that runs what served before is ECS's own way back, for all that can be known then.
    """
    gave_way = rollout.service_deployment_status in GAVE_WAY
    if not gave_way and followed.rolls_out and may_be_old(rollout.primary_created_at, now):
        return
    ours, other = followed.ecs_deployment_id, rollout.primary_id
    if not gave_way and ROLLS_BACK in rollout.rollout_reason:
        raise RolloutFailed(rollout.rollout_reason)
    if not gave_way and rollout.primary_task_definition == _served_before(followed) != followed.task_definition:
        raise RolloutFailed(f"ECS deployment {other}, in the place of ours, {ours}, runs what served before")
    raise RolloutSuperseded(f"ECS deployment {other} replaced ours, {ours}")
