"""`python -m localcloud up` in a process forked off one that has everything imported: it starts in a moment.

That one is multiprocessing's fork server; it ends with this process, and so do the programs that are forked off it.
"""

import faulthandler
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import cache
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class Forked:
    """A running program; it is asked as a `subprocess.Popen` is. `stdout` is what it prints."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        reading, writing = _server().Pipe(duplex=False)
        with reading, writing:
            self.stdout = os.fdopen(os.dup(reading.fileno()), encoding="utf-8")
            self._process = _server().Process(target=_run, args=(dict(environment), writing))
            self._process.start()

    @property
    def pid(self) -> int:
        """Return its process id."""
        assert self._process.pid
        return self._process.pid

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill it."""
        self.send_signal(signal.SIGKILL)

    def poll(self) -> int | None:
        """Return its exit code, None while it runs."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """Return its exit code once it has ended; raises subprocess.TimeoutExpired."""
        self._process.join(timeout)
        if (code := self.poll()) is None:
            raise subprocess.TimeoutExpired("localcloud up", timeout or 0)
        return code


@cache
def _server() -> ForkServerContext:
    context = get_context("forkserver")
    context.set_forkserver_preload(["tests.local.warm"])
    return context


def _run(environment: Mapping[str, str], writing: Connection) -> None:
    """Be the program: with this environment, and what it prints into a pipe."""
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(ROOT)
    os.dup2(writing.fileno(), sys.stdout.fileno())
    faulthandler.enable()
    tempfile.tempdir = None  # asked anew: TMPDIR is another one
    sys.argv = ["localcloud", "up"]
    from localcloud.__main__ import main  # noqa: PLC0415  the fork server has it

    sys.exit(main(["up"]))
