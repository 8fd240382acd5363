"""Whatever breaks in a teardown: every call of it, failing once, always, or after it had its effect.

Each time the execution ends in Done, no lock is left, nothing goes twice, the record is true of what is left; and what
is left then goes with the next teardown.
"""

from collections import Counter
from typing import Any

import pytest

from chalicelib.deployment import Deployment, Status
from chalicelib.store import Store
from tests.faults import Break
from tests.machine.slipway import Slipway, two_services, with_service
from tests.machine.test_faults import ALWAYS, AS_ANOTHER, CONFLICT, OF_A_TEARDOWN, ONCE, OUTSIDE
from tests.machine.test_teardown import leftovers

SHARED = {
    "clusters.find",
    "autoscaling.remove",
    "cloud_map.namespaces",
    "cloud_map.operation_succeeded",
    "cloud_map.registered",
    "cloud_map.tags",
    "ecs.running_task_definition",
    "ecs.serving",
    "load_balancers.delete_rules",
    "workflow.complete",
}
IN_A_FAILURE = {"ecs.running_task_definition", "store.fail"}
CALLS = sorted(OF_A_TEARDOWN | SHARED)
OF_THE_API = {"store.begin", "store.belongings", "store.registration"}
STEPS_WRITE = ["fail", "finish", "forget_belongings", "forget_live", "keep_token", "progress", "record", "update"]
STEPS_READ = ["belongings_of", "branch", "changes", "get", "part"]
WRITES = [f"store.{method}" for method in STEPS_WRITE]
READS = [f"store.{method}" for method in STEPS_READ]


def deployed(store: Store, call: str, **changes: Any) -> tuple[Slipway, Deployment]:
    """Deploy one service with everything; for a call that only a failure makes, its teardown will fail."""
    both = two_services(**changes)
    home = {**both["services"]["home"], "depends_on": [], "scaling": {"min": 1, "max": 4, "cpu": 60}}
    asked = with_service({**both, "services": {}}, "home", **home)
    slipway = Slipway(store, rollout_seconds=5, namespace_seconds=5, dns_seconds=2)
    deployment = slipway.deploy(asked)
    assert Status.SUCCEEDED is deployment.status
    if call in IN_A_FAILURE:
        slipway.world.drain_seconds = 10_000
    slipway.world.changes.clear()
    return slipway, deployment


def run(store: Store, call: str, fault: Break | list[Break], **changes: Any) -> tuple[Slipway, Deployment]:
    """Tear down in the circumstances in which a call is made, with its fault."""
    slipway, deployment = deployed(store, call, **changes)
    slipway.faults.break_from_now_on({call: fault})
    ended = slipway.tear_down(deployment)
    assert slipway.faults.struck, f"{call} is never called: this run covers nothing"
    return slipway, ended


def lies(slipway: Slipway, ended: Deployment) -> list[str]:
    """Return what is not as the record says, or not as it must always be."""
    execution = slipway.execution(ended)
    wrong = [f"locked: {name}" for name in slipway.locks(ended)]
    wrong += [f"twice: {what}" for what, times in Counter(slipway.world.changes).items() if times > 1]
    if (execution.status, execution.entered[-1][0]) != ("SUCCEEDED", "Finish"):
        wrong.append(f"the execution is {execution.status} after {execution.path}: {execution.error}")
    if (ended.status is Status.SUCCEEDED) is not (ended.failure is None):
        wrong.append(f"it is {ended.status}, and its failure is {ended.failure}")
    if ended.status is Status.SUCCEEDED and leftovers(slipway):
        wrong.append(f"it succeeded, and there is {leftovers(slipway)}")
    for name, progress in ended.services.items():
        if progress.status in ("succeeded", "failed") and progress.what_serves != slipway.world.serves(
            *ended.ecs_service(name)
        ):
            wrong.append(f"{name}: {progress.what_serves} is said to serve")
    return wrong


def expected(call: str) -> Status:
    """Return how a teardown ends in which this call fails once."""
    return Status.TIMED_OUT if call in IN_A_FAILURE else Status.SUCCEEDED


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(faults, id=kind, marks=pytest.mark.full if kind in AS_ANOTHER else ())
        for kind, faults in ONCE.items()
    ],
)
def test_call_fails_once(store: Store, call: str, fault: list[Break]) -> None:
    """A call that fails once changes nothing in how a teardown ends."""
    slipway, ended = run(store, call, fault)
    assert ([], expected(call)) == (lies(slipway, ended), ended.status)


@pytest.mark.parametrize("call", CALLS)
def test_call_is_refused(store: Store, call: str) -> None:
    """A call that AWS refuses for good fails the teardown in AWS's words; the next one removes what is left."""
    slipway, ended = run(store, call, ALWAYS)
    assert ([], False) == (lies(slipway, ended), ended.status is Status.SUCCEEDED)
    assert call in IN_A_FAILURE or "AccessDeniedException" in (ended.verdict or "")

    slipway.faults.break_from_now_on({})
    slipway.clock.advance(20_000)
    again = slipway.tear_down(ended)
    assert (Status.SUCCEEDED, {}) == (again.status, leftovers(slipway))


@pytest.mark.parametrize("call", [*WRITES, *READS])
def test_record_is_busy_once(store: Store, call: str) -> None:
    """Two writers who meet in the record change nothing in how a teardown ends."""
    slipway, ended = run(store, call, [CONFLICT])
    assert ([], expected(call)) == (lies(slipway, ended), ended.status)


@pytest.mark.parametrize("call", WRITES)
def test_record_was_written_and_nobody_heard(store: Store, call: str) -> None:
    """A write whose answer is lost is written again, and changes nothing in how a teardown ends."""
    slipway, ended = run(store, call, ONCE["throttled after its effect"])
    assert ([], expected(call)) == (lies(slipway, ended), ended.status)


def test_every_call_of_a_teardown_is_enumerated(store: Store) -> None:
    """What a clean teardown asks of AWS and of the record is among the calls that are made to fail."""
    slipway, deployment = deployed(store, "")
    mark = len(slipway.faults.calls)
    slipway.tear_down(deployment)
    asked: set[Any] = set(slipway.faults.calls[mark:]) - OUTSIDE - OF_THE_API
    assert asked
    assert set() == asked - set(CALLS) - set(WRITES) - set(READS)
