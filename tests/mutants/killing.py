"""Pytest's part: tests are collected once, and each mutant is tried in a process of its own, forked from this one."""

import gc
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from tests.mutants.made import Mutant, put_in
from tests.mutants.process import BROKEN, forked, limit, silence
from tests.mutants.reach import Reach, reach, run

SURVIVED, KILLED = 0, 1
SECONDS = 10  # beside ten times what the tests take without a mutant; who needs more goes round in circles


@dataclass
class Killing:
    """A plugin that runs the tests against mutants; it is `done` when all are tried, and tells which `survived`.

    What no test reaches survives.
    """

    mutants: Sequence[Mutant]
    survived: list[Mutant] = field(default_factory=list)
    done: bool = False
    _under_way: dict[int, Mutant] = field(default_factory=dict)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run the tests once by themselves, then against each mutant."""
        reached = None if session.testsfailed else reach(session)
        if reached is None:
            pytest.exit("without any mutant the tests fail", returncode=1)
        items = {item.nodeid: item for item in session.items}
        gc.freeze()
        for at, mutant in enumerate(self.mutants):
            if at % 500 == 0:
                print(f"{at} of {len(self.mutants)} mutants tried, {len(self.survived)} survived", flush=True)
            self._try(session, mutant, reached, items)
        while self._under_way:
            self._wait()
        self.done = True
        return True

    def _try(self, session: pytest.Session, mutant: Mutant, reached: Reach, items: Mapping[str, pytest.Item]) -> None:
        tests = reached.of(mutant)
        if not tests:
            self._tell(mutant)
            return
        if len(self._under_way) >= (os.cpu_count() or 1):
            self._wait()
        seconds = SECONDS + 10 * sum(reached.seconds[test] for test in tests)
        child = forked(lambda: _tried(session, mutant, [items[test] for test in tests], seconds))
        self._under_way[child] = mutant

    def _wait(self) -> None:
        child, status = os.wait()
        mutant, code = self._under_way.pop(child), os.waitstatus_to_exitcode(status)
        assert code != BROKEN, f"this could not be tried: {mutant}\n{mutant.source}"
        if code == SURVIVED:
            self._tell(mutant)

    def _tell(self, mutant: Mutant) -> None:
        self.survived.append(mutant)
        print(mutant, flush=True)


def _tried(session: pytest.Session, mutant: Mutant, tests: Sequence[pytest.Item], seconds: float) -> int:
    put_in(mutant)
    silence(session)
    limit(seconds)
    try:
        return KILLED if any(session.testsfailed for _ in run(session, tests)) else SURVIVED
    except BaseException:  # what a mutant does to pytest itself has been noticed, too
        return KILLED
