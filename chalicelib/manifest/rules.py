"""The rules that join fields of one manifest: each reads what is readable and yields what it finds wrong.

What one field alone may be is said by its type, in `values` and `models`.
"""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from chalicelib import limits
from chalicelib.manifest.asked import Asked
from chalicelib.manifest.findings import Finding, Path
from chalicelib.manifest.forms import views
from chalicelib.manifest.models import MAX_TAGS, Manifest, Network, qualified
from chalicelib.manifest.part import Part
from chalicelib.manifest.sentences import nearest, shown
from chalicelib.manifest.service_rules import SERVICE_RULES
from chalicelib.manifest.services import (
    MAX_SECURITY_GROUPS,
    MAX_SUBNETS,
    Discovery,
    NetworkOverride,
    Route,
    Service,
)
from chalicelib.manifest.tag_rules import tag_keys_fit
from chalicelib.manifest.waves import cycles

Services = dict[str, Part]


def cross_field_findings(
    document: dict[str, Any], faulty: frozenset[Path], texts: Mapping[Path, str]
) -> Iterator[Finding]:
    """Yield everything wrong between the fields of a manifest, passing over paths that are faulty by themselves.

    `texts` has how a number or a truth value is spelled, where that is not how JSON spells it.
    """
    manifest = Part(Manifest, document, faulty)
    services = _services(manifest)
    yield from counts_fit(manifest, services)
    yield from names_fit(manifest, services)
    yield from tag_keys_fit(manifest, services.values())
    for name, service in services.items():
        asked = Asked(name, service, manifest, views(name, service), texts)
        for rule in SERVICE_RULES:
            yield from rule(asked)
    yield from dependencies_lead_somewhere(services)
    yield from dependencies_end(services)
    yield from discovered_names_differ(services)
    yield from routes_differ(services)
    yield from priorities_differ(services)


def _services(manifest: Part) -> Services:
    """Return the services that are objects; no more of them than a manifest may have."""
    written = manifest.part("services", Service)
    if written is None:
        return {}
    parts = {name: written.part(name, Service) for name in islice(written.written, limits.SERVICES)}
    return {name: part for name, part in parts.items() if part}


def counts_fit(manifest: Part, services: Services) -> Iterator[Finding]:
    """Check how many services, tags, subnets and security groups there are."""
    yield from _count_fits(manifest, "services", 1, limits.SERVICES)
    yield from _count_fits(manifest, "tags", 0, MAX_TAGS)
    networks = [manifest.part("network", Network)]
    networks += [service.part("network", NetworkOverride) for service in services.values()]
    for network in filter(None, networks):
        yield from _count_fits(network, "subnets", 1, MAX_SUBNETS)
        yield from _count_fits(network, "security_groups", 0, MAX_SECURITY_GROUPS)


def _count_fits(part: Part, key: str, least: int, most: int) -> Iterator[Finding]:
    count, what = part.count(key), key.replace("_", " ")
    if count is None:
        return
    if count < least:
        yield part.finding(f"there are {count} {what}: write at least {least}", key)
    if count > most:
        yield part.finding(f"there are {count} {what}: write at most {most}", key)


def names_fit(manifest: Part, services: Services) -> Iterator[Finding]:
    """Check the names that Slipway joins: ECS allows 255 characters."""
    application, environment = manifest.text("application"), manifest.text("environment")
    if application is None or environment is None:
        return
    prefix = qualified(application, environment)
    if not manifest.says("cluster") and len(prefix) > limits.NAME_LENGTH:
        detail = (
            f"the cluster's name would have {len(prefix)} characters: write a cluster of at most {limits.NAME_LENGTH}"
        )
        yield manifest.finding(detail, "application")
    for name, service in services.items():
        length = len(f"{prefix}-{name}")
        if length > limits.NAME_LENGTH and service.path not in manifest.faulty:
            detail = (
                f"the task definition family's name would have {length} characters, {limits.NAME_LENGTH} are allowed"
            )
            yield service.finding(f"{detail}: shorten the application's, the environment's or the service's name")


def dependencies_lead_somewhere(services: Services) -> Iterator[Finding]:
    """Check that `depends_on` names other services of this manifest."""
    lost = [
        (name, service, index, needed)
        for name, service in services.items()
        for index, needed in service.texts("depends_on").items()
        if needed not in services or needed == name
    ]
    for told, (name, service, index, needed) in enumerate(lost):
        if needed == name:
            yield service.finding(f"{shown(name)} depends on itself: leave it out", "depends_on", index)
        else:
            # Looking for similar names takes time, and no more faults than these are shown.
            cure = nearest(needed, services) if told < limits.FAULTS else ""
            detail = f"{shown(needed)} is not a service of this manifest{cure or ': write the name of one'}"
            yield service.finding(detail, "depends_on", index)


def dependencies_end(services: Services) -> Iterator[Finding]:
    """Check that no service waits, by way of others, for itself."""
    needs = {
        name: [needed for needed in service.texts("depends_on").values() if needed in services and needed != name]
        for name, service in services.items()
    }
    for cycle in cycles(needs):
        detail = f"each of these waits for the next, so that none can start: {' → '.join(cycle)}; take one away"
        yield services[cycle[0]].finding(detail, "depends_on")


def discovered_names_differ(services: Services) -> Iterator[Finding]:
    """Check that no two services have one DNS name; Cloud Map does not tell capitals apart."""
    holders: dict[str, str] = {}
    for name, service in services.items():
        discovery = service.part("discovery", Discovery)
        if discovery is None:
            continue
        discovered = discovery.text("name") if discovery.says("name") else name
        if discovered is None:
            continue
        holder = holders.setdefault(discovered.casefold(), name)
        if holder != name:
            steps = ("name",) if discovery.says("name") else ()
            yield discovery.finding(
                f"the service {shown(holder)} is discovered as {shown(discovered)}: write another name", *steps
            )


def routes_differ(services: Services) -> Iterator[Finding]:
    """Check that no two services ask for the same requests; paths tell capitals apart, hosts do not."""
    holders: dict[tuple[str, str | None], str] = {}
    for name, service in services.items():
        route = service.part("route", Route)
        if route is None:
            continue
        path, host = route.text("path"), route.text("host")
        if path is None or (host is None and route.says("host")):
            continue
        holder = holders.setdefault((path, host and host.casefold()), name)
        if holder != name:
            yield route.finding(f"the service {shown(holder)} has the same path and host: write another path or host")


def priorities_differ(services: Services) -> Iterator[Finding]:
    """Check that no two routes have one priority: a listener allows each once."""
    holders: dict[int, str] = {}
    for name, service in services.items():
        route = service.part("route", Route)
        priority = route.whole("priority") if route else None
        if route is None or priority is None:
            continue
        holder = holders.setdefault(priority, name)
        if holder != name:
            detail = f"the service {shown(holder)} has the priority {priority}: write another, or leave it out"
            yield route.finding(detail, "priority")
