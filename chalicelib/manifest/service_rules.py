"""The rules that join fields of one service, and those with what the whole manifest says."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from math import ceil

from chalicelib.manifest.findings import Finding
from chalicelib.manifest.models import Discovery, Rollout, Route, RouteHealthCheck
from chalicelib.manifest.part import Part
from chalicelib.manifest.sentences import shown
from chalicelib.manifest.values import DISCOVERY_NAME, DISCOVERY_NAME_RULE

# CPU units → MiB: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html
FARGATE_MEMORY: Mapping[int, Sequence[int]] = {
    256: (512, 1024, 2048),
    512: range(1024, 4096 + 1, 1024),
    1024: range(2048, 8192 + 1, 1024),
    2048: range(4096, 16384 + 1, 1024),
    4096: range(8192, 30720 + 1, 1024),
    8192: range(16384, 61440 + 1, 4096),
    16384: range(32768, 122880 + 1, 8192),
}
MAX_DISCOVERED_TASKS = 1000
MAX_DNS_NAME = 253


def fargate_has_this_size(_name: str, service: Part, _manifest: Part) -> Iterator[Finding]:
    """Check that Fargate has this pair of CPU and memory."""
    cpu, memory = service.whole("cpu"), service.whole("memory")
    if cpu is None:
        return
    if cpu not in FARGATE_MEMORY:
        sizes = ", ".join(map(str, FARGATE_MEMORY))
        yield service.finding(f"Fargate has no tasks of {shown(cpu)} CPU units: write one of {sizes}", "cpu")
    elif memory is not None and memory not in FARGATE_MEMORY[cpu]:
        default = "" if service.says("memory") else ", the default,"
        allowed = _in_words(FARGATE_MEMORY[cpu])
        detail = f"{shown(memory)} MiB{default} does not go with cpu {cpu} on Fargate: write {allowed}"
        yield service.finding(detail, "memory")


def _in_words(sizes: Sequence[int]) -> str:
    if len(sizes) <= 4:
        return f"{', '.join(map(str, sizes[:-1]))} or {sizes[-1]}"
    return f"{sizes[0]} to {sizes[-1]} in steps of {sizes[1] - sizes[0]}"


def discovery_can_work(name: str, service: Part, manifest: Part) -> Iterator[Finding]:
    """Check that there is a namespace to be found in, a port for SRV, and no more tasks than Cloud Map takes.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-discovery.html
    """
    if not service.says("discovery"):
        return
    if not manifest.says("namespace"):
        yield service.finding(
            'there is no namespace to be found in: write one at the top, such as "api.local"', "discovery"
        )
    discovery = service.part("discovery", Discovery)
    if discovery and "SRV" in discovery.texts("records").values() and not service.says("port"):
        yield discovery.finding("SRV records need a port: write the service's port, or records: [A]", "records")
    desired = service.whole("desired_count")
    if desired is not None and desired > MAX_DISCOVERED_TASKS:
        detail = f"{shown(desired)} is too many for a discovered service: write {MAX_DISCOVERED_TASKS} or less"
        yield service.finding(detail, "desired_count")
    if discovery:
        yield from _discovered_name_fits(name, discovery, manifest)


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


def route_can_work(_name: str, service: Part, manifest: Part) -> Iterator[Finding]:
    """Check that a route has a load balancer to come from, a port to go to, and a health check that ends in time."""
    if not service.says("route"):
        return
    if not manifest.says("load_balancer"):
        detail = "there is no load balancer to be reached by: write load_balancer at the top, with its name"
        yield service.finding(detail, "route")
    if not service.says("port"):
        yield service.finding("there is no port to send requests to: write the service's port", "route")
    route = service.part("route", Route)
    check = route.part("health_check", RouteHealthCheck) if route else None
    timeout, interval = (check.whole("timeout"), check.whole("interval")) if check else (None, None)
    if check and timeout is not None and interval is not None and timeout >= interval:
        detail = f"{shown(timeout)} s is not less than the interval of {shown(interval)} s: write a shorter timeout"
        yield check.finding(detail, "timeout")


def rollout_has_room(_name: str, service: Part, _manifest: Part) -> Iterator[Finding]:
    """Check that ECS may start a task more or stop one: else it can replace none.

    ECS rounds the maximum down and the minimum up:
    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html
    """
    rollout, desired = service.part("rollout", Rollout), service.whole("desired_count")
    if rollout is None or desired is None or desired < 1:
        return
    minimum, maximum = rollout.whole("minimum_healthy_percent"), rollout.whole("maximum_percent")
    if minimum is None or maximum is None:
        return
    most, least = desired * maximum // 100, ceil(desired * minimum / 100)
    if most <= desired <= least:
        detail = (
            f"with {desired} desired, {maximum} % allows {most} tasks and {minimum} % keeps {least}, so that none"
            " can be replaced: raise maximum_percent or lower minimum_healthy_percent"
        )
        yield rollout.finding(detail)


SERVICE_RULES: tuple[Callable[[str, Part, Part], Iterator[Finding]], ...] = (
    fargate_has_this_size,
    discovery_can_work,
    route_can_work,
    rollout_has_room,
)
