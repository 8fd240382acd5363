"""Calls that fail on demand, before they are made or after they had their effect; that come too late, or are stale."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.stale import Behind, History, Once


@dataclass(frozen=True)
class After:
    """A fault that strikes when the call has had its effect: the answer is lost on its way."""

    error: Exception


@dataclass(frozen=True)
class Meanwhile:
    """What happens elsewhere just before a call, after all that was read for it."""

    action: Callable[[], None]


Break = Exception | After | Meanwhile | Once | Behind | None
Breaks = Mapping[str, Sequence[Break] | Break]


class Faults:
    """Which calls fail. `{"ecs.create_service": [None, Throttled(…)]}`: the second; a fault alone: every one.

    `history` is that of the world which the calls are about, for those that are stale.
    """

    history: History

    def __init__(self, breaks: Breaks | None = None) -> None:
        self._breaks = dict(breaks or {})
        self._stale = False
        self._ignored = 0
        self.calls: list[str] = []
        self.struck: list[str] = []

    def break_from_now_on(self, breaks: Breaks) -> None:
        """Have other calls fail; those that were made do not count."""
        self._breaks = dict(breaks)
        self._ignored = len(self.calls)
        self._stale = any(isinstance(each, Once | Behind) for each in breaks.values())
        if self._stale:
            self.history.keep()

    @property
    def calls_since(self) -> list[str]:
        """Return the calls since other calls were told to fail."""
        return self.calls[self._ignored :]

    def call(self, name: str, method: Callable[..., Any], *args: Any, **named: Any) -> Any:
        """Make a call, or fail as told."""
        fault = self._fault(name)
        self.calls.append(name)
        self.struck += [name] if fault else []
        if isinstance(fault, Exception):
            raise fault
        if isinstance(fault, Meanwhile):
            fault.action()
        is_read = isinstance(fault, Once | Behind)
        if isinstance(fault, Once | Behind):
            method = self.history.stale(name, method, fault) or method
        changes = self._stale and not is_read and not name.startswith(("store.", "workflow."))
        answer = self.history.noted(method, *args, **named) if changes else method(*args, **named)
        if isinstance(fault, After):
            raise fault.error
        return answer

    def _fault(self, name: str) -> Break:
        told = self._breaks.get(name)
        if told is None or isinstance(told, Exception | After | Meanwhile | Once | Behind):
            return told
        at = self.calls[self._ignored :].count(name)
        return told[at] if at < len(told) else None


class Watched:
    """A collaborator whose calls are told, and fail as told."""

    def __init__(self, name: str, behind: Any, faults: Faults) -> None:
        self._name = name
        self._behind = behind
        self._faults = faults

    def __getattr__(self, method: str) -> Callable[..., Any]:
        real = getattr(self._behind, method)
        return lambda *args, **named: self._faults.call(f"{self._name}.{method}", real, *args, **named)
