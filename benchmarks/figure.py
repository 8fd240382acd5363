"""A figure: what was measured, all its values, and the most that is good enough."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Options:
    """What a person may ask of a run: `runs` of each repeated measurement, `services` of the benchmark `scale`.

    `runs` is None where each benchmark shall repeat as often as it thinks right.
    """

    runs: int | None = None
    services: int = 100

    def runs_or(self, usual: int) -> int:
        """Return how often to measure what is `usual`ly measured so often."""
        return self.runs or usual


@dataclass(frozen=True)
class Figure:
    """One figure; `goal` is the most that its median may be, None when it is there to compare with."""

    name: str
    measured: tuple[float, ...]
    unit: str
    goal: float | None = None

    @property
    def median(self) -> float | None:
        """Return the middle of what was measured; None when nothing could be."""
        return statistics.median(self.measured) if self.measured else None

    @property
    def worst(self) -> float | None:
        """Return the largest value; None when nothing could be measured."""
        return max(self.measured, default=None)

    @property
    def met(self) -> bool | None:
        """Tell whether the goal is met, None without a goal; what could not be measured has not met its own."""
        if self.goal is None:
            return None
        return self.median is not None and self.median <= self.goal

    def cells(self) -> tuple[str, str, str, str, str]:
        """Return name, goal, median, worst and judgement as words for a table."""
        goal = "" if self.goal is None else f"≤ {shown(self.goal, self.unit)}"
        judgement = {None: "", True: "yes", False: "NO"}[self.met]
        return self.name, goal, shown(self.median, self.unit), shown(self.worst, self.unit), judgement


def figure(name: str, measured: Sequence[float] | float, unit: str, goal: float | None = None) -> Figure:
    """Return the figure of one value or of several; of none, nothing could be measured."""
    values = (measured,) if isinstance(measured, int | float) else measured
    return Figure(name, tuple(values), unit, goal)


def shown(value: float | None, unit: str) -> str:
    """Return a value as a person reads it: whole when it is counted, else three digits that tell something."""
    if value is None:
        return "none"
    number = f"{value:.0f}" if value == round(value) else f"{value:.2f}" if abs(value) >= 0.01 else f"{value:.2g}"
    return f"{number} {unit}".strip()
