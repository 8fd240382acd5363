"""DeployService: create the ECS service, or change what differs in one call."""

from typing import Any

from chalicelib.cloud import Cloud
from chalicelib.decide import Rollout
from chalicelib.deployment import Deployment, ServiceProgress
from chalicelib.errors import RolloutFailed
from chalicelib.manifest import Manifest
from chalicelib.plan import service_spec
from chalicelib.specs import ServiceSpec, Serving, service_changes
from chalicelib.steps.found import placement
from chalicelib.steps.step import StepEvent, tags

# A change of one of these starts an ECS deployment, any other does not (API reference, UpdateService).
STARTS_A_DEPLOYMENT = {"task_definition", "network", "discovery", "route"}


def run(cloud: Cloud, event: StepEvent) -> dict[str, Any]:
    """Bring the ECS service to what is asked, and keep which ECS deployment to follow."""
    manifest, deployment = cloud.store.manifest(event.deployment_id), cloud.store.get(event.deployment_id)
    progress = deployment.services[event.service_name]
    found = cloud.ecs.serving(deployment.cluster, [progress.name])[progress.name]
    serving = found if found and found.status == "ACTIVE" else None
    spec = _wanted(cloud, manifest, progress, serving)
    if serving is None:
        _create(cloud, event, manifest, deployment, spec)
    else:
        _update(cloud, event, manifest, deployment, spec, serving)
    return {}


def _wanted(cloud: Cloud, manifest: Manifest, progress: ServiceProgress, serving: Serving | None) -> ServiceSpec:
    return service_spec(
        manifest,
        progress.name,
        task_definition=progress.task_definition,
        serving=serving,
        network=placement(cloud, manifest, progress.name),
        registry_arn=progress.registry_arn,
        target_group_arn=progress.target_group_arn,
    )


def _create(cloud: Cloud, event: StepEvent, manifest: Manifest, deployment: Deployment, spec: ServiceSpec) -> None:
    """Create the service. One that still drains is refused by ECS in words that the state machine retries."""
    name = event.service_name
    own_tags = tags(cloud, manifest, event.deployment_id, name)
    rollout = cloud.ecs.create_service(deployment.cluster, name, spec, own_tags, event.client_token())
    _follow(cloud, event, deployment, rollout, changed=(), message=f"Created, desired count {spec.desired_count}.")


def _update(
    cloud: Cloud, event: StepEvent, manifest: Manifest, deployment: Deployment, spec: ServiceSpec, serving: Serving
) -> None:
    """Send what differs, or start a rollout again where there is a reason; otherwise there is nothing to do."""
    name = event.service_name
    changed = tuple(change.field for change in service_changes(spec, serving.spec))
    _tag(cloud, manifest, event, serving)
    if changed:
        rollout = cloud.ecs.update_service(deployment.cluster, name, spec, changed, force=deployment.force)
        _follow(cloud, event, deployment, rollout, changed=changed, message=f"Updated: {', '.join(changed)}.")
        return
    found = cloud.ecs.rollout(deployment.cluster, name, None)
    if found is None:
        raise RolloutFailed(f"the ECS service {name} was removed during the deployment")
    if reason := _reason_to_restart(deployment, deployment.services[name], found):
        rollout = cloud.ecs.restart_rollout(deployment.cluster, name)
        _follow(cloud, event, deployment, rollout, changed=(), message=reason)
        return
    _follow_what_runs(cloud, event, deployment.services[name], found)


def _reason_to_restart(deployment: Deployment, planned: ServiceProgress, found: Rollout) -> str | None:
    """Return why a rollout of what the service asks for already is started.

    A forced one is started once: a run of this step that died before it could say so left another PRIMARY behind.
    """
    if found.rollout_state == "FAILED":
        return "Its last rollout failed: started it again."
    if deployment.force and found.primary_id == planned.replaces:
        return "Nothing differs: started a rollout of the same, as it was forced."
    return None


def _tag(cloud: Cloud, manifest: Manifest, event: StepEvent, serving: Serving) -> None:
    """Bring the service's tags to what is asked; which deployment came last is no reason to call."""
    wanted = tags(cloud, manifest, event.deployment_id, event.service_name)
    telling = {key: value for key, value in wanted.items() if key != "slipway:deployment"}
    if telling.items() - serving.tags.items():
        cloud.ecs.tag(serving.arn, wanted)


def _follow(
    cloud: Cloud, event: StepEvent, deployment: Deployment, rollout: Rollout, *, changed: tuple[str, ...], message: str
) -> None:
    """Keep the deployment that our own call started: its id stands in the answer, searching by time finds others."""
    name, now = event.service_name, cloud.now()
    planned = deployment.services[name].changed_fields
    started = deployment.force or not changed or STARTS_A_DEPLOYMENT.intersection(changed)
    followed = rollout.service_deployment_arn or cloud.ecs.newest_service_deployment(deployment.cluster, name)
    cloud.store.progress(
        event.deployment_id,
        name,
        now,
        phase="awaiting_stable",
        changed=True,
        changed_fields=planned + tuple(field for field in changed if field not in (*planned, "task_definition")),
        ecs_deployment_id=rollout.primary_id,
        service_deployment_arn=followed if started else None,
    )
    cloud.store.record(event.deployment_id, name, "awaiting_stable", message, now)


def _follow_what_runs(cloud: Cloud, event: StepEvent, planned: ServiceProgress, rollout: Rollout) -> None:
    """Nothing differs: there is nothing to change, or this step ran before and died before it could say so.

    In the second case the current service deployment is the one that it started; in the first it is an older one,
    whose end says nothing of this deployment.
    """
    cloud.store.progress(
        event.deployment_id,
        planned.name,
        cloud.now(),
        phase="awaiting_stable",
        ecs_deployment_id=rollout.primary_id,
        service_deployment_arn=rollout.service_deployment_arn if planned.changed else None,
    )
