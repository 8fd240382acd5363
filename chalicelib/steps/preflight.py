"""Preflight: everything that can be checked without changing anything, all findings at once."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from chalicelib import preflight
from chalicelib.aws.cloud_map import Registered
from chalicelib.aws.load_balancers import Listener
from chalicelib.cloud import Cloud
from chalicelib.errors import AwsRefused, ListenerNotFound, PreflightFailed
from chalicelib.manifest import Manifest, routed_container
from chalicelib.plan import changes, first_free_priority, task_spec
from chalicelib.preflight import Finding, NameFound, NetworkFound, SecretFound
from chalicelib.steps.found import namespace_of, ours
from chalicelib.steps.step import StepEvent, owner_tags

Check = Callable[[Cloud, Manifest], Iterable[Finding]]


def run(cloud: Cloud, event: StepEvent) -> dict[str, Any]:
    """Record every finding; raise PreflightFailed when one of them is an error."""
    found, now = findings(cloud, cloud.store.manifest(event.deployment_id)), cloud.now()
    for each in found:
        cloud.store.record(event.deployment_id, each.service, "preflight", each.sentence, now)
    if failure := preflight.failure_of(found):
        cloud.store.fail(event.deployment_id, failure, now)
        raise PreflightFailed(failure.cause)
    return {}


def findings(cloud: Cloud, manifest: Manifest) -> tuple[Finding, ...]:
    """Return all that is wrong; what AWS does not let us look at becomes a warning. Raises Throttled, TransientAws."""
    return tuple(each for what, check in CHECKS.items() for each in _checked(cloud, manifest, what, check))


def _checked(cloud: Cloud, manifest: Manifest, what: str, check: Check) -> list[Finding]:
    try:
        return list(check(cloud, manifest))
    except AwsRefused as refusal:
        return [preflight.could_not_check(what, refusal)]
    except ListenerNotFound:
        return []  # told by the check of the listener itself


def _services(cloud: Cloud, manifest: Manifest) -> Iterator[Finding]:
    serving = cloud.ecs.serving(manifest.cluster_name, list(manifest.services))
    yield from preflight.ownership_findings(manifest, serving, owner_tags(cloud, manifest))
    own = ours(cloud, manifest, serving)
    yield from preflight.launch_type_findings(manifest, own)
    yield from preflight.classic_findings(manifest, own)


def _room(cloud: Cloud, manifest: Manifest) -> Iterator[Finding]:
    """Look at the services on EC2: on Fargate there is always room."""
    names = [name for name, service in manifest.services.items() if service.compatibility == "EC2"]
    serving = ours(cloud, manifest, cloud.ecs.serving(manifest.cluster_name, names)) if names else {}
    changed = {name: bool(now and changes(manifest, name, now)) for name, now in serving.items()}
    services = manifest.services
    waits = [n for n, now in serving.items() if preflight.waits_for_room(services[n], now, changed=changed[n])]
    if waits:
        capacity = cloud.clusters.capacity(manifest.cluster_name)
        yield from preflight.room_findings(manifest, {name: task_spec(manifest, name) for name in waits}, capacity)


def _networks(cloud: Cloud, manifest: Manifest) -> Iterator[Finding]:
    """Only in awsvpc mode tasks have a network of their own."""
    names = [name for name in manifest.services if task_spec(manifest, name).network_mode == "awsvpc"]
    yield from preflight.network_findings(manifest, _found(cloud, manifest, names))


def _found(cloud: Cloud, manifest: Manifest, names: Sequence[str]) -> dict[str, NetworkFound]:
    """Return what there is of services' networks; one that they share is asked for once."""
    found = {network: cloud.ec2.find(network) for network in {manifest.network_of(name) for name in names}}
    return {name: found[manifest.network_of(name)] for name in names}


def _ways(cloud: Cloud, manifest: Manifest) -> Iterator[Finding]:
    """Look at the services on Fargate, whose tasks pull their images from their own subnets."""
    names = [name for name, service in manifest.services.items() if service.compatibility == "FARGATE"]
    found = _found(cloud, manifest, names)
    subnets: dict[str, set[str]] = defaultdict(set)
    for network in found.values():
        for ids in network.subnets.values():
            subnets[network.vpcs[0]].update(ids)
    ways = {subnet: each for vpc, ids in subnets.items() for subnet, each in cloud.ec2.ways(vpc, sorted(ids)).items()}
    yield from preflight.way_findings(manifest, found, ways, cloud.settings.region)


def _listener(cloud: Cloud, manifest: Manifest) -> Iterator[Finding]:
    try:
        _listener_of(cloud, manifest)
    except ListenerNotFound as error:
        yield Finding(error.code(), error.cause, "/load_balancer")


