"""Scale: many services in ten deployments at once, under AWS's own throttles (SLIPWAY_THROTTLES=on).

All must succeed. No more than 20 task definitions are registered at once, and one a second after that: the time until
the last deployment succeeded is set against the time that this takes alone. AWS's other delays are a tenth.
"""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks.figure import Figure, Options, figure
from benchmarks.following import ended
from benchmarks.graph import active, drawing
from benchmarks.results import RESULTS
from tests.local.local_cloud import HttpAnswer, LocalCloud, local_cloud

SPEED = 10
DEPLOYMENTS = 10
RUNS = 3
IMAGES = Path(__file__).parent / "images.toml"
LIGHT, FALLBACK = "benchmark-httpd:1", "actors-hello:1"
BURST, PER_SECOND = 20, 1
"""RegisterTaskDefinition, for each account and region: Amazon ECS developer guide, "Request throttling"."""
POLL_SECONDS = 3
"""What no event announces, as a namespace that is there, is seen at a poll: half a minute at this speed."""
VARIABLES: dict[str, Any] = {
    "SLIPWAY_SPEED": str(SPEED),
    "SLIPWAY_THROTTLES": "on",
    "SLIPWAY_IMAGES": str(IMAGES),
}
GET_SECONDS = 2.0  # as often as the API asks for: Retry-After


def measure(options: Options) -> Iterator[Figure]:
    """Deploy all at once, a few times, and draw when what was under way in the last one."""
    asked = manifests(options.services)
    runs = [deployed(asked) for _ in range(options.runs_or(RUNS))]
    keep_drawing(runs[-1])
    services = [[service for each in run for service in each["services"].values()] for run in runs]
    yield figure("requests refused or lost", [len(asked) - len(run) for run in runs], "", 0)
    yield figure("services asked for", options.services, "")
    yield figure("services not succeeded", [options.services - count(each, "succeeded") for each in services], "", 0)
    yield figure("deployments not succeeded", [len(asked) - count(run, "succeeded") for run in runs], "", 0)
    yield from duration(runs, least_seconds(options.services))


def deployed(asked: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Deploy all at once in a local cloud of their own; return those that were accepted, as they ended."""
    with local_cloud(**VARIABLES) as cloud, ThreadPoolExecutor(DEPLOYMENTS) as pool:
        accepted = [each for each in pool.map(cloud.post, asked) if each.status == 202]
        return list(pool.map(lambda each: end_of(cloud, each), accepted))


def manifests(services: int) -> list[dict[str, Any]]:
    """Return ten manifests, or as many as there are services, that share the services as evenly as can be."""
    image = LIGHT if shutil.which("busybox") else FALLBACK
    names = [f"service-{number}" for number in range(services)]
    shares = [names[first::DEPLOYMENTS] for first in range(min(DEPLOYMENTS, services))]
    return [manifest(f"scale-{number}", share, image) for number, share in enumerate(shares)]


def manifest(application: str, names: Sequence[str], image: str) -> dict[str, Any]:
    """Return the manifest of discovered services that need nobody."""
    services = {name: {"image": image, "port": 8080, "discovery": {"name": name}} for name in names}
    return {
        "application": application,
        "namespace": f"{application}.local",
        "poll_seconds": POLL_SECONDS,
        "services": services,
    }


def end_of(cloud: LocalCloud, accepted: HttpAnswer) -> dict[str, Any]:
    """Return a deployment as it ended."""
    return ended(cloud, accepted.document["id"], GET_SECONDS)


def count(documents: Sequence[Mapping[str, Any]], status: str) -> int:
    """Return how many deployments, or services, have a status."""
    return sum(each["status"] == status for each in documents)


def least_seconds(services: int) -> float:
    """Return how long it takes at least until the last task definition may be registered."""
    return max(0, services - BURST) / PER_SECOND


def duration(runs: Sequence[Sequence[Mapping[str, Any]]], least: float) -> Iterator[Figure]:
    """Yield how long all of it took in each run, and that against the least that it can take."""
    taken = [max((end for _, end in spans(run)), default=0.0) for run in runs]
    yield figure("first POST to the last verdict", taken, "s")
    if least:
        yield figure("least that RegisterTaskDefinition's throttle allows", least, "s")
        yield figure("time taken, against the least", [each / least for each in taken], "x", 1.15)


def keep_drawing(documents: Sequence[Mapping[str, Any]]) -> None:
    """Draw how many deployments, and services of them, were under way at each moment."""
    first = min((read(each["created_at"]) for each in documents), default=0.0)
    services = [service for each in documents for service in each["services"].values() if service["finished_at"]]
    lines = {
        "services under way": active([span(each, "started_at", first) for each in services if each["started_at"]]),
        "deployments under way": active(spans(documents)),
    }
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / "scale.svg").write_text(drawing(f"{len(services)} services, {len(documents)} deployments", lines))


def spans(documents: Sequence[Mapping[str, Any]]) -> list[tuple[float, float]]:
    """Return from when to when each deployment was under way, in seconds since the first began."""
    first = min((read(each["created_at"]) for each in documents), default=0.0)
    return [span(each, "created_at", first) for each in documents]


def span(document: Mapping[str, Any], begin: str, first: float) -> tuple[float, float]:
    """Return from when to when one was under way, in seconds since `first`."""
    return read(document[begin]) - first, read(document["finished_at"]) - first


def read(instant: str) -> float:
    """Return an instant of the API in seconds since the epoch."""
    return datetime.fromisoformat(instant).timestamp()
