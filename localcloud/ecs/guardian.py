"""See that no process outlives the local cloud, even when that is killed outright.

Run as a script, it is told process groups on its standard input ("+pid", "-pid", one a line) and kills those that
are left when the input ends, which it does however the writer ends.
"""

import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress


class Guardian:
    """The other end: a small process that watches over ours."""

    def __init__(self) -> None:
        # -I -S: it needs no packages and must not run a sitecustomize of ours.
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", __file__], stdin=subprocess.PIPE, start_new_session=True
        )
        assert self._process.stdin is not None  # noqa: S101  (a pipe was asked for)
        self._pipe = self._process.stdin
        self._lock = threading.Lock()

    def watch(self, group: int) -> None:
        """Kill this process group when the local cloud is gone."""
        self._tell(f"+{group}\n")

    def forget(self, group: int) -> None:
        """Leave this process group alone: its leader has been reaped."""
        self._tell(f"-{group}\n")

    def close(self) -> None:
        """End the watch; groups that are still watched die."""
        with self._lock:
            self._pipe.close()
        self._process.wait()

    def _tell(self, line: str) -> None:
        with self._lock:
            self._pipe.write(line.encode())
            self._pipe.flush()


def kill_group(group: int, number: int = signal.SIGKILL) -> None:
    """Send a signal to a whole process group; none left is fine."""
    with suppress(ProcessLookupError):
        os.killpg(group, number)


def _guard() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    groups: set[int] = set()
    for line in sys.stdin:
        (groups.add if line[0] == "+" else groups.discard)(int(line[1:]))
    for group in groups:
        kill_group(group)


if __name__ == "__main__":
    _guard()
