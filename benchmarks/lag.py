"""Lag: from the truth to the tool saying so, of a rollout that succeeds and of one whose image does not exist.

The truth is ECS's own finishing time once the name answers, and for the failure the time at which the first task
stopped. `aws ecs wait` and `ecs deploy` have spoken when their process ends, Slipway when GET says so. A tool's lag
counts only where it told the truth in time: "none" where it never did.
"""

from collections.abc import Iterator, Sequence

from benchmarks.figure import Figure, Options, figure
from benchmarks.race import AWS_WAIT, ECS_DEPLOY, MISSING, SLIPWAY, Rollout, Told, prepare, race
from tests.local.local_cloud import local_cloud

SPEED = 1
CHECK_SECONDS = (5, 8, 12, 15, 19)
"""Rollouts of several lengths: `aws ecs wait` looks every 15 s, and would meet equal ones always at the same point."""
TOOLS = (SLIPWAY, AWS_WAIT, ECS_DEPLOY)


def measure(options: Options) -> Iterator[Figure]:
    """Race in one local cloud, good rollouts first."""
    with local_cloud(SLIPWAY_SPEED=str(SPEED)) as cloud:
        prepare(cloud)
        runs = options.runs_or(len(CHECK_SECONDS))
        lengths = [CHECK_SECONDS[run % len(CHECK_SECONDS)] for run in range(runs)]
        good = [race(cloud, Rollout(run, length, 60)) for run, length in enumerate(lengths, start=1)]
        yield from figures("succeeded", good, goal_seconds=0.25)
        bad = [race(cloud, Rollout(runs + run, 5, 60, MISSING)) for run in range(1, options.runs_or(2) + 1)]
        yield from figures("image missing", bad, goal_seconds=0.25)


def figures(what: str, races: Sequence[dict[str, Told]], goal_seconds: float) -> Iterator[Figure]:
    """Yield each tool's lag, and Slipway's against the best of the others."""
    lags = {tool: figure(f"lag, {what}: {tool}", right_lags(races, tool), "s") for tool in TOOLS}
    yield figure(lags[SLIPWAY].name, list(lags[SLIPWAY].measured), "s", goal_seconds)
    yield from (lags[tool] for tool in TOOLS[1:])
    others = [median for tool in TOOLS[1:] if (median := lags[tool].median) is not None]
    best, ours = min(others, default=0), lags[SLIPWAY].median
    if best > 0 and ours is not None:
        yield figure(f"lag, {what}: slipway, against the best of them", ours / best, "x", 0.5)
    for tool in TOOLS:
        wrong = len(races) - len(right_lags(races, tool))
        yield figure(f"wrong or no answer, {what}: {tool}", wrong, "", 0 if tool == SLIPWAY else None)


def right_lags(races: Sequence[dict[str, Told]], tool: str) -> list[float]:
    """Return the lags of a tool where it told the truth."""
    told = [each[tool] for each in races]
    return [each.lag_seconds for each in told if each.right and each.lag_seconds is not None]
