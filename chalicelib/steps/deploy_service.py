"""DeployService: create the ECS service, or change what differs in one call."""

from typing import Any

from chalicelib.before import Tagged
from chalicelib.cloud import Cloud
from chalicelib.deployment import Deployment, ServiceProgress
from chalicelib.errors import AwsRefused, ServiceNotOwned
from chalicelib.ground import Ground
from chalicelib.manifest import Manifest
from chalicelib.plan import service_spec
from chalicelib.preflight import may_change, whose
from chalicelib.specs import ServiceSpec, Serving
from chalicelib.steps.cluster import in_cluster
from chalicelib.steps.found import begun
from chalicelib.steps.rollout import bring, not_seen_yet, send
from chalicelib.steps.step import StepEvent, go_on, owner_tags, tags


def run(cloud: Cloud, event: StepEvent) -> dict[str, Any]:
    """Bring the ECS service to what is asked, and keep which ECS deployment to follow.

    Raises SiblingFailed, ServiceNotOwned when it is somebody else's by now, and TransientAws while ECS shows no service
    and makes none of its name either.
    """
    deployment, manifest, ground = begun(cloud, event)
    progress = deployment.services[event.service_name]
    go_on(deployment, progress.name)
    if _is_new(progress) and _created(cloud, event, manifest, deployment, _wanted(manifest, ground, progress, None)):
        return {}
    found = cloud.ecs.serving(deployment.cluster, [progress.name])[progress.name]
    serving = found if found and found.status == "ACTIVE" else None
    _refuse_foreign(cloud, manifest, deployment, progress, found)
    spec = _wanted(manifest, ground, progress, serving)
    if serving:
        _update(cloud, event, manifest, deployment, spec, serving)
    elif not _created(cloud, event, manifest, deployment, spec):
        raise not_seen_yet(progress.name)
    return {}


def _is_new(progress: ServiceProgress) -> bool:
    """Tell whether nothing was there when Plan looked, and nothing was called since: then it is created unseen."""
    return (progress.previous_task_definition, progress.replaces, progress.called_at) == (None, None, None)


def _created(cloud: Cloud, event: StepEvent, manifest: Manifest, deployment: Deployment, spec: ServiceSpec) -> bool:
    """Create a service; tell whether it was: ECS refuses one of a name that was taken since, in these words."""
    try:
        with in_cluster(cloud, event, manifest):
            _create(cloud, event, manifest, deployment, spec)
    except AwsRefused as refusal:
        if "not idempotent" not in refusal.message:
            raise
        return False
    return True


def _refuse_foreign(
    cloud: Cloud, manifest: Manifest, deployment: Deployment, progress: ServiceProgress, found: Serving | None
) -> None:
    """Raise unless the service is ours to change still; adopted is what the plan saw, which knows the way back."""
    owner, name = owner_tags(cloud, manifest), progress.name
    adopt = manifest.services[name].adopt and progress.previous_task_definition is not None
    if found and not may_change(found.tags, owner, adopt=adopt):
        belongs = f"the ECS service {name} in {deployment.cluster} belongs to {whose(found.tags, owner)} since the plan"
        raise ServiceNotOwned(f"{belongs}; it is left as it is")


def _wanted(manifest: Manifest, ground: Ground, progress: ServiceProgress, serving: Serving | None) -> ServiceSpec:
    return service_spec(
        manifest,
        progress.name,
        task_definition=progress.task_definition,
        serving=serving,
        network=ground.placements.get(progress.name),
        registry_arn=progress.registry_arn,
        target_group_arn=progress.target_group_arn,
    )


def _create(cloud: Cloud, event: StepEvent, manifest: Manifest, deployment: Deployment, spec: ServiceSpec) -> None:
    """Create the service. One that still drains is refused by ECS in words that the state machine retries."""
    name = event.service_name
    own_tags = tags(cloud, manifest, event.deployment_id, name)
    cluster, token = deployment.cluster, event.client_token()
    send(
        cloud,
        event,
        deployment,
        lambda: cloud.ecs.create_service(cluster, name, spec, own_tags, token),
        starts=True,
        told=f"Created, desired count {spec.desired_count}.",
    )


def _update(
    cloud: Cloud, event: StepEvent, manifest: Manifest, deployment: Deployment, spec: ServiceSpec, serving: Serving
) -> None:
    _tag(cloud, event, manifest, deployment.services[event.service_name], serving)
    changed = bring(cloud, event, deployment, spec, serving)
    if changed is None:
        cloud.store.progress(event.deployment_id, event.service_name, cloud.now(), phase="awaiting_stable")
    else:
        message = f"Updated: {', '.join(changed)}." if changed else "Nothing differs: started a rollout of the same."
        _record(cloud, event, deployment, changed, message)


def _tag(cloud: Cloud, event: StepEvent, manifest: Manifest, progress: ServiceProgress, serving: Serving) -> None:
    """Bring the service's tags to what is asked; which deployment came last is no reason to call.

    Those that Plan found to be dropped go.
    """
    if progress.stays("tags"):
        return
    wanted = tags(cloud, manifest, event.deployment_id, progress.name)
    planned = {field.removeprefix("tags.") for field in progress.changed_fields if field.startswith("tags.")}
    dropped = sorted((planned - wanted.keys()) & serving.tags.keys())
    telling = {key: value for key, value in wanted.items() if key != "slipway:deployment"}
    differs = telling.items() - serving.tags.items()
    if differs or dropped:
        cloud.store.keep_before(event.deployment_id, progress.name, Tagged(serving.tags))
    if differs:
        cloud.ecs.tag(serving.arn, wanted)
    if dropped:
        cloud.ecs.untag(serving.arn, dropped)
    if planned:
        message = f"Tags changed: {', '.join(sorted(planned))}."
        cloud.store.record(event.deployment_id, progress.name, "awaiting_stable", message, cloud.now())


def _record(cloud: Cloud, event: StepEvent, deployment: Deployment, changed: tuple[str, ...], message: str) -> None:
    name, now = event.service_name, cloud.now()
    planned = deployment.services[name].changed_fields
    cloud.store.tell(
        event.deployment_id,
        name,
        "awaiting_stable",
        message,
        now,
        changed=True,
        changed_fields=planned + tuple(field for field in changed if field not in (*planned, "task_definition")),
    )
