"""Routes: nobody else's rule stands in the way, and the load balancer reaches the tasks."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from chalicelib.manifest import Manifest, Route
from chalicelib.preflight.finding import Finding

FirstFree = Callable[[Manifest, str, Route, set[int]], int]


@dataclass(frozen=True)
class Rule:
    """A rule of a listener; `narrower` when it has conditions beside path and host. No paths or hosts: any.

    `target_group` is the ARN of the one that it forwards to.
    """

    priority: int
    paths: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    narrower: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)
    target_group: str | None = None

    @property
    def path(self) -> str | None:
        """Return its first path: a rule that Slipway makes has one."""
        return next(iter(self.paths), None)

    @property
    def host(self) -> str | None:
        """Return its first host, None where any is meant."""
        return next(iter(self.hosts), None)


@dataclass(frozen=True)
class Admission:
    """Who may reach what, by a rule of a security group: `groups` from port to port, or addresses of whatever kind."""

    from_port: int
    to_port: int
    groups: tuple[str, ...] = ()
    addresses: bool = False


def route_findings(
    manifest: Manifest, rules: Sequence[Rule], owner: Mapping[str, str], first_free: FirstFree
) -> Iterator[Finding]:
    """Return which routes a rule of somebody else takes: the priority that one asks for, or its requests first.

    Whose rule it is, its tags say: `owner` are this application's. `first_free` chooses the priority of a new rule.
    """
    foreign = [rule for rule in rules if not owner.items() <= rule.tags.items()]
    for name, service in manifest.services.items():
        route, place = service.route, f"/services/{name}/route"
        if route is None:
            continue
        if route.priority in {rule.priority for rule in foreign}:
            detail = f"the priority {route.priority} is that of somebody else's rule"
            yield Finding("rule_priority_taken", detail, f"{place}/priority", name)
            continue
        ours = route.priority or _own_priority(rules, {**owner, "slipway:service": name})
        ours = ours or first_free(manifest, name, route, {rule.priority for rule in rules})
        first = [rule for rule in foreign if rule.priority < ours and _covers(rule, route)]
        for rule in first[:1]:
            detail = f"the rule of priority {rule.priority}, which is somebody else's, takes {route.path} first"
            yield Finding("path_taken", detail, f"{place}/path", name)


def elsewhere_findings(manifest: Manifest, rules: Mapping[str, tuple[Rule, str]]) -> Iterator[Finding]:
    """Return which services have a rule at another listener than the manifest's: it would go on to lead to them.

    `rules` are those of the services that have one, each with its listener's ARN.
    """
    for name, (rule, listener) in rules.items():
        if name in manifest.services:
            detail = f"the listener rule of {name} for {rule.path} is at another listener: {listener}"
            yield Finding("routed_elsewhere", detail, "/load_balancer", name)


def _own_priority(rules: Sequence[Rule], owner: Mapping[str, str]) -> int | None:
    return next((rule.priority for rule in rules if owner.items() <= rule.tags.items()), None)


def _covers(rule: Rule, route: Route) -> bool:
    """Tell whether a rule takes every request that a route is for; a path counts its case, a host does not."""
    paths = not rule.paths or any(_pattern_covers(each, route.path) for each in rule.paths)
    host = (route.host or "*").casefold()
    hosts = not rule.hosts or any(_pattern_covers(each.casefold(), host) for each in rule.hosts)
    return paths and hosts and not rule.narrower


def _pattern_covers(wider: str, pattern: str) -> bool:
    """Tell whether all that matches a pattern matches a wider one, too: `*` any characters, `?` one."""
    meant = {"*": ".*", "?": "[^*]"}
    expression = "".join(meant.get(letter) or re.escape(letter) for letter in wider)
    return re.fullmatch(expression, pattern) is not None


def admission_findings(
    name: str, port: int, balancer_groups: Sequence[str], admissions: Sequence[Admission]
) -> Iterator[Finding]:
    """Return that a service's security groups do not let the load balancer's reach its port.

    Addresses may be the load balancer's: whether they are, its subnets would have to tell.
    """
    admitted = (
        each.from_port <= port <= each.to_port and (each.addresses or not set(each.groups).isdisjoint(balancer_groups))
        for each in admissions
    )
    if not any(admitted):
        detail = f"no security group of {name} lets {', '.join(balancer_groups)} of the load balancer reach port {port}"
        pointer = f"/services/{name}/route"
        yield Finding("load_balancer_not_admitted", detail, pointer, name, severity="warning")
