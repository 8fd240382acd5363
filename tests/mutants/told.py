"""What is told of mutants: killed and all, by file, and a list of those that survived."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figure import Figure, figure
from tests.mutants.made import Mutant

LEAST = 95  # percent
SAME = Path(__file__).parent / "same.toml"


@dataclass(frozen=True)
class Count:
    """How many mutants of a file there are, and how many were killed; those that only change words by themselves."""

    path: str
    all: int
    killed: int
    words: int
    words_killed: int

    @property
    def percent(self) -> float:
        """Return how many of a hundred were killed."""
        return 100 * self.killed / self.all if self.all else 100.0


def the_same(survived: Sequence[Mutant]) -> list[Mutant]:
    """Return the survivors with which the code does the same, as the list of them says."""
    entries = tomllib.loads(SAME.read_text(encoding="utf-8")).get("mutant", [])
    names = {(each["file"], each["function"], each["change"]) for each in entries}
    return [each for each in survived if each.name in names]


def counts(mutants: Sequence[Mutant], survived: Sequence[Mutant]) -> list[Count]:
    """Return a count for each file, and one of them all."""
    paths = sorted({each.path for each in mutants})
    return [_count(path, mutants, survived) for path in paths] + [_count("", mutants, survived)]


def _count(path: str, mutants: Sequence[Mutant], survived: Sequence[Mutant]) -> Count:
    here = [each for each in mutants if each.path.startswith(path)]
    alive = [each for each in survived if each.path.startswith(path)]
    words, words_alive = sum(each.words for each in here), sum(each.words for each in alive)
    logic, alive_logic = len(here) - words, len(alive) - words_alive
    return Count(path or "all", logic, logic - alive_logic, words, words - words_alive)


def table(counted: Sequence[Count]) -> str:
    """Return a line for each count."""
    lines = (
        f"{each.path:<46} {each.killed:>5} of {each.all:<5} {each.percent:>5.1f} %   "
        f"words {each.words_killed:>4} of {each.words}"
        for each in counted
    )
    return "\n".join(lines)


def listed(survived: Sequence[Mutant]) -> str:
    """Return the mutants that survived, in the order of the code, those that change words last."""
    ordered = sorted(survived, key=lambda each: (each.words, each.path, each.lines[0]))
    return "".join(f"{'words  ' if each.words else ''}{each}\n" for each in ordered)


def figures(counted: Sequence[Count], minutes: float) -> list[Figure]:
    """Return the counts as figures: how many of a hundred survive."""
    return [
        *(
            figure(
                f"{each.path}, {each.killed} of {each.all} killed",
                100 - each.percent,
                "% survive",
                100 - LEAST if each.path == "all" else None,
            )
            for each in reversed(counted)
        ),
        figure("a run", minutes, "min"),
    ]
