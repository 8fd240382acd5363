"""`python -m benchmarks [name …]`: measure, print one line a figure, and keep the results."""

import argparse
import os
import sys
from types import ModuleType

from benchmarks import (
    calls,
    cold_start,
    cost,
    growth,
    lag,
    load,
    lost_requests,
    main_job,
    ready,
    scale,
    suite,
    suite_busy,
    waves,
    webhook,
)
from benchmarks.figure import Figure, Options
from benchmarks.results import keep, result

BENCHMARKS: dict[str, ModuleType] = {
    "main_job": main_job,
    "waves": waves,
    "lag": lag,
    "calls": calls,
    "cost": cost,
    "growth": growth,
    "cold_start": cold_start,
    "webhook": webhook,
    "load": load,
    "lost_requests": lost_requests,
    "ready": ready,
    "scale": scale,
    "suite": suite,
    "suite_busy": suite_busy,
}
"""Each has SPEED and `measure(options)`, which yields figures; its docstring says what it is about."""
ONLY_BY_NAME = {"suite", "suite_busy"}
"""Those that take many minutes."""


def main(arguments: list[str]) -> None:
    """Run the benchmarks that were named, all unless some were; their local clouds show what is, not what was."""
    os.environ.setdefault("SLIPWAY_STALE_SECONDS", "0")
    names, options = read(arguments)
    print(f"{'figure':<72} {'goal':>9} {'median':>10} {'worst':>10} {'met':>4}")
    for name in names:
        run(name, options)


def read(arguments: list[str]) -> tuple[list[str], Options]:
    """Return which benchmarks to run, in their order, and how."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="name", help=f"of {', '.join(BENCHMARKS)}; unless some, all but the suites"
    )
    parser.add_argument("--runs", type=int, help="how often to repeat what is repeated; each knows its own number")
    parser.add_argument("--services", type=int, default=Options.services, help="of `scale`, in ten deployments")
    asked = parser.parse_args(arguments)
    if unknown := set(asked.names) - set(BENCHMARKS):
        parser.error(f"{', '.join(sorted(unknown))}: there are {', '.join(BENCHMARKS)}")
    wanted = asked.names or BENCHMARKS.keys() - ONLY_BY_NAME
    return [name for name in BENCHMARKS if name in wanted], Options(asked.runs, asked.services)


def run(name: str, options: Options) -> None:
    """Measure one benchmark, showing each figure as soon as it is there."""
    benchmark, load = BENCHMARKS[name], os.getloadavg()[0]
    print(f"\n{name}, SLIPWAY_SPEED={benchmark.SPEED}", flush=True)
    figures: list[Figure] = []
    for each in benchmark.measure(options):
        figures.append(each)
        what, goal, median, worst, met = each.cells()
        print(f"{what:<72} {goal:>9} {median:>10} {worst:>10} {met:>4}", flush=True)
    keep(result(name, (benchmark.__doc__ or "").strip(), benchmark.SPEED, load, figures))


if __name__ == "__main__":
    main(sys.argv[1:])
