"""Services that the manifest does not name any more: none that stays has a name or a route that it gives to another."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chalicelib.manifest import Manifest
from chalicelib.preflight.finding import Finding
from chalicelib.preflight.names import names_asked
from chalicelib.preflight.routes import Rule


@dataclass(frozen=True)
class Unnamed:
    """A service of this application that serves and is not named: its name in the manifest's namespace, its rules."""

    label: str
    discovery_name: str | None = None
    rules: tuple[Rule, ...] = ()


def unnamed_findings(manifest: Manifest, found: Sequence[Unnamed]) -> Iterator[Finding]:
    """Return which of them have what a service of the manifest asks for; with `prune` they go when that one serves.

    Their tasks would stay in the name, and it could never be proven; of two rules for one path, one is never asked.
    """
    for each in () if manifest.prune else found:
        left = f"the service {each.label} of this application, which the manifest does not name any more"
        for name, in_cloud_map in names_asked(manifest).items():
            if in_cloud_map == each.discovery_name:
                detail = f"{left}, has the name {in_cloud_map}.{manifest.namespace}, too"
                yield Finding("unnamed_service_in_way", detail, f"/services/{name}/discovery", name)
        for name, service in manifest.services.items():
            route = service.route
            if route and (route.path, route.host) in {(rule.path, rule.host) for rule in each.rules}:
                detail = f"{left}, has the route {route.host or ''}{route.path}, too"
                yield Finding("unnamed_service_in_way", detail, f"/services/{name}/route", name)
