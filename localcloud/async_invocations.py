"""Lambda's asynchronous invocations: taken at once, run later, and tried twice more when the function fails.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
"""

import logging
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from threading import Lock, Timer

from localcloud.faults import AwsFault
from localcloud.lambdas import Lambdas

RETRY_SECONDS = (60.0, 120.0)
"""How long Lambda waits before it tries again, and before it tries for the last time."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Queued:
    """An invocation: every attempt has the same request id. `failures` counts those that were in vain."""

    name: str
    payload: bytes
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    failures: int = 0


class AsyncInvocations:
    """Runs what is queued between `start` and `stop`, beside each other; `retry_seconds` are those of this clock."""

    def __init__(self, lambdas: Lambdas, retry_seconds: Sequence[float] = RETRY_SECONDS) -> None:
        self._lambdas = lambdas
        self._retry_seconds = retry_seconds
        self._lock = Lock()
        self._timers: set[Timer] = set()
        self._stopping = False

    def start(self) -> None:
        """Begin."""
        self._workers = ThreadPoolExecutor(max_workers=8, thread_name_prefix="lambda-event")

    def stop(self) -> None:
        """Let what runs end; what has not begun, or would be tried again, is dropped."""
        with self._lock:
            self._stopping = True
            for timer in self._timers:
                timer.cancel()
        self._workers.shutdown(cancel_futures=True)

    def queue(self, name: str, payload: bytes) -> None:
        """Take an invocation, and return at once."""
        self._submit(Queued(name, payload))

    def _submit(self, queued: Queued) -> None:
        with self._lock:
            if not self._stopping:
                self._workers.submit(self._run, queued)

    def _run(self, queued: Queued) -> None:
        try:
            invocation = self._lambdas.invoke(queued.name, queued.payload, queued.request_id)
        except AwsFault:
            logger.exception("%s, invoked as an event, could not be called", queued.name)
            return
        if invocation.failed:
            self._again_later(replace(queued, failures=queued.failures + 1), invocation.body)

    def _again_later(self, queued: Queued, error: bytes) -> None:
        if queued.failures > len(self._retry_seconds):
            logger.error("%s, invoked as an event, failed: %s", queued.name, error.decode())
            return
        timer = Timer(self._retry_seconds[queued.failures - 1], lambda: self._again(timer, queued))
        timer.daemon = True
        with self._lock:
            if not self._stopping:
                self._timers.add(timer)
                timer.start()

    def _again(self, timer: Timer, queued: Queued) -> None:
        with self._lock:
            self._timers.discard(timer)
        self._submit(queued)
