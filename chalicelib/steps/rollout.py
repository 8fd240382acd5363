"""How an ECS service is brought to what is asked, and how the ECS deployment that this starts is followed."""

from collections.abc import Callable, Collection
from datetime import datetime

from chalicelib.cloud import Cloud
from chalicelib.deployment import Deployment
from chalicelib.errors import AwsRefused, TransientAws
from chalicelib.rollout import Rollout, may_be_old
from chalicelib.specs import STARTS_A_DEPLOYMENT, ServiceSpec, Serving, service_changes
from chalicelib.steps.step import StepEvent


def bring(
    cloud: Cloud,
    event: StepEvent,
    deployment: Deployment,
    wanted: ServiceSpec,
    serving: Serving,
    again: Collection[str] = (),
) -> tuple[str, ...] | None:
    """Send what differs in one call, or start a rollout again where there is a reason; follow what that starts.

    Returns the fields that were sent, None when there was nothing to do: then what runs is followed, its service
    deployment too if it may be ours, started by a run of this step that died before it could say so. An older one's
    end says nothing of this deployment. The fields of `again` are sent whatever is read of them.
    """
    cluster, name = deployment.cluster, event.service_name
    force = deployment.force and not deployment.goes_back
    differs = tuple(change.field for change in service_changes(wanted, serving.spec))
    changed = differs + tuple(field for field in again if field not in differs)
    if changed:
        starts = force or bool(STARTS_A_DEPLOYMENT.intersection(differs))
        send(
            cloud,
            event,
            deployment,
            lambda: cloud.ecs.update_service(cluster, name, wanted, changed, force=force),
            starts=starts,
        )
        return changed
    # A forced one is started once: a run of this step that died before it could say so left another PRIMARY behind.
    forced = force and serving.ecs_deployment_id == deployment.services[name].replaces
    if forced or serving.rollout_failed:
        send(cloud, event, deployment, lambda: cloud.ecs.restart_rollout(cluster, name), starts=True)
        return ()
    ours = bool(deployment.services[name].changed) and not deployment.goes_back
    runs = serving.ecs_deployment_id, serving.ecs_deployment_created_at
    _keep(cloud, event, deployment, runs, rolls_out=ours)
    return None


def send(
    cloud: Cloud,
    event: StepEvent,
    deployment: Deployment,
    ask: Callable[[], Rollout],
    *,
    starts: bool,
    told: str | None = None,
) -> None:
    """Make a call on the ECS service, and follow the deployment in its answer: searching by time finds others.

    When it was made is recorded first: its answer may be lost. A call that is refused was none. What is `told` of it
    is a line of the timeline.
    """
    name, store, now = event.service_name, cloud.store, cloud.now()
    store.progress(event.deployment_id, name, now, called_at=now)
    try:
        rollout = ask()
    except AwsRefused:
        store.progress(event.deployment_id, name, now, called_at=deployment.services[name].called_at)
        raise
    asked = None if starts else rollout.desired
    made = rollout.primary_id, rollout.primary_created_at
    _keep(cloud, event, deployment, made, told, rolls_out=starts, desired_asked=asked)


def _keep(
    cloud: Cloud,
    event: StepEvent,
    deployment: Deployment,
    made: tuple[str | None, datetime | None],
    told: str | None = None,
    **how: bool | int | None,
) -> None:
    """Keep which ECS deployment to follow, its id and when it was made, and which were there before it."""
    now, known = cloud.now(), deployment.services[event.service_name]
    before = {*known.ecs_deployments_before, known.replaces, known.ecs_deployment_id} - {made[0], None}
    changes = {
        "called_at": now,
        "ecs_deployment_id": made[0],
        "ecs_deployment_created_at": made[1],
        "ecs_deployments_before": tuple(sorted(filter(None, before))),
        "service_deployment_arn": None,
        "desired_asked": None,
        **how,
    }
    if told is None:
        cloud.store.progress(event.deployment_id, event.service_name, now, **changes)
    else:
        told_of = {**changes, "changed": True}
        cloud.store.tell(event.deployment_id, event.service_name, "awaiting_stable", told, now, **told_of)


def not_seen_yet(name: str) -> TransientAws:
    """Return the error of a step that waits until ECS shows what the last call on a service has made of it."""
    return TransientAws("describe_services", "not seen yet", f"ECS does not show yet what the last call made of {name}")


def refuse_unseen(cloud: Cloud, deployment: Deployment, name: str, serving: Serving | None) -> None:
    """Raise TransientAws for a service that ECS does not show, and that this deployment called it for just now."""
    if serving is None and may_be_old(deployment.services[name].called_at, cloud.now()):
        raise not_seen_yet(name)
