"""Whatever is slow, a look counts, looks do not overlap, and no deployment outlives its deadline by more than polls.

A look is slow where its calls are: just before each of them time passes, while all else goes on.
"""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from chalicelib import recovery
from chalicelib.deployment import Deployment, Status
from chalicelib.errors import AwsRefused, Throttled, TransientAws
from chalicelib.store import Store
from tests.faults import FUNCTION_SECONDS, HANGS, TIMED_OUT, Break, Meanwhile, Slow
from tests.machine.slipway import Slipway, two_services
from tests.machine.test_faults import lies, methods
from tests.machine.test_way_back_faults import passed_until

POLL_SECONDS, DNS_SECONDS = 10, 40
FACTORS = pytest.mark.parametrize("factor", [0.5, 1, 3])
THROTTLED = Throttled("call", "ThrottlingException", "Rate exceeded")


def one_service(**changes: Any) -> dict[str, Any]:
    """Return a manifest of one service with a name, of which a look asks DNS once."""
    manifest = two_services(**{"poll_seconds": POLL_SECONDS, **changes})
    redis = manifest["services"]["redis"]
    return {**manifest, "services": {"redis": {**redis, "discovery": {**redis["discovery"], "records": ["A"]}}}}


def slow(seconds: float, *calls: str) -> dict[str, Break]:
    """Return what makes calls take their time."""
    return {call: Slow(seconds) for call in calls}


def whole_record(slipway: Slipway) -> list[str]:
    """Return every call of the record."""
    return [f"store.{method}" for method in methods(slipway.cloud.parts["store"])]


class Looks:
    """Counts the looks of a state that go on at once, and those that found the matter decided."""

    def __init__(self, slipway: Slipway, state: str) -> None:
        self._under_way = 0
        self.at_once = 0
        self.begun = 0
        for name, function in list(slipway.functions.items()):
            slipway.functions[name] = partial(self._look, state=state, function=function)

    def _look(self, payload: dict[str, Any], state: str, function: Any) -> Any:
        if payload["state"] != state:
            return function(payload)
        self._under_way += 1
        self.begun += 1
        self.at_once = max(self.at_once, self._under_way)
        try:
            return function(payload)
        finally:
            self._under_way -= 1


def late_by(slipway: Slipway, deployment: Deployment) -> timedelta:
    """Return how long after its deadline it was recorded that a deployment fails, which ended timed out."""
    ended = slipway.record(deployment)
    assert ended.failed_at is not None
    assert Status.TIMED_OUT is ended.status, ended.verdict
    return ended.failed_at - ended.deadline_at


@FACTORS
@pytest.mark.parametrize(("state", "call"), [("AwaitStable", "ecs.rollout"), ("AwaitNames", "resolver.ask")])
def test_a_slow_look_counts(store: Store, state: str, call: str, factor: float) -> None:
    """A deployment succeeds whose looks take as long as polls, or longer; each look ends before the next begins.

    The look that finds a service stable asks for its name once: DNS answers later than that.
    """
    slipway = Slipway(store, rollout_seconds=25, dns_seconds=DNS_SECONDS)
    looks = Looks(slipway, state)
    slipway.faults.break_from_now_on(slow(factor * POLL_SECONDS, call))
    deployment = slipway.deploy(one_service())

    assert (Status.SUCCEEDED, []) == (deployment.status, lies(slipway, deployment))
    assert 1 == looks.at_once
    assert looks.begun <= 4


def test_quick_looks_come_with_the_poll(store: Store) -> None:
    """Looks that take no time come a poll apart, and none of them says that it goes on."""
    slipway = Slipway(store, hanging={"redis:7"})
    deployment = slipway.deploy(one_service(timeout_seconds=100))
    looks = slipway.execution(deployment).looks("AwaitStable")
    assert (100 - slipway.world.namespace_seconds) / POLL_SECONDS == pytest.approx(looks, abs=1.5)
    assert "workflow.heartbeat" not in slipway.faults.calls


@FACTORS
def test_the_deadline_holds_when_looks_are_slow(store: Store, factor: float) -> None:
    """A rollout that hangs ends a poll after its deadline, two polls where the look at the deadline is the slow one."""
    slipway = Slipway(store, hanging={"redis:7"})
    slipway.faults.break_from_now_on(slow(factor * POLL_SECONDS, "ecs.rollout"))
    deployment = slipway.deploy(one_service(timeout_seconds=95))
    assert late_by(slipway, deployment) <= timedelta(seconds=POLL_SECONDS * (1 if factor <= 1 else 2) + 1)


