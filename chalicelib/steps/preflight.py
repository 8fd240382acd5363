"""Preflight: everything that can be checked without changing anything, all findings at once."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

from chalicelib import preflight
from chalicelib.aws.cloud_map import Registered
from chalicelib.cloud import Cloud
from chalicelib.errors import AwsRefused, ListenerNotFound, PreflightFailed
from chalicelib.manifest import Manifest, routed_container
from chalicelib.plan import first_free_for, task_spec
from chalicelib.preflight import Finding, NameFound, SecretFound, SecretPlace
from chalicelib.steps.looks import Looks
from chalicelib.steps.step import StepEvent
from chalicelib.steps.unnamed import serving_unnamed

Check = Callable[[Looks, Manifest], Iterable[Finding]]


def run(cloud: Cloud, event: StepEvent) -> dict[str, Any]:
    """Check what an older release has planned: of a manifest of today, Plan has checked all of it.

    Raises PreflightFailed.
    """
    looks = Looks(cloud, cloud.store.manifest(event.deployment_id))
    tell(cloud, event.deployment_id, (*findings(looks, GROUND), *findings_of_changes(looks, looks.manifest.services)))
    return {}


def tell(cloud: Cloud, deployment_id: str, found: Iterable[Finding]) -> None:
    """Record every finding; raise PreflightFailed when one of them is an error."""
    told, now = list(found), cloud.now()
    for each in told:
        cloud.store.record(deployment_id, each.service, "preflight", each.sentence, now)
    if failure := preflight.failure_of(told):
        cloud.store.fail(deployment_id, failure, now)
        raise PreflightFailed(failure.cause)


def findings(looks: Looks, checks: Mapping[str, Check]) -> tuple[Finding, ...]:
    """Return all that is wrong; what AWS does not let us look at becomes a warning. Raises Throttled, TransientAws."""
    return _found(looks, checks, looks.manifest)


def findings_of_changes(looks: Looks, changing: Collection[str]) -> tuple[Finding, ...]:
    """Return what is wrong with the services that are to change, of which new tasks will start."""
    services = {name: service for name, service in looks.manifest.services.items() if name in changing}
    part = looks.manifest.model_copy(update={"services": services})
    return _found(looks, CHECKS, part) if changing else ()


def _found(looks: Looks, checks: Mapping[str, Check], manifest: Manifest) -> tuple[Finding, ...]:
    return tuple(each for what, check in checks.items() for each in _checked(looks, manifest, what, check))


def _checked(looks: Looks, manifest: Manifest, what: str, check: Check) -> list[Finding]:
    try:
        return list(check(looks, manifest))
    except AwsRefused as refusal:
        return [preflight.could_not_check(what, refusal)]
    except ListenerNotFound:
        return []  # told by the check of the listener itself


# ── of every service ─────────────────────────────────────────────────────────────────────────────────


def _services(looks: Looks, manifest: Manifest) -> Iterator[Finding]:
    yield from preflight.ownership_findings(manifest, looks.serving, looks.owner)
    yield from preflight.launch_type_findings(manifest, looks.own)
    yield from preflight.classic_findings(manifest, looks.own)
    yield from preflight.kept_target_findings(manifest, looks.own)
    rules = {name: (each.rule, each.listener) for name, each in looks.routed_elsewhere.items() if each.rule}
    yield from preflight.elsewhere_findings(manifest, rules)


def _definitions(_: Looks, manifest: Manifest) -> Iterable[Finding]:
    return preflight.definition_findings(manifest)


def _networks(looks: Looks, manifest: Manifest) -> Iterator[Finding]:
    """Only in awsvpc mode tasks have a network of their own."""
    names = [name for name in manifest.services if task_spec(manifest, name).network_mode == "awsvpc"]
    yield from preflight.network_findings(manifest, {name: looks.network(name) for name in names})


def _listener(looks: Looks, _: Manifest) -> Iterator[Finding]:
    try:
        looks.listener  # noqa: B018  it is asked for
    except ListenerNotFound as error:
        yield Finding(error.code(), error.cause, "/load_balancer")


def _routes(looks: Looks, manifest: Manifest) -> Iterator[Finding]:
    yield from preflight.route_findings(manifest, looks.rules, looks.owner, first_free_for)


def _discovery(looks: Looks, manifest: Manifest) -> Iterator[Finding]:
    there, asked = looks.registered, preflight.names_asked(manifest)
    found = {name: _name(looks, name, there[each]) for name, each in asked.items() if each in there}
    yield from preflight.discovery_findings(manifest, found, looks.owner)


def _name(looks: Looks, service: str, registered: Registered) -> NameFound:
    """Return whose a name is; only where nobody of Slipway's has made it, its instances tell."""
    tags = looks.name_tags(service, registered)
    ours = "slipway:application" in tags
    registrants = frozenset() if ours else looks.cloud.cloud_map.registrants(registered.arn)
    return NameFound(registered.records, tags, registrants)


def _unnamed(looks: Looks, manifest: Manifest) -> Iterator[Finding]:
    """Look at what serves of this application without being named: with `prune` it goes."""
    found = () if manifest.prune else tuple(serving_unnamed(looks.cloud, manifest, looks.belongings))
    names = {each.arn: name for name, each in looks.registered.items()} if found else {}
    for each in found:
        own_tags = looks.owner | {"slipway:service": each.service.name}
        own = tuple(rule for rule in looks.rules if own_tags.items() <= rule.tags.items())
        if each.serving.status == "ACTIVE":
            left = preflight.Unnamed(each.label, names.get(each.registry_arn or ""), own)
            yield from preflight.unnamed_findings(manifest, [left])


