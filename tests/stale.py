"""Reads that answer what was true before: AWS is eventually consistent, and the world in memory is not by itself.

`Once` and `Behind` are faults of a read, as those of `faults`; `History` keeps what the world was like before each
change.
"""

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.world import Seconds, World

A_WHILE = 110  # seconds, within those that AWS is given


@dataclass(frozen=True)
class Once:
    """A read that answers as before the last change: once after each."""


@dataclass(frozen=True)
class Behind:
    """A read that answers what was true `seconds` ago."""

    seconds: float


@dataclass(frozen=True)
class Stopped:
    """A clock that stands still, for a world that is over."""

    clock: Seconds
    seconds: float

    def now(self) -> datetime:
        """Return the instant at which it stands."""
        return self.clock.instant(self.seconds)

    def instant(self, seconds: float) -> datetime:
        """Return the instant so many seconds after the test began."""
        return self.clock.instant(seconds)


@dataclass
class History:
    """What a world was like before each of its changes; `told` is up to which of them a read has answered as before."""

    world: World
    before: list[tuple[float, World]] = field(default_factory=list)
    told: dict[str, int] = field(default_factory=dict)

    def keep(self) -> None:
        """Keep what the world is like before each change that it makes by itself, from now on."""
        self.world.about_to_change = self._remember

    def _remember(self, at: float) -> None:
        self.before.append((at, self._copy(self.world, at)))

    def noted(self, method: Callable[..., Any], *args: Any, **named: Any) -> Any:
        """Make a call, and notice whether it changes the world."""
        at, known = self.world.clock.seconds, len(self.world.changes)
        before = self._copy(self.world, at)
        try:
            return method(*args, **named)
        finally:
            if len(self.world.changes) > known:
                self.before.append((at, before))

    def stale(self, name: str, method: Callable[..., Any], fault: Once | Behind) -> Callable[..., Any] | None:
        """Return a read as it answers by its fault, None when that is no other answer than the true one."""
        for key in list(self.world.services):
            self.world.service(*key)  # what it changes by itself it changes when it is looked at
        world = self._once(name) if isinstance(fault, Once) else self._behind(fault.seconds)
        if world is None:
            return None
        part = copy.copy(method.__self__)  # type: ignore[attr-defined]  # a bound method of a fake
        part._world = world
        read: Callable[..., Any] = getattr(part, method.__name__)
        return read

    def _once(self, name: str) -> World | None:
        known = len(self.before)
        if known <= self.told.get(name, 0):
            return None
        self.told[name] = known
        at, before = self.before[-1]
        return self._copy(before, at) if self.world.clock.seconds - at < A_WHILE else None

    def _behind(self, seconds: float) -> World:
        at = self.world.clock.seconds - seconds
        first = next((world for when, world in self.before if when > at), self.world)
        return self._copy(first, at)

    @staticmethod
    def _copy(world: World, at: float) -> World:
        """Return a world of its own that stands still at a moment."""
        clock, remember = Stopped(world.clock, at), world.about_to_change
        shared = {id(each): each for each in _unchanging(world)}
        return copy.deepcopy(world, {**shared, id(world.clock): clock, id(remember): ignore})


def _unchanging(world: World) -> Iterator[object]:
    """Yield what is frozen in a world, and so need not be copied."""
    services = [*world.services.values(), *world.gone]
    yield from (each for family in world.revisions.values() for each in family)
    yield from (each.spec for each in services)
    yield from (each for service in services for each in service.deployments)
    for kind in (world.rules, world.target_groups, world.scaled, world.namespaces):
        yield from kind.values()


def ignore(_: float) -> None:
    """Do nothing about a change of what is over."""