def test_the_deadline_holds_when_looks_die(store: Store) -> None:
    """A look that takes its function's whole minute and dies is tried again; once past the deadline none is."""
    slipway = Slipway(store)
    slipway.faults.break_from_now_on({"ecs.rollout": HANGS})
    deployment = slipway.deploy(one_service(timeout_seconds=150))
    assert late_by(slipway, deployment) <= timedelta(seconds=2 * POLL_SECONDS + 1)


@pytest.mark.parametrize("hanging", [False, True])
def test_the_record_takes_a_second(store: Store, hanging: bool) -> None:
    """Where each call of the record takes as long as a poll, a deployment succeeds, or ends by its deadline."""
    slipway = Slipway(store, hanging={"redis:7"} if hanging else set())
    looks = Looks(slipway, "AwaitStable")
    slipway.faults.break_from_now_on(slow(1, *whole_record(slipway)))
    deployment = slipway.deploy(one_service(poll_seconds=1, timeout_seconds=150))
    assert 1 == looks.at_once
    if hanging:
        assert late_by(slipway, deployment) <= timedelta(seconds=10), "two looks of some calls each, and its record"
    else:
        assert (Status.SUCCEEDED, []) == (deployment.status, lies(slipway, deployment))


@pytest.mark.parametrize(
    "call", ["ecs.serving", "ecs.create_cluster", "task_definitions.register", "cloud_map.ensure_service"]
)
@pytest.mark.parametrize("error", [THROTTLED, TransientAws("call", "InternalFailure", "")], ids=["throttled", "out"])
def test_the_deadline_holds_while_aws_refuses(store: Store, call: str, error: Exception) -> None:
    """A step that AWS refuses for now is not tried again past the deadline, and its words are told."""
    slipway = Slipway(store)
    slipway.faults.break_from_now_on({call: error})
    deployment = slipway.deploy(one_service(timeout_seconds=30))
    assert slipway.faults.struck
    assert late_by(slipway, deployment) <= timedelta(seconds=31)
    failure = slipway.record(deployment).failure
    assert failure is not None
    assert str(error) in failure.cause


@pytest.mark.parametrize("error", [THROTTLED, AwsRefused("send_task_heartbeat", "AccessDeniedException", "no")])
def test_a_heartbeat_that_is_refused(store: Store, error: Exception) -> None:
    """A wait that cannot be kept alive is looked at again, and nothing else comes of it."""
    slipway = Slipway(store)
    slow_calls = slow(POLL_SECONDS / 2, "ecs.rollout")
    slipway.faults.break_from_now_on({**slow_calls, "workflow.heartbeat": error})
    deployment = slipway.deploy(one_service())
    assert (Status.SUCCEEDED, []) == (deployment.status, lies(slipway, deployment))
    assert "workflow.heartbeat" in slipway.faults.struck


def test_whoever_meets_it_past_its_deadline_ends_it(store: Store) -> None:
    """Where no look can say so, the sweep does: once a poll and the longest look have passed since the deadline."""
    slipway = Slipway(store, namespace_seconds=1, hanging={"redis:7"})

    def dies() -> None:
        raise TIMED_OUT

    deployment = passed_until(slipway, slipway.post(one_service(timeout_seconds=30)), "AwaitStable")
    slipway.faults.break_from_now_on({"store.keep_token": Meanwhile(dies), "store.part": Meanwhile(dies)})
    passed = slipway.clock.seconds
    failures = []
    for seconds in (30 + POLL_SECONDS + FUNCTION_SECONDS - 5 - passed, 10):
        slipway.clock.advance(seconds)
        recovery.sweep(slipway.cloud)
        failures.append(slipway.record(deployment).failure)
    early, late = failures
    assert (None, "deployment_timed_out") == (early, late and late.code)
    slipway.faults.break_from_now_on({})
    slipway.machine.run(deployment.id)
    assert late_by(slipway, deployment) <= timedelta(seconds=POLL_SECONDS + FUNCTION_SECONDS + 10)
