"""Balancer: the target group that the tasks will join, and the listener rule that forwards to it."""

from typing import Any

from chalicelib.cloud import Cloud
from chalicelib.manifest import routed_container
from chalicelib.plan import literal_prefix
from chalicelib.steps.step import StepEvent, tags


def run(cloud: Cloud, event: StepEvent) -> dict[str, Any]:
    """Make or mend target group and rule of a routed service. Raises ListenerNotFound.

    The rule comes before the service: ECS refuses a target group that no load balancer uses.
    """
    manifest, name = cloud.store.manifest(event.deployment_id), event.service_name
    service, balancer = manifest.services[name], manifest.load_balancer
    routed = routed_container(manifest, name)
    if service.route is None or routed is None or routed.port is None or balancer is None:
        return {}
    listener = cloud.load_balancers.listener(balancer.name, balancer.port)
    own_tags = tags(cloud, manifest, event.deployment_id, name)
    before = cloud.load_balancers.routed(listener, own_tags)
    if before:
        cloud.store.keep_before(event.deployment_id, name, before)
    target_group = cloud.load_balancers.ensure_target_group(service.route, routed.port, listener, own_tags, before)
    cloud.load_balancers.ensure_rule(service.route, listener, target_group, own_tags)
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
