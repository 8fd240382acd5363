"""Services: what serves under a name is this application's, and can become what is asked for."""

from collections.abc import Iterator, Mapping

from chalicelib.manifest import Manifest
from chalicelib.manifest.forms import containers_of
from chalicelib.preflight.finding import Finding
from chalicelib.specs import Serving

ADOPT = "Name the service otherwise, delete the one that is there, or take it over: write adopt: true."


def claimed_by_others(tags: Mapping[str, str], owner: Mapping[str, str]) -> bool:
    """Tell whether tags say of something that it is another application's, environment's or installation's.

    `owner` are the tags of what is this application's; none of the three tags at all claims nothing.
    """
    return any(tags.get(key, value) != value for key, value in owner.items())


def may_change(tags: Mapping[str, str], owner: Mapping[str, str], *, adopt: bool) -> bool:
    """Tell whether an ECS service with these tags is ours to change: our own, or one to adopt that nobody claims."""
    return owner.items() <= tags.items() or (adopt and not claimed_by_others(tags, owner))


def whose(tags: Mapping[str, str], owner: Mapping[str, str]) -> str:
    """Return whom tags name, in words."""
    return ", ".join(f"{key}={tags[key]}" for key in owner if tags.get(key)) or "nobody known to Slipway"


def ownership_findings(
    manifest: Manifest, serving: Mapping[str, Serving | None], owner: Mapping[str, str]
) -> Iterator[Finding]:
    """Return which ECS services are not this application's to change, by their tags.

    What another application, environment or installation has is never taken over: that one would go on to change it.
    """
    for name, now in serving.items():
        if now and not may_change(now.tags, owner, adopt=manifest.services[name].adopt):
            detail = f"the ECS service {name} in {manifest.cluster_name} belongs to {whose(now.tags, owner)}"
            remedy = None if claimed_by_others(now.tags, owner) else ADOPT
            yield Finding("service_not_owned", detail, f"/services/{name}", name, remedy=remedy)


def classic_findings(manifest: Manifest, serving: Mapping[str, Serving | None]) -> Iterator[Finding]:
    """Return which services are to have a route, and are behind a Classic Load Balancer, which the route would replace.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LoadBalancer.html (loadBalancerName)
    """
    for name, now in serving.items():
        if now and now.status == "ACTIVE" and now.classic_load_balancer and manifest.services[name].route:
            detail = f"the ECS service {name} is behind the Classic Load Balancer {now.classic_load_balancer}"
            yield Finding("classic_load_balancer", detail, f"/services/{name}/route", name)


def kept_target_findings(manifest: Manifest, serving: Mapping[str, Serving | None]) -> Iterator[Finding]:
    """Return which target groups of others a service is in by a container and port that the manifest does not have.

    ECS refuses a task definition without them, and Slipway takes no service out of a target group of others.
    """
    for name, now in serving.items():
        has = {(view.name, port) for view in containers_of(manifest, name) for port in view.ports}
        for target in now.spec.route if now and now.status == "ACTIVE" else ():
            if (target.container, target.port) not in has and not target.is_made_for(manifest.application, name):
                by = f"by the container {target.container} at its port {target.port}"
                detail = f"the ECS service {name} is in the target group {target.group_name} {by}"
                yield Finding("target_container_missing", detail, f"/services/{name}", name)


def launch_type_findings(manifest: Manifest, serving: Mapping[str, Serving | None]) -> Iterator[Finding]:
    """Return which services run on another launch type.

    ECS changes it only by way of capacity providers (API reference, UpdateService).
    """
    for name, now in serving.items():
        service = manifest.services[name]
        found = now.spec.launch_type if now and now.status == "ACTIVE" else None
        if found and not service.capacity_providers and found != service.launch_type:
            detail = f"the ECS service {name} runs on {found}, and {service.launch_type} is asked for"
            yield Finding("launch_type_fixed", detail, f"/services/{name}/launch_type", name)
