"""Run a container's health check again and again, as Docker does.

Rules: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html
"""

import threading
import time
from collections.abc import Callable
from typing import Any

from localcloud.clock import Clock
from localcloud.ecs.process import Process


class ContainerCheck:
    """Call `report` with HEALTHY or UNHEALTHY when that changes; `run` starts the command, raising OSError.

    `check` is a HealthCheck with AWS's defaults filled in.
    """

    def __init__(
        self, check: dict[str, Any], clock: Clock, run: Callable[[], Process], report: Callable[[str], None]
    ) -> None:
        self._interval_seconds = clock.scaled(check["interval"])
        self._timeout_seconds = clock.allowed(check["timeout"])
        self._start_period_seconds = clock.scaled(check.get("startPeriod", 0))
        # On AWS a program has booted by the last of the checks that may fail.
        self._boot_seconds = clock.allowed(check.get("startPeriod", 0) + check["interval"] * check["retries"])
        self._retries = int(check["retries"])
        self._run = run
        self._report = report
        self._stopping = threading.Event()
        self._running: Process | None = None
        self._thread = threading.Thread(target=self._repeat, name="ecs-health", daemon=True)

    def start(self) -> None:
        """Begin; the first check runs after one interval."""
        self._thread.start()

    def stop(self) -> None:
        """End, and leave no process."""
        self._stopping.set()
        if process := self._running:
            process.kill()
        self._thread.join()

    def _repeat(self) -> None:
        started, failures, status = time.monotonic(), 0, "UNKNOWN"
        while not self._stopping.wait(self._interval_seconds):
            passed = self._passes()
            age_seconds = time.monotonic() - started
            may_boot = status == "UNKNOWN" and age_seconds < self._boot_seconds
            failures = 0 if passed else failures + (age_seconds >= self._start_period_seconds)
            unhealthy = failures >= self._retries and not may_boot
            now = "HEALTHY" if passed else "UNHEALTHY" if unhealthy else status
            if now != status and not self._stopping.is_set():
                status = now
                self._report(status)

    def _passes(self) -> bool:
        try:
            process = self._running = self._run()
        except OSError:
            return False  # as in a container without that program
        if self._stopping.is_set() or not process.exited.wait(self._timeout_seconds):
            process.kill()
        process.join()
        return process.exit_code == 0
