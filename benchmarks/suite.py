"""Suite: how long `make test` takes on this machine, in all and floor by floor, with nothing beside it.

A floor's seconds are those of its tests one after the other; five run at a time.
"""

import re
import subprocess
import time
from collections.abc import Iterator

from benchmarks.figure import Figure, Options, figure
from tests.local.local_cloud import ROOT

SPEED = 20
GOAL_SECONDS = 300


def measure(options: Options) -> Iterator[Figure]:
    """Run it, once unless told otherwise; a test that fails ends the measurement."""
    yield from told([run() for _ in range(options.runs_or(1))], GOAL_SECONDS)


def run() -> dict[str, float]:
    """Run `make test`; return the seconds of each floor, and of all."""
    begun = time.monotonic()
    ended = subprocess.run(["make", "test"], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    taken = time.monotonic() - begun
    if ended.returncode:
        raise RuntimeError(f"make test failed:\n{ended.stdout[-5000:]}")
    floors = re.findall(r"(\w+) (\d+) s", ended.stdout.rpartition("floors: ")[2])
    return {"in all": taken, **{floor: float(seconds) for floor, seconds in floors}}


def told(runs: list[dict[str, float]], goal_seconds: float | None = None) -> Iterator[Figure]:
    """Yield the figures of some runs."""
    for name in runs[0]:
        goal = goal_seconds if name == "in all" else None
        yield figure(f"make test: {name}", [each[name] for each in runs], "s", goal)
