"""Functions invoked as events: in the background, and twice more when they fail."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from localcloud.async_invocations import AsyncInvocations
from localcloud.lambdas import Lambdas
from tests.local.local_cloud import wait_for


class Flaky:
    """A function that fails as often as it is told; it remembers the id and the event of each attempt."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.attempts: list[tuple[str, Any]] = []

    def __call__(self, event: dict[str, Any], context: Any) -> None:
        """Be invoked."""
        self.attempts.append((context.aws_request_id, event))
        if len(self.attempts) <= self.failures:
            raise ValueError("not yet")


@contextmanager
def invoked(function: Any, retry_seconds: tuple[float, float] = (0.01, 0.02)) -> Iterator[AsyncInvocations]:
    """Run a function's asynchronous invocations; one is queued."""
    lambdas = Lambdas()
    lambdas.add("flaky", function)
    later = AsyncInvocations(lambdas, retry_seconds)
    later.start()
    try:
        later.queue("flaky", b'{"n": 1}')
        yield later
    finally:
        later.stop()


@pytest.mark.parametrize(("failures", "attempts"), [(0, 1), (1, 2), (2, 3), (9, 3)])
def test_attempts(failures: int, attempts: int, caplog: pytest.LogCaptureFixture) -> None:
    """What fails is tried twice more, by the same request id and with the same event; then it is only logged."""
    flaky = Flaky(failures)
    with invoked(flaky) as later:
        wait_for(lambda: True if len(flaky.attempts) == attempts else None, 5)
        wait_for(lambda: True if failures < 3 or "not yet" in caplog.text else None, 5)
        later.queue("flaky", b"{}")
        wait_for(lambda: True if len(flaky.attempts) > attempts else None, 5)
    ids = [request_id for request_id, _ in flaky.attempts]
    assert (1, 2) == (len(set(ids[:attempts])), len(set(ids)))
    assert [{"n": 1}] * attempts == [event for _, event in flaky.attempts[:attempts]]


def test_stop_drops_what_waits() -> None:
    """At the end nothing that failed is tried again."""
    flaky = Flaky(9)
    with invoked(flaky, (0.05, 0.05)):
        wait_for(lambda: flaky.attempts or None, 5)
    attempts = len(flaky.attempts)
    time.sleep(0.2)  # nothing may happen meanwhile
    assert attempts == len(flaky.attempts)
