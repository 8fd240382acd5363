"""Services: what serves under a name is this application's, and can become what is asked for."""

from collections.abc import Iterator, Mapping

from chalicelib.manifest import Manifest
from chalicelib.preflight.finding import Finding
from chalicelib.specs import Serving

INSTALLATION = "slipway:installation"


def ownership_findings(
    manifest: Manifest, serving: Mapping[str, Serving | None], owner: Mapping[str, str]
) -> Iterator[Finding]:
    """Return which ECS services carry other tags than this application's, `owner`, unless they are to be adopted.

    What another installation has is never taken over: that one would go on to change it.
    """
    for name, now in serving.items():
        found = {key: now.tags.get(key) for key in owner} if now else owner
        elsewhere = found.get(INSTALLATION) not in (None, owner.get(INSTALLATION))
        if found != owner and (elsewhere or not manifest.services[name].adopt):
            whose = ", ".join(f"{key}={value}" for key, value in found.items() if value) or "nobody known to Slipway"
            detail = f"the ECS service {name} in {manifest.cluster_name} belongs to {whose}"
            yield Finding("service_not_owned", detail, f"/services/{name}", name)


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
