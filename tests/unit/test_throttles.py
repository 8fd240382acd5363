"""ECS's rates, on a clock that is given."""

from contextlib import suppress
from dataclasses import dataclass

import botocore.session
import pytest

from localcloud.faults import AwsFault
from localcloud.throttles import RATES, Throttles


@dataclass
class Clock:
    """A clock that goes when it is told to."""

    seconds: float = 1000.0

    def now(self) -> float:
        """Return the time."""
        return self.seconds


def admitted(throttles: Throttles, operation: str, calls: int, service: str = "ecs") -> int:
    """Return how many of so many calls are let through."""
    passed = 0
    for _ in range(calls):
        with suppress(AwsFault):
            throttles.check(service, operation)
            passed += 1
    return passed


@pytest.mark.parametrize(
    ("operation", "burst", "per_second"),
    [("RegisterTaskDefinition", 20, 1), ("UpdateService", 50, 5), ("DescribeServices", 100, 20)],
)
def test_a_burst_and_then_a_rate(operation: str, burst: int, per_second: int) -> None:
    """As many calls pass at once as the burst allows, then as many in each second as the rate."""
    clock = Clock()
    throttles = Throttles(clock.now)

    assert burst == admitted(throttles, operation, burst + 10)
    clock.seconds += 2
    assert 2 * per_second == admitted(throttles, operation, 100)


def test_a_bucket_is_never_more_than_full() -> None:
    """A long silence earns one burst, not more."""
    clock = Clock()
    throttles = Throttles(clock.now)
    clock.seconds += 3600

    assert 20 == admitted(throttles, "RegisterTaskDefinition", 100)


def test_operations_share_a_bucket() -> None:
    """Operations of one row take from the same tokens, those of different rows do not."""
    throttles = Throttles(Clock().now)

    assert 50 == admitted(throttles, "CreateService", 60)
    assert 0 == admitted(throttles, "DeleteService", 1)
    assert 1 == admitted(throttles, "DescribeServices", 1)


def test_what_has_no_rate_always_passes() -> None:
    """Other operations, and other services, are not throttled."""
    throttles = Throttles(Clock().now)

    assert 500 == admitted(throttles, "StopServiceDeployment", 500)
    assert 500 == admitted(throttles, "RunTask", 500, service="somebody")


def test_each_operation_is_one_of_ecs_in_one_row() -> None:
    """Every name is an operation of ECS, and stands in one row only."""
    named = [operation for rate in RATES for operation in rate.operations]
    known = botocore.session.get_session().get_service_model("ecs").operation_names

    assert [] == [name for name in named if name not in known]
    assert len(named) == len(set(named))
