"""Time that only moves when nothing is left to do: what is due runs in order, and nobody waits for it."""

import heapq
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count

START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
A_MOMENT = timedelta(milliseconds=1)
Due = tuple[datetime, int, Callable[[], object]]


class VirtualClock:
    """The time of a test's world. Asking for it takes a millisecond, so that no two things happen at once."""

    def __init__(self) -> None:
        self._now = START
        self._due: list[Due] = []
        self._order = count()

    @property
    def seconds(self) -> float:
        """Return the seconds since the test began."""
        return (self._now - START).total_seconds()

    def now(self) -> datetime:
        """Return the present instant."""
        self._now += A_MOMENT
        return self._now

    def instant(self, seconds: float) -> datetime:
        """Return the instant so many seconds after the test began."""
        return START + timedelta(seconds=seconds)

    def call_later(self, seconds: float, action: Callable[[], object]) -> Due:
        """Have `action` called in `seconds`, after what is due at that moment already."""
        due = self._now + timedelta(seconds=seconds), next(self._order), action
        heapq.heappush(self._due, due)
        return due

    def forget(self, due: Due) -> None:
        """Do not do what is due, if it was not done yet."""
        if due in self._due:
            self._due.remove(due)
            heapq.heapify(self._due)

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass, and do what falls due in them."""
        end = self._now + timedelta(seconds=seconds)
        while self._due and self._due[0][0] <= end:
            self.step()
        self._now = max(self._now, end)

    def step(self) -> bool:
        """Do the next thing that is due, having moved on to its time; False when nothing is."""
        if not self._due:
            return False
        at, _, action = heapq.heappop(self._due)
        self._now = max(self._now, at)
        action()
        return True
