"""How an ECS service is brought to what is asked, and how the ECS deployment that this starts is followed."""

from chalicelib.cloud import Cloud
from chalicelib.decide import Rollout
from chalicelib.deployment import Deployment, ServiceProgress
from chalicelib.errors import RolloutFailed
from chalicelib.specs import ServiceSpec, Serving, service_changes
from chalicelib.steps.step import StepEvent

# A change of one of these starts an ECS deployment, any other does not (API reference, UpdateService).
STARTS_A_DEPLOYMENT = {"task_definition", "network", "discovery", "route"}


def bring(
    cloud: Cloud,
    event: StepEvent,
    deployment: Deployment,
    wanted: ServiceSpec,
    serving: Serving,
    *,
    force: bool = False,
) -> tuple[str, ...] | None:
    """Send what differs in one call, or start a rollout again where there is a reason; follow what that starts.

    Returns the fields that were sent, None when there was nothing to do. Raises RolloutFailed when the service is gone.
    """
    name = event.service_name
    changed = tuple(change.field for change in service_changes(wanted, serving.spec))
    if changed:
        rollout = cloud.ecs.update_service(deployment.cluster, name, wanted, changed, force=force)
        follow(cloud, event, deployment, rollout, starts=force or bool(STARTS_A_DEPLOYMENT.intersection(changed)))
        return changed
    found = cloud.ecs.rollout(deployment.cluster, name, None)
    if found is None:
        raise RolloutFailed(f"the ECS service {name} was removed during the deployment")
    # A forced one is started once: a run of this step that died before it could say so left another PRIMARY behind.
    forced = force and found.primary_id == deployment.services[name].replaces
    if forced or found.rollout_state == "FAILED":
        follow(cloud, event, deployment, cloud.ecs.restart_rollout(deployment.cluster, name), starts=True)
        return ()
    _follow_what_runs(cloud, event, deployment.services[name], found)
    return None


def follow(cloud: Cloud, event: StepEvent, deployment: Deployment, rollout: Rollout, *, starts: bool) -> None:
    """Keep the deployment that our own call started: its id stands in the answer, searching by time finds others."""
    name = event.service_name
    followed = rollout.service_deployment_arn or cloud.ecs.newest_service_deployment(deployment.cluster, name)
    cloud.store.progress(
        event.deployment_id,
        name,
        cloud.now(),
        ecs_deployment_id=rollout.primary_id,
        service_deployment_arn=followed if starts else None,
    )


def _follow_what_runs(cloud: Cloud, event: StepEvent, planned: ServiceProgress, rollout: Rollout) -> None:
    """Nothing differs: there is nothing to change, or this step ran before and died before it could say so.

    In the second case the current service deployment is the one that it started; in the first it is an older one,
    whose end says nothing of this deployment.
    """
    cloud.store.progress(
        event.deployment_id,
        planned.name,
        cloud.now(),
        ecs_deployment_id=rollout.primary_id,
        service_deployment_arn=rollout.service_deployment_arn if planned.changed else None,
    )
