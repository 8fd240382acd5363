"""Restore: listener rule, ECS service and scaling are what they were before this deployment."""

from collections.abc import Collection, Mapping
from dataclasses import fields, replace
from datetime import datetime
from typing import Any

from chalicelib.aws.autoscaling import scaled_as
from chalicelib.aws.cloud_map import Registered
from chalicelib.aws.load_balancer_document import Routed
from chalicelib.before import Before
from chalicelib.cloud import Cloud
from chalicelib.deployment import Deployment, ServiceProgress
from chalicelib.errors import AwsRefused, DiscoveryFailed, RolloutFailed, ServiceNotOwned, Unsettled
from chalicelib.manifest import Manifest, Route
from chalicelib.plan import task_spec
from chalicelib.preflight import claimed_by_others, whose
from chalicelib.rollout import may_be_old, shows_our_call
from chalicelib.specs import STARTS_A_DEPLOYMENT, ServiceSpec, Serving
from chalicelib.steps.balancer import judged_after, may_fail_more
from chalicelib.steps.looks import namespace_of
from chalicelib.steps.rollout import bring, not_seen_yet
from chalicelib.steps.step import StepEvent, owner_tags, tags


def run(cloud: Cloud, event: StepEvent) -> dict[str, Any]:
    """Put back what differs from what served before, and follow what that starts.

    The rule comes before the service, as on the way there. Raises RolloutFailed when the service is gone,
    ServiceNotOwned when another application has claimed it meanwhile, and TransientAws while ECS may not show yet what
    the way there has made of it.
    """
    manifest, name = cloud.store.manifest(event.deployment_id), event.service_name
    deployment, before = cloud.store.part(event.deployment_id, name), cloud.store.before(event.deployment_id, name)
    serving = cloud.ecs.serving(deployment.cluster, [name])[name]
    progress = deployment.services[name]
    if not shows_our_call(serving, progress, cloud.now()) and not _gone_back(cloud, deployment, progress):
        raise not_seen_yet(name)
    if before.spec is None or serving is None or serving.status != "ACTIVE":
        raise RolloutFailed(f"the ECS service {name} is not there to go back")
    cloud.store.progress(deployment.id, name, cloud.now(), status="running", phase="rolling_back")
    if before.registered:
        _restore_registered(cloud, event, manifest, deployment, before.registered)
    if before.routed:
        _restore_routed(cloud, event, manifest, before.routed)
    _refuse_claimed(cloud, deployment, name, serving)
    if before.log_group:
        cloud.logs.set_retention(task_spec(manifest, name).log_group or "", before.log_group.retention_days)
    if _scaling_changed(progress):
        _restore_scaling(cloud, event, manifest, deployment.cluster, before)
    wanted = _startable(
        cloud, event, manifest, _wanted(cloud, manifest, deployment, name, before.spec, serving), serving
    )
    changed = bring(cloud, event, deployment, wanted, serving, again=_unproven(progress, cloud.now()))
    if before.tagged:  # last: without its tags a service is not ours to change
        _restore_tags(cloud, before.tagged.tags, serving, tags(cloud, manifest, deployment, name).keys())
    message = f"Goes back: {', '.join(changed)}." if changed else "Is as it was before."
    cloud.store.record(deployment.id, name, "rolling_back", message, cloud.now())
    return {}


def _scaling_changed(progress: ServiceProgress) -> bool:
    if progress.as_asked is None:  # planned by an older release
        return "scaling" in progress.changed_fields
    return not progress.stays("scaling")


def _restore_tags(cloud: Cloud, before: Mapping[str, str], serving: Serving, ours: Collection[str]) -> None:
    """Put back the tags that were there, and take off those of ours that were not.

    What is read of them may be older than what the way there did. Where AWS refuses us to change any, it is true: it
    has refused that then, too.
    """
    added = sorted(ours - before.keys())
    try:
        if before:
            cloud.ecs.tag(serving.arn, before)
        if added:
            cloud.ecs.untag(serving.arn, added)
    except AwsRefused:
        if before.items() - serving.tags.items() or serving.tags.keys() & set(added):
            raise


def _refuse_claimed(cloud: Cloud, deployment: Deployment, name: str, serving: Serving) -> None:
    owner = owner_tags(cloud, deployment)
    if claimed_by_others(serving.tags, owner):
        belongs = f"the ECS service {name} in {deployment.cluster} belongs to {whose(serving.tags, owner)} by now"
        raise ServiceNotOwned(f"{belongs}; it is left as it is")


def _wanted(
    cloud: Cloud, manifest: Manifest, deployment: Deployment, name: str, before: ServiceSpec, serving: Serving
) -> ServiceSpec:
    """Return what served before; how many tasks run is left to scaling, and to whoever sets it, unless we said it."""
    ours = "desired_count" in deployment.services[name].changed_fields
    moved = before.desired_count != serving.spec.desired_count and not ours
    left_out = manifest.services[name].desired_count is None
    left = moved and (left_out or cloud.autoscaling.find(deployment.cluster, name))
    return replace(before, desired_count=None) if left else before


