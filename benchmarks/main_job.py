"""The main job: POST, the pair of ecs-practice, the same again, and the lag behind the truth."""

import time
from collections.abc import Iterator
from typing import Any

import dns.exception
import dns.resolver

from benchmarks.figure import Figure, Options, figure
from benchmarks.following import succeeded, when
from tests.local.local_cloud import ECS_PRACTICE, LocalCloud, hello, local_cloud

SPEED = 10


def measure(options: Options) -> Iterator[Figure]:
    """Measure in one local cloud, one after the other."""
    with local_cloud(SLIPWAY_SPEED=str(SPEED)) as cloud:
        yield figure("ecs-practice, POST to succeeded", pair(cloud), "s", 12)
        again = [pair(cloud) for _ in range(options.runs_or(5))]
        yield figure("ecs-practice again, nothing to change", again, "s", 2)
        cloud.deploy(hello("posts"))
        posts = [post(cloud) * 1000 for _ in range(options.runs_or(30))]
        yield figure("POST /deployments answers 202, warm", posts, "ms", 100)
        lags = [lag(cloud, f"lag-{number}") for number in range(options.runs_or(10))]
        yield figure("lag: stable and name answers, to GET says succeeded", lags, "s", 0.5)


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
    when(lambda: completed(ecs, name) and bool(addresses(cloud, f"{name}.lag.local.")))
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


def addresses(cloud: LocalCloud, name: str) -> frozenset[str]:
    """Return the addresses that DNS answers of a name now."""
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = [cloud.dns[0]], cloud.dns[1]
    try:
        return frozenset(record.to_text() for record in resolver.resolve(name, "A"))
    except dns.exception.DNSException:
        return frozenset()
