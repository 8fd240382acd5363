"""Prints the figures of the main job: POST, the pair, the same again, the lag behind the truth."""

import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any

import dns.exception
import dns.resolver

from tests.local.local_cloud import ECS_PRACTICE, LocalCloud, hello, local_cloud

SPEED = "10"
POSTS, LAGS = 30, 10
LOOK_SECONDS = 0.005


def main() -> None:
    """Measure, and print one line a figure: what, the goal, median and worst."""
    print(f"local cloud, SLIPWAY_SPEED={SPEED}; repeat with: make bench\n")
    print(f"{'figure':<58} {'goal':>9} {'median':>9} {'worst':>9}")
    with local_cloud(SLIPWAY_SPEED=SPEED) as cloud:
        show("ecs-practice, POST to succeeded", "12 s", [pair(cloud)], "s")
        show("ecs-practice again, nothing to change", "2 s", [pair(cloud) for _ in range(5)], "s")
        cloud.deploy(hello("posts"))
        show("POST /deployments answers 202, warm", "100 ms", [post(cloud) for _ in range(POSTS)], "ms")
        alone = [several(cloud, f"alone-{number}", {"one": []}) for number in range(3)]
        show("one service, POST to succeeded", "", alone, "s")
        chained = several(cloud, "chain", {"one": [], "two": ["one"], "three": ["two"]})
        ratio("a chain of three, against three alone", "1.1", chained / (3 * statistics.median(alone)))
        beside = several(cloud, "beside", {"one": [], "two": [], "three": [], "four": []})
        ratio("four side by side, against the slowest alone", "1.3", beside / max(alone))
        lags = [lag(cloud, f"lag-{number}") for number in range(LAGS)]
        show("lag: stable and name answers, to GET says succeeded", "0.5 s", lags, "s")


def show(figure: str, goal: str, seconds: list[float], unit: str) -> None:
    """Print one figure."""
    scale = 1000 if unit == "ms" else 1
    middle, worst = (
        f"{value * scale:.{0 if unit == 'ms' else 2}f} {unit}" for value in (statistics.median(seconds), max(seconds))
    )
    print(f"{figure:<58} {'≤ ' + goal if goal else '':>9} {middle:>9} {worst:>9}", flush=True)


def ratio(figure: str, goal: str, value: float) -> None:
    """Print a figure that compares two others."""
    print(f"{figure:<58} {'≤ ' + goal:>9} {value:>9.2f}", flush=True)


def several(cloud: LocalCloud, application: str, needs: Mapping[str, list[str]]) -> float:
    """Return the seconds from the POST of services that only wait, each after those it needs, until all succeeded."""
    services = {name: {"image": "actors-hello:1", "depends_on": after} for name, after in needs.items()}
    asked = time.monotonic()
    accepted = cloud.post({"application": application, "services": services})
    succeeded(cloud, accepted.document["id"])
    return time.monotonic() - asked


def pair(cloud: LocalCloud) -> float:
    """Return the seconds from the POST of ecs-practice until GET says succeeded."""
    asked = time.monotonic()
    accepted = cloud.ask("POST", "/deployments", ECS_PRACTICE.read_bytes(), Content_Type="application/yaml")
    succeeded(cloud, accepted.document["id"])
    return time.monotonic() - asked


def post(cloud: LocalCloud) -> float:
    """Return the seconds until a POST is answered 202; its deployment changes nothing, and is waited for."""
    asked = time.monotonic()
    accepted = cloud.post(hello("posts"))
    seconds = time.monotonic() - asked
    succeeded(cloud, accepted.document["id"])
    return seconds


def lag(cloud: LocalCloud, name: str) -> float:
    """Return the seconds from the truth, asked of ECS and DNS without pause, until GET says succeeded."""
    manifest: dict[str, Any] = hello(name)
    manifest["namespace"] = "lag.local"
    manifest["services"]["hello"] = {"image": "actors-hello:1", "port": 8080, "discovery": {"name": name}}
    accepted = cloud.post(manifest)
    ecs = cloud.client("ecs")
    when(lambda: completed(ecs, name) and answers(cloud, f"{name}.lag.local."))
    true_since = time.monotonic()
    succeeded(cloud, accepted.document["id"])
    return time.monotonic() - true_since


def completed(ecs: Any, cluster: str) -> bool:
    """Tell whether ECS calls the rollout complete."""
    try:
        services = ecs.describe_services(cluster=cluster, services=["hello"])["services"]
    except ecs.exceptions.ClusterNotFoundException:
        return False
    return any(service["deployments"][0]["rolloutState"] == "COMPLETED" for service in services)


def answers(cloud: LocalCloud, name: str) -> bool:
    """Tell whether DNS answers a name."""
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = [cloud.dns[0]], cloud.dns[1]
    try:
        return bool(resolver.resolve(name, "A"))
    except dns.exception.DNSException:
        return False


def succeeded(cloud: LocalCloud, deployment_id: str) -> None:
    """Wait until GET says how the deployment ended; it must have succeeded."""
    when(lambda: cloud.ask("GET", f"/deployments/{deployment_id}").document["finished_at"] is not None)
    document = cloud.ask("GET", f"/deployments/{deployment_id}").document
    if document["status"] != "succeeded":
        raise AssertionError(document["verdict"])


def when(true: Callable[[], bool]) -> None:
    """Wait, looking often, until something is true."""
    while not true():
        time.sleep(LOOK_SECONDS)


if __name__ == "__main__":
    main()
