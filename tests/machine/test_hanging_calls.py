"""Whatever hangs: every call to AWS of a run, there, back, in a teardown and while it prunes, from one moment on.

A call that hangs costs its function the minute that it has (`infrastructure/parts/functions.yaml`), each time that it
is tried. No deployment outlives its deadline, nor its way back's, by more than a poll, the one call that hangs, and
what records the end. The record itself does not hang: then nothing could say how it ended.
"""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from chalicelib.deployment import Deployment
from chalicelib.steps.step import BETWEEN_TRIES
from chalicelib.store import Store
from tests.faults import FUNCTION_SECONDS, HANGS, Break, Slow
from tests.machine import test_faults, test_prune_faults, test_teardown_faults, test_way_back_faults
from tests.machine.slipway import Slipway

SLOW = {"hangs": HANGS, "takes 25 s": Slow(25), "takes 7 s": Slow(7)}
POLL_SECONDS = 10
SHORT: dict[str, Any] = {"poll_seconds": POLL_SECONDS, "timeout_seconds": 120}
NEXT_TRY = 31  # the longest that the state machine waits before it tries again what died
FAILED_BY = max(timedelta(seconds=POLL_SECONDS), BETWEEN_TRIES) + timedelta(seconds=FUNCTION_SECONDS + NEXT_TRY)
ENDED_BY = FAILED_BY + timedelta(seconds=2 * (FUNCTION_SECONDS + NEXT_TRY))


def there(store: Store, call: str, fault: Break) -> tuple[Slipway, Deployment]:
    """Deploy, with a call that is slow."""
    return test_faults.run(store, call, fault, **SHORT)


def back(kind: str, store: Store, call: str, fault: Break) -> tuple[Slipway, Deployment]:
    """Have a deployment fail, with a call of its way back that is slow."""
    slipway, deployment, _ = test_way_back_faults.run(store, kind, call, fault, **SHORT)
    return slipway, deployment


RUNS: dict[str, Callable[[Store, str, Break], tuple[Slipway, Deployment]]] = {
    "there": there,
    "first back": partial(back, "first"),
    "update back": partial(back, "update"),
    "teardown": partial(test_teardown_faults.run, **SHORT),
    "prune": partial(test_prune_faults.run, **SHORT),
}
CALLS = {
    "there": test_faults.CALLS,
    "first back": test_way_back_faults.KINDS["first"],
    "update back": test_way_back_faults.KINDS["update"],
    "teardown": test_teardown_faults.CALLS,
    "prune": test_prune_faults.CALLS,
}


def late(slipway: Slipway, ended: Deployment) -> list[str]:
    """Return what came too late."""
    wrong = []
    if not ended.status.ended or ended.finished_at is None:
        return [f"it has not ended: {slipway.execution(ended).path} {slipway.execution(ended).error}"]
    if ended.failed_at and ended.failed_at - ended.deadline_at > FAILED_BY:
        wrong.append(f"failed {(ended.failed_at - ended.deadline_at).total_seconds():.0f} s late: {ended.verdict}")
    if ended.finished_at - ended.due_at > ENDED_BY:
        wrong.append(f"ended {(ended.finished_at - ended.due_at).total_seconds():.0f} s late: {ended.verdict}")
    execution = slipway.execution(ended)
    if (execution.status, execution.entered[-1][0]) != ("SUCCEEDED", "Finish"):
        wrong.append(f"the execution is {execution.status} after {execution.path[-3:]}: {execution.error}")
    return wrong + [f"locked: {name}" for name in slipway.locks(ended)]


CASES = [(run, call) for run, calls in CALLS.items() for call in calls if not call.startswith("store.")]
QUICK = {
    ("there", "load_balancers.ensure_rule", "hangs"),
    ("there", "ecs.stopped_tasks", "hangs"),
    ("there", "tasks.stop", "hangs"),
    ("first back", "clusters.delete_service", "hangs"),
    ("update back", "cloud_map.registered", "hangs"),
    ("teardown", "autoscaling.remove", "hangs"),
    ("prune", "clusters.service_is_gone", "hangs"),
}


@pytest.mark.parametrize(
    ("run", "call", "fault"),
    [
        pytest.param(*case, fault, id="-".join([*case, name]), marks=() if (*case, name) in QUICK else pytest.mark.full)
        for case in CASES
        for name, fault in SLOW.items()
    ],
)
def test_no_call_that_hangs_keeps_a_deployment_alive(store: Store, run: str, call: str, fault: Slow) -> None:
    """Whichever call hangs, or is slow for ever: the deployment ends in time, and its execution at its own end."""
    slipway, ended = RUNS[run](store, call, fault)
    assert slipway.faults.struck, f"{call} is never called: this run covers nothing"
    assert [] == late(slipway, ended)


# The record does not hang, and a heartbeat goes on beside its look, which on the test's clock it would hold up.
BESIDE = {"store", "workflow"}
PARTS = [(run, part) for run, calls in CALLS.items() for part in sorted({call.partition(".")[0] for call in calls})]


@pytest.mark.full
@pytest.mark.parametrize("fault", SLOW.values(), ids=SLOW)
@pytest.mark.parametrize(("run", "part"), [each for each in PARTS if each[1] not in BESIDE])
def test_no_service_that_hangs_keeps_a_deployment_alive(store: Store, run: str, part: str, fault: Slow) -> None:
    """The same holds where all calls of a service of AWS's hang."""
    slipway, ended = RUNS[run](store, f"{part}.*", fault)
    assert [] == late(slipway, ended)
