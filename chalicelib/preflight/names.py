"""Names: the namespace is this VPC's, and what is registered in it is ours, with the records that are asked for."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from chalicelib.manifest import Manifest
from chalicelib.preflight.finding import Finding


@dataclass(frozen=True)
class NameFound:
    """A Cloud Map service: its record types and its tags; `registrants` are the (cluster, ECS service) of its tasks.

    Whose it is, the tags say; who registers in it is looked for where none of Slipway's are there.
    """

    records: Sequence[str]
    tags: Mapping[str, str]
    registrants: frozenset[tuple[str, str]] = frozenset()


def names_asked(manifest: Manifest) -> dict[str, str]:
    """Return the names of the discovered services in Cloud Map, by service."""
    return {name: each.discovery.name or name for name, each in manifest.services.items() if each.discovery}


def namespace_findings(namespace: str, vpc: str, vpcs: Sequence[str]) -> Iterator[Finding]:
    """Return that a namespace of this name serves other VPCs; `vpcs` () where nobody knows which."""
    if vpcs and vpc not in vpcs:
        detail = f"the namespace {namespace} serves {', '.join(vpcs)}, the tasks run in {vpc}"
        yield Finding("namespace_taken", detail, "/namespace")


def discovery_findings(
    manifest: Manifest, found: Mapping[str, NameFound], owner: Mapping[str, str]
) -> Iterator[Finding]:
    """Return which names are somebody else's, or have other record types than are asked for; `found` by service.

    `owner` are the tags of what is this application's. Record types cannot be changed:
    https://docs.aws.amazon.com/cloud-map/latest/api/API_UpdateService.html
    """
    for name, registered in found.items():
        wanted = manifest.services[name].discovery
        in_cloud_map, place = names_asked(manifest)[name], f"/services/{name}/discovery"
        if holder := _other_holder(registered, (manifest.cluster_name, name), owner):
            detail = f"the Cloud Map service {in_cloud_map} of {manifest.namespace} is {holder}"
            yield Finding("discovery_name_taken", detail, place, name)
        elif wanted and set(registered.records) != set(wanted.records):
            records = f"the Cloud Map service {in_cloud_map} has records {sorted(registered.records)}"
            detail = f"{records}, the manifest asks for {sorted(wanted.records)}"
            yield Finding("discovery_conflict", detail, f"{place}/records", name)


def _other_holder(found: NameFound, ours: tuple[str, str], owner: Mapping[str, str]) -> str | None:
    """Return who else has a name; one that nobody registers in, and nobody of Slipway's has made, is free to adopt."""
    if "slipway:application" in found.tags:
        theirs = ", ".join(f"{key}={found.tags.get(key)}" for key in owner)
        return None if owner.items() <= found.tags.items() else f"that of {theirs}"
    others = ", ".join("/".join(each) for each in sorted(found.registrants - {ours}))
    return f"that of the ECS service {others}, whose tasks are registered in it" if others else None
