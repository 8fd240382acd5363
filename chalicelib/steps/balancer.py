"""Balancer: the target group that the tasks will join, and the listener rule that forwards to it."""

from collections.abc import Mapping
from typing import Any

from chalicelib.cloud import Cloud
from chalicelib.manifest import routed_container
from chalicelib.plan import literal_prefix
from chalicelib.steps.step import StepEvent, owner_tags, tags


def run(cloud: Cloud, event: StepEvent) -> dict[str, Any]:
    """Make or mend target group and rule of a routed service. Raises ListenerNotFound.

    The rule comes before the service: ECS refuses a target group that no load balancer uses. The rule of a route that
    the manifest dropped goes before its tasks do.
    """
    manifest, name = cloud.store.manifest(event.deployment_id), event.service_name
    service, balancer = manifest.services[name], manifest.load_balancer
    routed = routed_container(manifest, name)
    if service.route is None or routed is None or routed.port is None or balancer is None:
        _unroute(cloud, event, owner_tags(cloud, manifest) | {"slipway:service": name})
        return {}
    listener = cloud.load_balancers.listener(balancer.name, balancer.port)
    own_tags = tags(cloud, manifest, event.deployment_id, name)
    before = cloud.load_balancers.routed(listener, own_tags)
    if before:
        cloud.store.keep_before(event.deployment_id, name, before)
    target_group = cloud.load_balancers.ensure_target_group(service.route, routed.port, listener, own_tags, before)
    cloud.load_balancers.ensure_rule(service.route, listener.arn, target_group, own_tags)
    base = cloud.settings.load_balancer_urls.get(balancer.name, f"http://{listener.dns_name}")
    cloud.store.progress(
        event.deployment_id,
        name,
        cloud.now(),
        phase="balancer",
        target_group_arn=target_group,
        url=base + literal_prefix(service.route.path),
    )
    return {}


def _unroute(cloud: Cloud, event: StepEvent, own_tags: Mapping[str, str]) -> None:
    """Remove our rule to the target group that the service's tasks are in; its requests are the next rule's."""
    deployment_id, name = event.deployment_id, event.service_name
    spec = cloud.store.before(deployment_id, name).spec
    before = cloud.load_balancers.routed_by(spec.route.group_arn, own_tags) if spec and spec.route else None
    if before and before.rule:
        cloud.store.keep_before(deployment_id, name, before)
        cloud.load_balancers.delete_rules(before.target_group, own_tags)
        message = f"The listener rule for {before.rule.path} is removed: the manifest has no route."
        cloud.store.record(deployment_id, name, "balancer", message, cloud.now())