def _gone_back(cloud: Cloud, deployment: Deployment, progress: ServiceProgress) -> bool:
    """Tell whether ECS has gone back by itself: then it lists what served before, as it did before our call.

    It takes back the task definition alone: where we had it change more, what it lists may be older than that. What
    changes beside an ECS service is told by a longer name, such as `route.path`.
    """
    if STARTS_A_DEPLOYMENT.intersection(progress.changed_fields) - {"task_definition"}:
        return False
    rollout = cloud.ecs.rollout(deployment.cluster, progress.name, progress)
    return rollout is not None and rollout.service_deployment_status == "ROLLBACK_SUCCESSFUL"


def _startable(
    cloud: Cloud, event: StepEvent, manifest: Manifest, wanted: ServiceSpec, serving: Serving
) -> ServiceSpec:
    """Return what served before on a revision from which tasks start: the content of an INACTIVE one on another."""
    before, definitions = wanted.task_definition, cloud.task_definitions
    if before is None or before == serving.spec.task_definition or definitions.content_hash(before):
        return wanted
    own_tags, now = tags(cloud, manifest, event.deployment_id, event.service_name), cloud.now()
    again = definitions.register_again(before, own_tags)
    if again is None:
        raise RolloutFailed(f"{before} is not there any more")
    message = f"{before.rpartition('/')[2]} is INACTIVE; its content is registered again: {again.rpartition('/')[2]}."
    cloud.store.progress(event.deployment_id, event.service_name, now, restored_task_definition=again)
    cloud.store.record(event.deployment_id, event.service_name, "rolling_back", message, now)
    return replace(wanted, task_definition=again)


def _unproven(progress: ServiceProgress, now: datetime) -> list[str]:
    """Return the settings that this deployment sent just now: what is read of them may be older than that.

    Of the fields that start an ECS deployment its PRIMARY deployment is the proof.
    """
    if not may_be_old(progress.called_at, now):
        return []
    settings = {each.name for each in fields(ServiceSpec)} - STARTS_A_DEPLOYMENT
    return [field for field in progress.changed_fields if field in settings]


def _restore_registered(
    cloud: Cloud, event: StepEvent, manifest: Manifest, deployment: Deployment, before: Registered
) -> None:
    """Put the TTL back: it is all that changes in a Cloud Map service."""
    discovery = manifest.services[event.service_name].discovery
    namespace = namespace_of(cloud, manifest)
    if discovery and namespace and before.ttl is not None:
        name, own_tags = discovery.name or event.service_name, tags(cloud, manifest, event.deployment_id)
        _await_change(cloud, deployment.services[event.service_name])
        ensured = cloud.cloud_map.ensure_service(
            namespace, name, before.records, before.ttl, own_tags, event.client_token()
        )
        cloud.store.progress(
            deployment.id, event.service_name, cloud.now(), discovery_operation_id=ensured.operation_id
        )


def _await_change(cloud: Cloud, progress: ServiceProgress) -> None:
    """Raise Unsettled while Cloud Map makes our own change: until then it shows what was before as what is."""
    operation_id = progress.discovery_operation_id
    try:
        if operation_id and not cloud.cloud_map.operation_succeeded(operation_id, DiscoveryFailed):
            raise Unsettled("get_operation", "PENDING", f"Cloud Map still changes the name of {progress.name}")
    except DiscoveryFailed:
        return  # it changed nothing


def _restore_routed(cloud: Cloud, event: StepEvent, manifest: Manifest, before: Routed) -> None:
    """Put target group and rule back. A rule that was not there before goes with what this deployment made."""
    name = event.service_name
    own_tags = tags(cloud, manifest, event.deployment_id, name)
    route = _route_of(before)
    if asked := manifest.services[name].route:
        _restore_check(cloud, event, before, route, asked)
    else:  # RemoveRoute takes the rule that is made again for older than this deployment
        del own_tags["slipway:deployment"]
    if before.rule:
        cloud.load_balancers.ensure_rule(route, before.listener, before.target_group, own_tags)


def _restore_check(cloud: Cloud, event: StepEvent, before: Routed, route: Route, asked: Route) -> None:
    """Put back how the load balancer judges the targets, which takes it a while.

    It is as it was `asked` for, if this deployment came to it; what is read of it may be older than that.
    """
    if cloud.load_balancers.target_group(before.target_group) is None:
        return
    changed = replace(before, health_check=asked.health_check, deregistration_delay=asked.deregistration_delay)
    cloud.load_balancers.change_target_group(route, changed)
    late = may_fail_more(asked.health_check, before.health_check)
    judged_from = cloud.now() + judged_after(before.health_check, cloud.settings.speed) if late else None
    cloud.store.progress(event.deployment_id, event.service_name, cloud.now(), judged_from=judged_from)


def _route_of(before: Routed) -> Route:
    rule = before.rule
    return Route.model_construct(
        path=(rule.path if rule else None) or "/*",
        host=rule.host if rule else None,
        priority=rule.priority if rule else None,
        health_check=before.health_check,
        deregistration_delay=before.deregistration_delay,
    )


def _restore_scaling(cloud: Cloud, event: StepEvent, manifest: Manifest, cluster: str, before: Before) -> None:
    """Put back what the way there has changed, or was to change: what is read of it may be older than that."""
    name = event.service_name
    if before.scaled is None:
        cloud.autoscaling.remove(cluster, name)
        return
    asked = manifest.services[name].scaling
    own_tags = tags(cloud, manifest, event.deployment_id, name)
    cloud.autoscaling.put(cluster, name, before.scaled, scaled_as(asked, None) if asked else None, own_tags)
