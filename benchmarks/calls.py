"""Calls: reads of ECS for one service, by rollouts of a minute; with events and polls of 60 s, and with none and 15 s.

"while it waits" counts from the moment when ECS's rollout is under way: the goals are about this, for `aws ecs wait`
does nothing else. The rest is what a tool reads to prepare. ecs-deploy, which looks every second, is set against
Slipway in a rollout of three minutes too.
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

LONG_CHECK_SECONDS = 170


def measure(options: Options) -> Iterator[Figure]:
    """Race in one local cloud, once with events, then without."""
    with local_cloud(SLIPWAY_SPEED=str(SPEED)) as cloud:
        prepare(cloud)
        with_events = race(cloud, Rollout(1, CHECK_SECONDS[0], poll_seconds=60))
        yield from reads("events, polls of 60 s", [with_events], goal=6)
        long = race(cloud, Rollout(2, LONG_CHECK_SECONDS, poll_seconds=60))
        yield from reads("three minutes, events, polls of 60 s", [long], goal=None)
        share = long[SLIPWAY].reads_waiting / long[ECS_DEPLOY].reads_waiting
        yield figure("reads while it waits, three minutes: slipway, against ecs deploy", share, "x", 1 / 20)

        drop_events(cloud)
        lengths = CHECK_SECONDS[: options.runs_or(len(CHECK_SECONDS))]
        without = [race(cloud, Rollout(run, each, poll_seconds=15)) for run, each in enumerate(lengths, start=3)]
        yield from reads("no events, polls of 15 s", without, goal=None)
        yield from against_aws_wait(without)


def reads(what: str, races: list[dict[str, Told]], goal: float | None) -> Iterator[Figure]:
    """Yield what each tool reads in all, and while it waits."""
    for tool in TOOLS:
        own_goal = goal if tool == SLIPWAY else None
        yield figure(f"reads, {what}: {tool}", [each[tool].reads for each in races], "")
        waiting = [each[tool].reads_waiting for each in races]
        yield figure(f"reads while it waits, {what}: {tool}", waiting, "", own_goal)


def against_aws_wait(races: list[dict[str, Told]]) -> Iterator[Figure]:
    """Yield Slipway's reads and lag, where it polls as often as the AWS CLI does."""
    ratios = [each[SLIPWAY].reads_waiting / each[AWS_WAIT].reads_waiting for each in races]
    yield figure("reads while it waits, no events: slipway, against aws ecs wait", ratios, "x", 2)
    theirs = figure("lag without events: aws ecs wait", right_lags(races, AWS_WAIT), "s")
    yield figure("lag without events: slipway", right_lags(races, SLIPWAY), "s", theirs.median)
    yield theirs
