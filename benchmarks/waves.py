"""Services that need each other, and services that do not: what the order costs over the services themselves."""

import statistics
import time
from collections.abc import Iterator, Mapping

from benchmarks.figure import Figure, Options, figure
from benchmarks.following import succeeded
from tests.local.local_cloud import LocalCloud, local_cloud

SPEED = 10


def measure(options: Options) -> Iterator[Figure]:
    """Measure one service alone, three in a chain, and four side by side."""
    with local_cloud(SLIPWAY_SPEED=str(SPEED)) as cloud:
        alone = [several(cloud, f"alone-{number}", {"one": []}) for number in range(options.runs_or(3))]
        yield figure("one service, POST to succeeded", alone, "s")
        chained = several(cloud, "chain", {"one": [], "two": ["one"], "three": ["two"]})
        yield figure("a chain of three, against three alone", chained / (3 * statistics.median(alone)), "x", 1.1)
        beside = several(cloud, "beside", {"one": [], "two": [], "three": [], "four": []})
        yield figure("four side by side, against the slowest alone", beside / max(alone), "x", 1.3)


def several(cloud: LocalCloud, application: str, needs: Mapping[str, list[str]]) -> float:
    """Return the seconds from the POST of services that only wait, each after those it needs, until all succeeded."""
    services = {name: {"image": "actors-hello:1", "depends_on": after} for name, after in needs.items()}
    asked = time.monotonic()
    accepted = cloud.post({"application": application, "services": services})
    succeeded(cloud, accepted.document["id"])
    return time.monotonic() - asked