# ── of those of which new tasks start ────────────────────────────────────────────────────────────────


def _room(looks: Looks, manifest: Manifest) -> Iterator[Finding]:
    """Look at the services on EC2: on Fargate there is always room."""
    services = manifest.services
    on_ec2 = [name for name, service in services.items() if service.compatibility == "EC2" and name in looks.own]
    waits = [name for name in on_ec2 if preflight.waits_for_room(services[name], looks.own[name], changed=True)]
    if waits:
        capacity = looks.cloud.clusters.capacity(manifest.cluster_name)
        yield from preflight.room_findings(manifest, {name: task_spec(manifest, name) for name in waits}, capacity)


def _rollouts(looks: Looks, manifest: Manifest) -> Iterator[Finding]:
    """Look at the counts that serve; that AWS does not show them is told by the check of the services."""
    try:
        own = looks.own
    except AwsRefused:
        return
    yield from preflight.rollout_findings(manifest, {name: own[name] for name in manifest.services if name in own})


def _ways(looks: Looks, manifest: Manifest) -> Iterator[Finding]:
    """Look at the services on Fargate, whose tasks pull their images from their own subnets."""
    on_fargate = [name for name, service in manifest.services.items() if service.compatibility == "FARGATE"]
    found = {name: looks.network(name) for name in on_fargate}
    subnets: dict[str, set[str]] = defaultdict(set)
    for network in found.values():
        for ids in network.subnets.values():
            subnets[network.vpcs[0]].update(ids)
    of_vpc = [looks.cloud.ec2.ways(vpc, sorted(ids)) for vpc, ids in subnets.items()]
    ways = {subnet: each for by_subnet in of_vpc for subnet, each in by_subnet.items()}
    yield from preflight.way_findings(manifest, found, ways, looks.cloud.settings.region)


def _admissions(looks: Looks, manifest: Manifest) -> Iterator[Finding]:
    """Look at the routed services that name their security groups; the others have the VPC's default one."""
    listener = looks.listener
    routed = {name: routed_container(manifest, name) for name in manifest.services if listener}
    ports = {name: view.port for name, view in routed.items() if view and view.port}
    for name, port in ports.items():
        network = looks.network(name)
        groups = sorted({each for ids in network.security_groups.values() for each in ids})
        admissions = [each for group in groups for each in network.admissions.get(group, ())]
        if listener and groups:
            yield from preflight.admission_findings(name, port, listener.security_groups, admissions)


def _dns(looks: Looks, _: Manifest) -> Iterator[Finding]:
    if vpc := looks.vpc_of_names:
        yield from preflight.dns_findings(vpc, looks.cloud.ec2.dns_attributes_off(vpc))


def _namespace(looks: Looks, manifest: Manifest) -> Iterator[Finding]:
    vpc, namespace = looks.vpc_of_names, looks.namespace
    if vpc and namespace:
        zone_vpcs = looks.cloud.hosted_zones.vpcs(namespace.hosted_zone_id)
        yield from preflight.namespace_findings(manifest.namespace or "", vpc, zone_vpcs)


def _images(looks: Looks, manifest: Manifest) -> Iterator[Finding]:
    settings = looks.cloud.settings
    asked = preflight.images_asked(manifest, settings.account, settings.region)
    found = {image: looks.cloud.ecr.architectures(image) for image in {each.reference for each in asked}}
    absent = [image for image, architectures in found.items() if architectures is None]
    upstreams = looks.cloud.ecr.upstreams(absent) if absent else {}
    yield from preflight.image_findings(manifest, asked, found, upstreams)


def _secrets(looks: Looks, manifest: Manifest) -> Iterator[Finding]:
    asked = preflight.secrets_asked(manifest, looks.cloud.settings.region)
    found = {place: _secret(looks.cloud, place) for place in {each.place for each in asked}}
    yield from preflight.secret_findings(asked, found)


def _secret(cloud: Cloud, place: SecretPlace) -> SecretFound:
    return cloud.parameters.find(place) if place.is_parameter else cloud.secrets.find(place)


def _roles(looks: Looks, manifest: Manifest) -> Iterator[Finding]:
    asked = preflight.roles_asked(manifest, looks.cloud.settings.account)
    found = {role: looks.cloud.iam.trusted_services(role) for role in {each.reference for each in asked}}
    yield from preflight.role_findings(asked, found)


GROUND: Mapping[str, Check] = {
    "the ECS services": _services,
    "the task definitions": _definitions,
    "the networks": _networks,
    "the listener": _listener,
    "the rules of the listener": _routes,
    "the names in Cloud Map": _discovery,
    "the services that are not named": _unnamed,
}
"""What is looked at of every service, each by itself: one that AWS refuses leaves the others."""

CHECKS: Mapping[str, Check] = {
    "the container instances": _room,
    "the rollouts": _rollouts,
    "the ways out of the subnets": _ways,
    "the security groups": _admissions,
    "the DNS attributes of the VPC": _dns,
    "the VPC of the namespace": _namespace,
    "the images": _images,
    "the secrets": _secrets,
    "the roles": _roles,
}
"""What is looked at of services of which new tasks start."""
