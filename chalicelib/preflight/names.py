"""Names: the namespace is this VPC's, and what is registered in it has the records that are asked for."""

from collections.abc import Iterator, Mapping, Sequence

from chalicelib.manifest import Manifest
from chalicelib.preflight.finding import Finding


def namespace_findings(namespace: str, vpc: str, vpcs: Sequence[str]) -> Iterator[Finding]:
    """Return that a namespace of this name serves other VPCs; `vpcs` () where nobody knows which."""
    if vpcs and vpc not in vpcs:
        detail = f"the namespace {namespace} serves {', '.join(vpcs)}, the tasks run in {vpc}"
        yield Finding("namespace_taken", detail, "/namespace")


def discovery_findings(manifest: Manifest, records: Mapping[str, Sequence[str]]) -> Iterator[Finding]:
    """Return which names are registered with other record types than are asked for; `records` by Cloud Map service.

    They cannot be changed: https://docs.aws.amazon.com/cloud-map/latest/api/API_UpdateService.html
    """
    for name, service in manifest.services.items():
        wanted = service.discovery
        found = records.get(wanted.name or name) if wanted else None
        if wanted and found is not None and set(found) != set(wanted.records):
            registered = f"the Cloud Map service {wanted.name or name} has records {sorted(found)}"
            detail = f"{registered}, the manifest asks for {sorted(wanted.records)}"
            yield Finding("discovery_conflict", detail, f"/services/{name}/discovery/records", name)
