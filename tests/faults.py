"""Calls that fail on demand, before they are made or after they had their effect; that come too late, or are stale."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.machine.virtual_time import VirtualClock
from tests.stale import Behind, History, Once

FUNCTION_SECONDS = 60  # infrastructure/parts/functions.yaml: the Timeout of act and observe
TIMED_OUT = type("Sandbox.Timedout", (Exception,), {})("Task timed out after 60.00 seconds")


@dataclass(frozen=True)
class After:
    """A fault that strikes when the call has had its effect: the answer is lost on its way."""

    error: Exception


@dataclass(frozen=True)
class Meanwhile:
    """What happens elsewhere just before a call, after all that was read for it."""

    action: Callable[[], None]


@dataclass(frozen=True)
class Slow:
    """A call that takes so many seconds before it is made, while all else goes on; its function has 60 in all."""

    seconds: float


HANGS = Slow(FUNCTION_SECONDS)
Break = Exception | After | Meanwhile | Slow | Once | Behind | None
Breaks = Mapping[str, Sequence[Break] | Break]


class Faults:
    """Which calls fail. `{"ecs.create_service": [None, Throttled(…)]}`: the second; a fault alone: every one.

    "ecs.*" are all calls of a part that are not named.

    `history` is that of the world which the calls are about, for those that are stale; `clock` is for those that are
    slow.
    """

    history: History
    clock: VirtualClock

    def __init__(self, breaks: Breaks | None = None) -> None:
        self._breaks = dict(breaks or {})
        self._watched: dict[str, Any] = {}
        self._stale = False
        self._ignored = 0
        self._begun: list[float] = []
        self.calls: list[str] = []
        self.struck: list[str] = []

    def watch(self, name: str, behind: Any) -> None:
        """Know a collaborator by its name."""
        self._watched[name] = behind

    def demand_calls(self) -> None:
        """Refuse a fault of a call that no collaborator has: it would never strike."""
        for call in self._breaks:
            name, _, method = call.partition(".")
            if name not in self._watched or not (method == "*" or hasattr(self._watched[name], method)):
                raise LookupError(f"nothing here has {call}: its fault would never strike")

    def break_from_now_on(self, breaks: Breaks) -> None:
        """Have other calls fail; those that were made do not count."""
        self._breaks = dict(breaks)
        self.demand_calls()
        self._ignored = len(self.calls)
        self._stale = any(isinstance(each, Once | Behind) for each in breaks.values())
        if self._stale:
            self.history.keep()

    @property
    def calls_since(self) -> list[str]:
        """Return the calls since other calls were told to fail."""
        return self.calls[self._ignored :]

    def within(self, function: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """Return a function of which it is known when it was called: it dies when its time is over."""

        def timed(payload: Any) -> Any:
            self._begun.append(self.clock.seconds)
            try:
                return function(payload)
            finally:
                self._begun.pop()

        return timed

    def _pass(self, seconds: float) -> None:
        left = self._begun[-1] + FUNCTION_SECONDS - self.clock.seconds if self._begun else seconds + 1
        self.clock.advance(min(seconds, max(left, 0)))
        if seconds >= left:
            raise TIMED_OUT

    def call(self, name: str, method: Callable[..., Any], *args: Any, **named: Any) -> Any:
        """Make a call, or fail as told."""
        fault = self._fault(name)
        self.calls.append(name)
        self.struck += [name] if fault else []
        if isinstance(fault, Exception):
            raise fault
        if isinstance(fault, Meanwhile):
            fault.action()
        if isinstance(fault, Slow):
            self._pass(fault.seconds)
        is_read = isinstance(fault, Once | Behind)
        if isinstance(fault, Once | Behind):
            method = self.history.stale(name, method, fault) or method
        changes = self._stale and not is_read and not name.startswith(("store.", "workflow."))
        answer = self.history.noted(method, *args, **named) if changes else method(*args, **named)
        if isinstance(fault, After):
            raise fault.error
        return answer

    def _fault(self, name: str) -> Break:
        told = self._breaks.get(name, self._breaks.get(f"{name.partition('.')[0]}.*"))
        if told is None or isinstance(told, Exception | After | Meanwhile | Slow | Once | Behind):
            return told
        at = self.calls[self._ignored :].count(name)
        return told[at] if at < len(told) else None


class Watched:
    """A collaborator whose calls are told, and fail as told."""

    def __init__(self, name: str, behind: Any, faults: Faults) -> None:
        self._name = name
        self._behind = behind
        self._faults = faults
        faults.watch(name, behind)

    def __getattr__(self, method: str) -> Callable[..., Any]:
        real = getattr(self._behind, method)
        return lambda *args, **named: self._faults.call(f"{self._name}.{method}", real, *args, **named)
