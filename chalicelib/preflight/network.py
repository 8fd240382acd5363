"""Networks: what the manifest names is there, and its VPC answers private names."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from chalicelib.manifest import Manifest, Network
from chalicelib.preflight.finding import Finding
from chalicelib.preflight.routes import Admission
from chalicelib.specs import Placement


@dataclass(frozen=True)
class NetworkFound:
    """What AWS has of a network: the VPCs of that name, and in the one the ids behind each name; () where none is.

    `admissions` are whom security groups let in, by their ids.
    """

    vpcs: tuple[str, ...]
    subnets: Mapping[str, tuple[str, ...]]
    security_groups: Mapping[str, tuple[str, ...]]
    admissions: Mapping[str, tuple[Admission, ...]] = field(default_factory=dict)


def placed(network: Network, found: NetworkFound) -> Placement | None:
    """Return the ids that a network's names stand for (all subnets of a Name), None where some of them are missing."""
    if len(found.vpcs) != 1 or not all((*found.subnets.values(), *found.security_groups.values())):
        return None
    subnets, groups = (
        tuple(sorted({each for ids in named.values() for each in ids}))
        for named in (found.subnets, found.security_groups)
    )
    return Placement(subnets, groups, network.assign_public_ip)


def network_findings(manifest: Manifest, found: Mapping[str, NetworkFound]) -> Iterator[Finding]:
    """Return what is not there of the services' networks, by service in `found`; what they share is told once."""
    yield from dict.fromkeys(each for name in found for each in _missing(manifest, name, found[name]))


def _missing(manifest: Manifest, name: str, found: NetworkFound) -> Iterator[Finding]:
    network = manifest.network_of(name)
    if len(found.vpcs) != 1:
        where, service = network_pointer(manifest, name, "vpc")
        yield vpc_finding(network, found.vpcs, where, service)
        return
    for part, kind in (("subnets", "subnet"), ("security_groups", "security group")):
        where, service = network_pointer(manifest, name, part)
        ids: Mapping[str, tuple[str, ...]] = getattr(found, part)
        for index, reference in enumerate(getattr(network, part)):
            if not ids.get(reference):
                detail = f"{found.vpcs[0]} has no {kind} {reference}"
                yield Finding("network_not_found", detail, f"{where}/{index}", service)


def vpc_finding(network: Network, vpcs: Sequence[str], pointer: str, service: str | None) -> Finding:
    """Return that there is no VPC of this name, or more than one."""
    detail = f"{len(vpcs) or 'no'} VPCs are named {network.vpc}: write the id of one"
    return Finding("network_not_found", detail, pointer, service)


def network_pointer(manifest: Manifest, name: str, field: str) -> tuple[str, str | None]:
    """Return where a field of a service's network is written, and the service when it says so itself."""
    said = manifest.services[name].network
    if said is not None and getattr(said, field) is not None:
        return f"/services/{name}/network/{field}", name
    return f"/network/{field}", None


def dns_findings(vpc: str, attributes_off: Sequence[str]) -> Iterator[Finding]:
    """Return that a VPC's own resolver does not answer private names.

    https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html
    """
    if attributes_off:
        yield Finding("vpc_dns_off", f"{' and '.join(attributes_off)} of {vpc} are off", "/namespace")
