"""Calls: reads of ECS for one service, by rollouts of a minute; with events and polls of 60 s, and with none and 15 s.

"while it waits" counts from the moment when ECS's rollout is under way, the rest is what the tool reads to prepare.
"""

from collections.abc import Iterator

from benchmarks.door import drop_events
from benchmarks.figure import Figure, Options, figure
from benchmarks.lag import TOOLS, right_lags
from benchmarks.race import AWS_WAIT, ECS_DEPLOY, SLIPWAY, Rollout, Told, prepare, race
from tests.local.local_cloud import local_cloud

SPEED = 1
CHECK_SECONDS = (56, 51, 46)
"""A task boots and is healthy at its first check, then the old one stops: about a minute, each time another one."""


def measure(options: Options) -> Iterator[Figure]:
    """Race in one local cloud, once with events, then without."""
    with local_cloud(SLIPWAY_SPEED=str(SPEED)) as cloud:
        prepare(cloud)
        with_events = race(cloud, Rollout(1, CHECK_SECONDS[0], poll_seconds=60))
        yield from reads("events, polls of 60 s", [with_events], goal=6)
        share = with_events[SLIPWAY].reads / with_events[ECS_DEPLOY].reads
        yield figure("reads: slipway, against ecs deploy", share, "x", 1 / 20)

        drop_events(cloud)
        lengths = CHECK_SECONDS[: options.runs_or(len(CHECK_SECONDS))]
        without = [race(cloud, Rollout(run, each, poll_seconds=15)) for run, each in enumerate(lengths, start=2)]
        yield from reads("no events, polls of 15 s", without, goal=None)
        yield from against_aws_wait(without)


def reads(what: str, races: list[dict[str, Told]], goal: float | None) -> Iterator[Figure]:
    """Yield what each tool reads in all, and while it waits."""
    for tool in TOOLS:
        own_goal = goal if tool == SLIPWAY else None
        yield figure(f"reads, {what}: {tool}", [each[tool].reads for each in races], "", own_goal)
        waiting = [each[tool].reads_waiting for each in races]
        yield figure(f"reads while it waits, {what}: {tool}", waiting, "", own_goal)


def against_aws_wait(races: list[dict[str, Told]]) -> Iterator[Figure]:
    """Yield Slipway's reads and lag, where it polls as often as the AWS CLI does."""
    ratios = [each[SLIPWAY].reads / each[AWS_WAIT].reads for each in races]
    yield figure("reads without events: slipway, against aws ecs wait", ratios, "x", 2)
    theirs = figure("lag without events: aws ecs wait", right_lags(races, AWS_WAIT), "s")
    yield figure("lag without events: slipway", right_lags(races, SLIPWAY), "s", theirs.median)
    yield theirs
