"""The rules that join fields of one service, and those with what the whole manifest says."""

import re
from collections.abc import Iterator

from chalicelib.manifest.asked import Asked, Rule
from chalicelib.manifest.compute_rules import COMPUTE_RULES
from chalicelib.manifest.container_rules import CONTAINER_RULES
from chalicelib.manifest.definition_rules import DEFINITION_RULES
from chalicelib.manifest.findings import Finding
from chalicelib.manifest.form_rules import FORM_RULES
from chalicelib.manifest.part import Part
from chalicelib.manifest.secret_rules import SECRET_RULES
from chalicelib.manifest.sentences import nearest, shown
from chalicelib.manifest.services import Discovery, Rollout, Route, RouteHealthCheck, Scaling, no_room
from chalicelib.manifest.values import DISCOVERY_NAME, DISCOVERY_NAME_RULE

MAX_DISCOVERED_TASKS = 1000
MAX_DNS_NAME = 253
SCALING_TARGETS = ("cpu", "memory", "requests_per_target")


def discovery_can_work(asked: Asked) -> Iterator[Finding]:
    """Check that there is a namespace to be found in, a port for SRV, and no more tasks than Cloud Map takes.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-discovery.html
    """
    service, discovery = asked.service, asked.service.part("discovery", Discovery)
    if not service.says("discovery"):
        return
    if not asked.manifest.says("namespace"):
        yield service.finding(
            'there is no namespace to be found in: write one at the top, such as "api.local"', "discovery"
        )
    if discovery:
        yield from _srv_has_a_port(asked, discovery)
        yield from _discovered_name_fits(asked.name, discovery, asked.manifest)
    scaling = service.part("scaling", Scaling)
    for part, key in ((service, "desired_count"), (scaling, "max")):
        count = part.whole(key) if part and part.says(key) else None
        if part and count is not None and count > MAX_DISCOVERED_TASKS:
            detail = f"{shown(count)} is too many for a discovered service: write {MAX_DISCOVERED_TASKS} or less"
            yield part.finding(detail, key)


def _srv_has_a_port(asked: Asked, discovery: Part) -> Iterator[Finding]:
    route = asked.service.part("route", Route)
    if "SRV" not in discovery.texts("records").values():
        yield from _container_is_there(asked, discovery)
    elif not any(view.said.says("port") for view in asked.containers) and asked.containers:
        yield discovery.finding("SRV records need a port: write the service's port, or records: [A]", "records")
    elif discovery.says("container") or not (route and route.says("container")):
        yield from _container_can_be_told(asked, discovery, "SRV records")


def _discovered_name_fits(name: str, discovery: Part, manifest: Part) -> Iterator[Finding]:
    label = discovery.text("name") if discovery.says("name") else name
    if label is None:
        return
    steps = ("name",) if discovery.says("name") else ()
    if not steps and re.fullmatch(DISCOVERY_NAME, name) is None:
        yield discovery.finding(f"the service's name {shown(name)} {DISCOVERY_NAME_RULE}; write it as discovery's name")
    length = len(f"{label}.{manifest.text('namespace')}")
    if manifest.text("namespace") is not None and length > MAX_DNS_NAME:
        detail = f"with its namespace the DNS name has {length} characters: DNS allows {MAX_DNS_NAME}"
        yield discovery.finding(detail, *steps)


def route_can_work(asked: Asked) -> Iterator[Finding]:
    """Check that a route has a load balancer to come from, a port to go to, and a health check that ends in time."""
    service, route = asked.service, asked.service.part("route", Route)
    if not service.says("route"):
        return
    if not asked.manifest.says("load_balancer"):
        detail = "there is no load balancer to be reached by: write load_balancer at the top, with its name"
        yield service.finding(detail, "route")
    if asked.containers and not any(view.said.says("port") for view in asked.containers):
        yield service.finding("there is no port to send requests to: write the service's port", "route")
    elif route:
        yield from _container_can_be_told(asked, route, "requests")
    check = route.part("health_check", RouteHealthCheck) if route else None
    timeout, interval = (check.whole("timeout"), check.whole("interval")) if check else (None, None)
    if check and timeout is not None and interval is not None and timeout >= interval:
        detail = f"{shown(timeout)} s is not less than the interval of {shown(interval)} s: write a shorter timeout"
        yield check.finding(detail, "timeout")


def _container_can_be_told(asked: Asked, part: Part, what: str) -> Iterator[Finding]:
    """Check that a route or discovery names a container with a port, or that there is only one."""
    with_ports = [view.name for view in asked.containers if view.said.says("port")]
    if not part.says("container"):
        if len(with_ports) > 1:
            yield part.finding(f"{' and '.join(with_ports)} have ports: write as container the one for {what}")
        return
    yield from _container_is_there(asked, part)
    name = part.text("container")
    if any(view.name == name for view in asked.containers) and name not in with_ports:
        yield part.finding(f"the container {shown(name)} has no port for {what}: write it there", "container")


def _container_is_there(asked: Asked, part: Part) -> Iterator[Finding]:
    names = [view.name for view in asked.containers]
    name = part.text("container")
    if name is not None and names and name not in names:
        cure = nearest(name, names) or f": write {' or '.join(names[:4])}"
        yield part.finding(f"{shown(name)} is not a container of this service{cure}", "container")


def scaling_can_work(asked: Asked) -> Iterator[Finding]:
    """Check that scaling has bounds in order, something to go by, and a desired count between the bounds."""
    service, scaling = asked.service, asked.service.part("scaling", Scaling)
    if scaling is None:
        return
    least, most = scaling.whole("min"), scaling.whole("max")
    if least is not None and most is not None and least > most:
        yield scaling.finding(f"{most} is less than the min of {least}: write {least} or more", "max")
        return
    if not any(scaling.says(key) for key in SCALING_TARGETS):
        yield scaling.finding("there is nothing to scale by: write cpu, memory or requests_per_target")
    if scaling.says("requests_per_target") and not service.says("route"):
        detail = "no requests come without a route: write one, or scale by cpu or memory"
        yield scaling.finding(detail, "requests_per_target")
    desired = service.whole("desired_count") if service.says("desired_count") else None
    if desired is not None and least is not None and most is not None and not least <= desired <= most:
        detail = f"{desired} is not within scaling's {least} to {most}: write one of these, or leave it out"
        yield service.finding(detail, "desired_count")


def rollout_has_room(asked: Asked) -> Iterator[Finding]:
    """Check that ECS may start a task more or stop one: else it can replace none.

    Where the count that runs decides, it is looked at in Preflight; all of 100 % leaves no room at any count.
    """
    rollout = asked.service.part("rollout", Rollout)
    minimum = rollout.whole("minimum_healthy_percent") if rollout else None
    maximum = rollout.whole("maximum_percent") if rollout else None
    if rollout is None or minimum is None or maximum is None:
        return
    desired = 1 if minimum == maximum and not asked.service.says("desired_count") else asked.first_count
    if words := no_room(desired or 0, minimum, maximum):
        yield rollout.finding(f"{words}: raise maximum_percent or lower minimum_healthy_percent")


SERVICE_RULES: tuple[Rule, ...] = (
    *FORM_RULES,
    *COMPUTE_RULES,
    *CONTAINER_RULES,
    *DEFINITION_RULES,
    *SECRET_RULES,
    discovery_can_work,
    route_can_work,
    scaling_can_work,
    rollout_has_room,
)
