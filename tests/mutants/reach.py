"""Which lines each test reaches: a mutant is tried with the tests that reach its lines, and no other."""

import json
import os
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from tests.mutants.made import ROOT, Mutant
from tests.mutants.process import ended, forked, silence

Place = tuple[str, int]
OURS = f"{ROOT}/chalicelib/"


@dataclass(frozen=True)
class Reach:
    """How long each test takes, in seconds of the processor, and the tests by the lines that they reach."""

    seconds: Mapping[str, float]
    tests: Mapping[Place, set[str]]

    def of(self, mutant: Mutant) -> list[str]:
        """Return the tests that reach a mutant, quickest first.

        Python passes over some lines, such as those of defaults: there it is the tests that reach the function.
        """
        found = self._at(mutant.path, mutant.lines) or self._at(mutant.path, mutant.function_lines)
        return sorted(found, key=lambda test: (self.seconds[test], test))

    def _at(self, path: str, lines: range) -> set[str]:
        return set[str]().union(*(self.tests.get((path, line), set()) for line in lines))


def reach(session: pytest.Session) -> Reach | None:
    """Run all tests once and see what they reach; None when one fails. This process stays as it is."""
    reading, writing = os.pipe()
    child = forked(lambda: _watch(session, writing))
    os.close(writing)
    with os.fdopen(reading) as pipe:
        told = pipe.read()
    return _read(json.loads(told)) if ended(child) == 0 else None


def run(session: pytest.Session, tests: Sequence[pytest.Item]) -> Iterator[pytest.Item]:
    """Run tests, and yield each as soon as it has run."""
    for item, following in zip(tests, [*tests[1:], None], strict=True):
        session.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        yield item


def _watch(session: pytest.Session, writing: int) -> int:
    silence(session)
    reached: set[Place] = set()

    def look(frame: FrameType, _: str, __: Any) -> Callable[..., Any] | None:
        if not frame.f_code.co_filename.startswith(OURS):
            return None
        reached.add((frame.f_code.co_filename, frame.f_lineno))
        return look

    told: list[tuple[str, float, list[Place]]] = []
    since = time.process_time()
    sys.settrace(look)
    for item in run(session, session.items):
        sys.settrace(None)  # Python does this, too, when it raises RecursionError
        places = [(str(Path(path).relative_to(ROOT)), line) for path, line in reached]
        told.append((item.nodeid, time.process_time() - since, places))
        reached.clear()
        since = time.process_time()
        sys.settrace(look)
    sys.settrace(None)
    with os.fdopen(writing, "w") as pipe:
        json.dump(told, pipe)
    return session.testsfailed


def _read(told: Sequence[tuple[str, float, Sequence[Place]]]) -> Reach:
    tests: defaultdict[Place, set[str]] = defaultdict(set)
    for test, _, places in told:
        for path, line in places:
            tests[path, line].add(test)
    return Reach({test: seconds for test, seconds, _ in told}, tests)
