"""How an ECS service is brought to what is asked, and how the ECS deployment that this starts is followed."""

from chalicelib.aws.service_document import NEED_FORCE
from chalicelib.cloud import Cloud
from chalicelib.decide import Rollout
from chalicelib.deployment import Deployment
from chalicelib.errors import RolloutFailed
from chalicelib.specs import ServiceSpec, Serving, service_changes
from chalicelib.steps.step import StepEvent

# A change of one of these starts an ECS deployment, any other does not (API reference, UpdateService).
STARTS_A_DEPLOYMENT = {"task_definition", "network", "discovery", "route", *NEED_FORCE}


def bring(
    cloud: Cloud,
    event: StepEvent,
    deployment: Deployment,
    wanted: ServiceSpec,
    serving: Serving,
    *,
    ours: bool,
    force: bool = False,
) -> tuple[str, ...] | None:
    """Send what differs in one call, or start a rollout again where there is a reason; follow what that starts.

    Returns the fields that were sent, None when there was nothing to do: then what runs is followed, its service
    deployment too if it may be `ours`, started by a run of this step that died before it could say so. An older one's
    end says nothing of this deployment. Raises RolloutFailed when the service is gone.
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
    _keep(cloud, event, found.primary_id, found.service_deployment_arn if ours else None)
    return None


def follow(cloud: Cloud, event: StepEvent, deployment: Deployment, rollout: Rollout, *, starts: bool) -> None:
    """Keep the deployment that our own call started: its id stands in the answer, searching by time finds others."""
    name = event.service_name
    followed = rollout.service_deployment_arn or cloud.ecs.newest_service_deployment(deployment.cluster, name)
    # ECS's circuit breaker may have gone back just before us: then our call changed nothing, and the newest is old.
    begun_before = deployment.goes_back and followed == deployment.services[name].service_deployment_arn
    _keep(cloud, event, rollout.primary_id, followed if starts and not begun_before else None)


def _keep(cloud: Cloud, event: StepEvent, ecs_deployment_id: str, service_deployment_arn: str | None) -> None:
    cloud.store.progress(
        event.deployment_id,
        event.service_name,
        cloud.now(),
        ecs_deployment_id=ecs_deployment_id,
        service_deployment_arn=service_deployment_arn,
    )
