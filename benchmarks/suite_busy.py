"""Suite, busy: `make test` three times beside a process that keeps one core busy; each time every test must pass.

What it takes is told to compare with; that it passes is the point: no test may hang on how fast the machine is.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import Process

from benchmarks import suite
from benchmarks.figure import Figure, Options

SPEED = suite.SPEED


def measure(options: Options) -> Iterator[Figure]:
    """Run it beside a busy core; a test that fails ends the measurement."""
    with busy_core():
        runs = [suite.run() for _ in range(options.runs_or(3))]
    yield from suite.told(runs)


@contextmanager
def busy_core() -> Iterator[None]:
    """Keep one core busy meanwhile."""
    process = Process(target=_spin, daemon=True)
    process.start()
    try:
        yield
    finally:
        process.kill()
        process.join()


def _spin() -> None:
    while True:
        pass
