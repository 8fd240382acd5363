"""What the DNS answers: a pure function of namespaces, services and instances.

Rules: https://docs.aws.amazon.com/cloud-map/latest/api/API_DnsConfig.html (RoutingPolicy) and
https://docs.aws.amazon.com/cloud-map/latest/api/API_DnsRecord.html (what an SRV record points to).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from random import SystemRandom

from localcloud.discovery.model import Answer, DnsRecord, Instance, Namespace, Service

MAX_MULTIVALUE = 8


@dataclass(frozen=True)
class Record:
    """One line of a zone, of which there is one for each instance."""

    instance: str
    name: str
    type: str
    value: str
    ttl_seconds: int
    healthy: bool
    weighted: bool


def resolve(
    name: str,
    record_type: str,
    namespaces: Iterable[Namespace],
    services: Iterable[Service],
    instances: Mapping[str, Mapping[str, Instance]],
) -> Answer:
    """Answer one question; `instances` are by service id, then instance id. Case and a final dot do not matter."""
    asked = name.rstrip(".").lower()
    namespace = zone_of(asked, namespaces)
    if namespace is None:
        return Answer("outside")
    zone = [
        record
        for service in services
        if service.namespace_id == namespace.id
        for record in records_of(namespace, service, instances[service.id].values())
    ]
    return _answer(asked, record_type, namespace, zone)


def zone_of(name: str, namespaces: Iterable[Namespace]) -> Namespace | None:
    """Return the namespace that a name lies in; the longest wins, as with hosted zones."""
    holding = [one for one in namespaces if f".{name}".endswith(f".{one.name.lower()}")]
    return max(holding, key=lambda one: len(one.name), default=None)


def records_of(namespace: Namespace, service: Service, instances: Iterable[Instance]) -> Iterator[Record]:
    """Yield the lines of a zone that a service's instances are."""
    for instance in instances:
        for kind in service.records:
            yield from _records_of(f"{service.name}.{namespace.name}".lower(), service, instance, kind)


def _records_of(name: str, service: Service, instance: Instance, kind: DnsRecord) -> Iterator[Record]:
    attributes, ttl_seconds = instance.attributes, kind.ttl_seconds
    healthy = instance.healthy or not service.has_health_check
    host, weighted = f"{instance.id.lower()}.{name}", service.routing_policy == "WEIGHTED"
    values = {
        "A": attributes.get("AWS_INSTANCE_IPV4"),
        "AAAA": attributes.get("AWS_INSTANCE_IPV6"),
        "CNAME": attributes.get("AWS_INSTANCE_CNAME"),
        "SRV": f"1 1 {attributes.get('AWS_INSTANCE_PORT')} {host}",
    }
    if value := values[kind.type]:
        yield Record(instance.id, name, kind.type, value, ttl_seconds, healthy, weighted)
    if kind.type == "SRV":
        for type_ in ("A", "AAAA"):
            if value := values[type_]:
                yield Record(instance.id, host, type_, value, ttl_seconds, healthy, weighted)


def _answer(name: str, record_type: str, namespace: Namespace, zone: list[Record]) -> Answer:
    zone_name, soa_ttl_seconds = namespace.name.lower(), namespace.soa_ttl_seconds
    # RFC 8020: a name that has names below it exists, though it may have no records.
    exists = name == zone_name or any(f".{record.name}".endswith(f".{name}") for record in zone)
    if not exists:
        return Answer("nxdomain", zone=zone_name, soa_ttl_seconds=soa_ttl_seconds)
    matching = [record for record in zone if record.name == name and record.type in {record_type, "CNAME"}]
    if not matching:
        return Answer("nodata", zone=zone_name, soa_ttl_seconds=soa_ttl_seconds)
    values = tuple(record.value for record in choose(matching))
    return Answer("records", values, matching[0].ttl_seconds, zone_name, soa_ttl_seconds)


def choose(records: list[Record]) -> list[Record]:
    """Return up to eight records in random order, or one if weighted: the healthy ones, or all when none is healthy."""
    eligible = [record for record in records if record.healthy] or records
    count = 1 if eligible[0].weighted else MAX_MULTIVALUE
    return SystemRandom().sample(eligible, min(count, len(eligible)))
