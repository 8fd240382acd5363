"""Ready: how long `make up` takes until it says so, set-up excepted.

From the start of its process, with free ports and compiled Python.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

from benchmarks.figure import Figure, Options, figure
from tests.local.local_cloud import FREE_PORTS, ROOT

SPEED = 10
GOAL_SECONDS = 3


def measure(options: Options) -> Iterator[Figure]:
    """Start a local cloud several times, one after the other."""
    yield figure("make up, until ready", [_seconds() for _ in range(options.runs_or(5))], "s", GOAL_SECONDS)


def _seconds() -> float:
    begun = time.monotonic()
    command = [sys.executable, "-m", "localcloud", "up"]
    with subprocess.Popen(command, cwd=ROOT, env={**os.environ, **FREE_PORTS}, stdout=subprocess.PIPE) as process:
        line = process.stdout.readline() if process.stdout else b""
        taken = time.monotonic() - begun
        process.send_signal(signal.SIGINT)
    if not line.startswith(b"ready"):
        raise RuntimeError(f"the local cloud did not get ready: {line!r}")
    return taken