def _listener_of(cloud: Cloud, manifest: Manifest) -> Listener | None:
    balancer = manifest.load_balancer
    if balancer is None or not any(service.route for service in manifest.services.values()):
        return None
    return cloud.load_balancers.listener(balancer.name, balancer.port)


def _routes(cloud: Cloud, manifest: Manifest) -> Iterator[Finding]:
    listener = _listener_of(cloud, manifest)
    if listener:
        rules, owner = cloud.load_balancers.rules(listener), owner_tags(cloud, manifest)
        yield from preflight.route_findings(manifest, rules, owner, first_free_priority)


def _admissions(cloud: Cloud, manifest: Manifest) -> Iterator[Finding]:
    """Look at the routed services that name their security groups; the others have the VPC's default one."""
    listener = _listener_of(cloud, manifest)
    routed = {name: routed_container(manifest, name) for name in manifest.services if listener}
    ports = {name: view.port for name, view in routed.items() if view and view.port}
    for name, found in _found(cloud, manifest, list(ports)).items():
        groups = sorted({each for ids in found.security_groups.values() for each in ids})
        if listener and groups:
            admissions = cloud.ec2.admissions(groups)
            yield from preflight.admission_findings(name, ports[name], listener.security_groups, admissions)


def _vpc_of_names(cloud: Cloud, manifest: Manifest) -> str | None:
    """Return the id of the VPC that a namespace is made for, None when nothing is discovered or there is none."""
    if manifest.namespace is None:
        return None
    vpcs = cloud.ec2.find(manifest.network).vpcs
    return vpcs[0] if len(vpcs) == 1 else None


def _dns(cloud: Cloud, manifest: Manifest) -> Iterator[Finding]:
    if vpc := _vpc_of_names(cloud, manifest):
        yield from preflight.dns_findings(vpc, cloud.ec2.dns_attributes_off(vpc))


def _namespace(cloud: Cloud, manifest: Manifest) -> Iterator[Finding]:
    vpc, name = _vpc_of_names(cloud, manifest), manifest.namespace or ""
    namespace = namespace_of(cloud, manifest) if vpc else None
    if vpc and namespace:
        yield from preflight.namespace_findings(name, vpc, cloud.hosted_zones.vpcs(namespace.hosted_zone_id))


def _discovery(cloud: Cloud, manifest: Manifest) -> Iterator[Finding]:
    namespace = namespace_of(cloud, manifest)
    if namespace:
        there = cloud.cloud_map.registered(namespace)
        asked = {name: there[each] for name, each in preflight.names_asked(manifest).items() if each in there}
        found = {name: _name(cloud, each) for name, each in asked.items()}
        yield from preflight.discovery_findings(manifest, found, owner_tags(cloud, manifest))


def _name(cloud: Cloud, registered: Registered) -> NameFound:
    """Return whose a name is; only where nobody of Slipway's has made it, its instances tell."""
    tags = cloud.cloud_map.tags(registered.arn)
    ours = "slipway:application" in tags
    registrants = frozenset() if ours else cloud.cloud_map.registrants(registered.arn)
    return NameFound(registered.records, tags, registrants)


def _images(cloud: Cloud, manifest: Manifest) -> Iterator[Finding]:
    asked = preflight.images_asked(manifest, cloud.settings.account, cloud.settings.region)
    found = {image: cloud.ecr.architectures(image) for image in {each.reference for each in asked}}
    yield from preflight.image_findings(manifest, asked, found)


def _secrets(cloud: Cloud, manifest: Manifest) -> Iterator[Finding]:
    asked = preflight.secrets_asked(manifest, cloud.settings.region)
    found = {reference: _secret(cloud, reference) for reference in {each.reference for each in asked}}
    yield from preflight.secret_findings(asked, found)


def _secret(cloud: Cloud, reference: str) -> SecretFound:
    place = preflight.secret_place(reference)
    return cloud.parameters.find(place) if place.is_parameter else cloud.secrets.find(place)


def _roles(cloud: Cloud, manifest: Manifest) -> Iterator[Finding]:
    asked = preflight.roles_asked(manifest, cloud.settings.account)
    found = {role: cloud.iam.trusted_services(role) for role in {each.reference for each in asked}}
    yield from preflight.role_findings(asked, found)


CHECKS: dict[str, Check] = {
    "the ECS services": _services,
    "the container instances": _room,
    "the networks": _networks,
    "the ways out of the subnets": _ways,
    "the listener": _listener,
    "the rules of the listener": _routes,
    "the security groups": _admissions,
    "the DNS attributes of the VPC": _dns,
    "the VPC of the namespace": _namespace,
    "the names in Cloud Map": _discovery,
    "the images": _images,
    "the secrets": _secrets,
    "the roles": _roles,
}
"""What is looked at, each by itself: one that AWS refuses leaves the others."""
