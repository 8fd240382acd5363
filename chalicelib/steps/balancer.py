"""Balancer: the target group that the tasks will join, and the listener rule that forwards to it."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from chalicelib.aws.load_balancer_document import Listener, Routed
from chalicelib.cloud import Cloud
from chalicelib.deployment import Deployment
from chalicelib.errors import ListenerNotFound
from chalicelib.manifest import Manifest, RouteHealthCheck, routed_container
from chalicelib.plan import literal_prefix, own_groups, rank_of
from chalicelib.steps.found import begun
from chalicelib.steps.step import StepEvent, owner_tags, tags
from chalicelib.steps.unnamed import stood_back


def run(cloud: Cloud, event: StepEvent) -> dict[str, Any]:
    """Make or mend target group and rule of a routed service. Raises ListenerNotFound.

    The rule comes before the service: ECS refuses a target group that no load balancer uses. The rule of a route that
    the manifest dropped goes before its tasks do.
    """
    (deployment, manifest, ground), name = begun(cloud, event), event.service_name
    if deployment.services[name].stays("target_group", "rule"):
        return {}
    route, routed = manifest.services[name].route, routed_container(manifest, name)
    if route is None or routed is None or routed.port is None:
        _unroute(cloud, event, manifest, owner_tags(cloud, manifest) | {"slipway:service": name})
        cloud.store.progress(event.deployment_id, name, cloud.now(), url=None)
        return {}
    if ground.listener is None:
        raise ListenerNotFound(f"{name} has a route, and the manifest names no load balancer that could lead to it")
    own_tags = tags(cloud, manifest, event.deployment_id, name)
    is_new = ground.priorities is not None and deployment.services[name].target_group_arn is None
    before = None if is_new else _before(cloud, event, ground.listener, own_tags)
    target_group = cloud.load_balancers.ensure_target_group(route, routed.port, ground.listener, own_tags, before)
    ruled, listener = stood_back(cloud, manifest, name, ground.listener) or route, ground.listener.arn
    taken = ground.priorities if is_new and event.is_first else None
    cloud.load_balancers.ensure_rule(ruled, listener, target_group, own_tags, rank_of(manifest, name), taken)
    cloud.store.progress(
        event.deployment_id,
        name,
        cloud.now(),
        phase="balancer",
        target_group_arn=target_group,
        url=url_of(cloud, manifest, ground.listener, name),
        **(_judged(cloud, before.health_check, route.health_check) if before else {}),
    )
    return {}


def _before(cloud: Cloud, event: StepEvent, listener: Listener, own_tags: Mapping[str, str]) -> Routed | None:
    """Return how a service was routed to before: Plan has kept it, unless it was an older release's.

    What is read of it by now may be older than Plan's look, or younger than a run of this step that died.
    """
    kept = cloud.store.before(event.deployment_id, event.service_name).routed
    before = kept or cloud.load_balancers.routed(listener, own_tags)
    if before and not kept:
        cloud.store.keep_before(event.deployment_id, event.service_name, before)
    return before


def _judged(cloud: Cloud, before: RouteHealthCheck, check: RouteHealthCheck) -> dict[str, Any]:
    """Return from when on the targets are judged by a health check that may fail those which passed the one before."""
    late = may_fail_more(before, check)
    return {"judged_from": cloud.now() + judged_after(check, cloud.settings.speed)} if late else {}


def judged_after(check: RouteHealthCheck, speed: float = 1.0) -> timedelta:
    """Return how long the load balancer takes to judge a target by a health check that has changed.

    It asks every `interval` seconds, waits up to `timeout` for an answer, and calls a target healthy or unhealthy
    after so many alike; the one under way may still be of before:
    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
    """
    seconds = check.interval * (max(check.healthy, check.unhealthy) + 1) + check.timeout
    return timedelta(seconds=seconds / speed)


def may_fail_more(before: RouteHealthCheck, check: RouteHealthCheck) -> bool:
    """Tell whether a health check may fail a target that one before it passes: it asks for more, or waits for less.

    How many good answers it wants is about targets that it has failed already.
    """
    asks = (before.path, before.matcher) != (check.path, check.matcher)
    return asks or any(getattr(check, each) < getattr(before, each) for each in ("interval", "timeout", "unhealthy"))


def url_of(cloud: Cloud, manifest: Manifest, listener: Listener | None, name: str) -> str | None:
    """Return where people reach a routed service: at its host, with scheme and port of the load balancer's URL.

    None without a route, and where the host is a pattern, which is no address.
    """
    route, balancer = manifest.services[name].route, manifest.load_balancer
    if route is None or balancer is None or listener is None:
        return None
    base = cloud.settings.load_balancer_urls.get(balancer.name, f"http://{listener.dns_name}")
    if route.host is None:
        return base + literal_prefix(route.path)
    if literal_prefix(route.host) != route.host:
        return None
    there = urlsplit(base)
    port = f":{there.port}" if there.port else ""
    return f"{there.scheme}://{route.host}{port}{literal_prefix(route.path)}"


def url_before(cloud: Cloud, deployment: Deployment, name: str) -> str | None:
    """Return where people reached a service before this deployment: the last that succeeded with it has told."""
    succeeded = deployment.succeeded_before.get(name)
    return cloud.store.part(succeeded, name).services[name].url if succeeded else None


def _unroute(cloud: Cloud, event: StepEvent, manifest: Manifest, own_tags: Mapping[str, str]) -> None:
    """Remove our rule to the target group that the service's tasks are in; its requests are the next rule's."""
    deployment_id, name = event.deployment_id, event.service_name
    spec = cloud.store.before(deployment_id, name).spec
    for group in own_groups(manifest, name, spec) if spec else ():
        before = cloud.load_balancers.routed_by(group, own_tags)
        if before and before.rule:
            cloud.store.keep_before(deployment_id, name, before)
            cloud.load_balancers.delete_rules(before.target_group, own_tags)
            message = f"The listener rule for {before.rule.path} is removed: the manifest has no route."
            cloud.store.record(deployment_id, name, "balancer", message, cloud.now())
