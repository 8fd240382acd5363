"""Moments of a run at which something happens from outside: just before a step does its work, or just after."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.machine.interpreter import Function
from tests.machine.slipway import Slipway


@dataclass(frozen=True)
class Moment:
    """The first time that a state is entered, for one service where it belongs to one."""

    state: str
    service: str | None
    after: bool

    def __str__(self) -> str:
        """Return the moment as the name of a test."""
        about = f" of {self.service}" if self.service else ""
        return f"{'after' if self.after else 'before'} {self.state}{about}"


def moments(states: list[str], service: str | None = None) -> list[Moment]:
    """Return the moments before and after each state."""
    return [Moment(state, service, after) for state in states for after in (False, True)]


class Interruption:
    """Has `action` happen at a moment of the next run, once; `happened` tells whether that moment came."""

    def __init__(self, slipway: Slipway, moment: Moment, action: Callable[[], object]) -> None:
        self._moment = moment
        self._action = action
        self.happened = False
        for name, function in list(slipway.functions.items()):
            slipway.functions[name] = self._during(function)

    def _during(self, function: Function) -> Function:
        def interrupted(payload: dict[str, Any]) -> Any:
            here = (payload["state"], payload.get("service")) == (self._moment.state, self._moment.service)
            if here and not self._moment.after:
                self._happen()
            answer = function(payload)
            if here and self._moment.after:
                self._happen()
            return answer

        return interrupted

    def _happen(self) -> None:
        if not self.happened:
            self.happened = True
            self._action()
