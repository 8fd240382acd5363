"""Whatever breaks on the way back: every call of it, failing once, always, or after it had its effect.

And the execution ends by hand at each of its states. Each time the verdict is true of what serves and no better, no
lock is left, nothing is made twice, and what could be removed is.
"""

from typing import Any

import pytest

from chalicelib import recovery
from chalicelib.deployment import Deployment, Status
from chalicelib.store import Store
from tests.faults import Break
from tests.machine.slipway import Slipway, two_services, with_service
from tests.machine.test_faults import ALWAYS, AS_ANOTHER, ONCE, lies
from tests.machine.test_teardown import leftovers
from tests.machine.test_way_back import served

LATE = {"image": "late:2", "depends_on": ["home"], "scaling": {"min": 1, "max": 2, "cpu": 60}}
OF_BOTH = {
    "autoscaling.remove",
    "cloud_map.namespaces",
    "cloud_map.registered",
    "cloud_map.tags",
    "clusters.delete_service",
    "clusters.find",
    "clusters.service_is_gone",
    "ecs.serving",
    "load_balancers.delete_rules",
    "load_balancers.target_groups",
    "store.belongings_of",
    "store.finish",
    "store.get",
    "store.keep_token",
    "store.manifest",
    "store.part",
    "store.progress",
    "store.record",
    "store.update",
    "workflow.complete",
}
OF_A_FIRST = {
    "cloud_map.delete_namespace",
    "cloud_map.delete_service",
    "cloud_map.operation_succeeded",
    "clusters.delete",
    "load_balancers.delete_target_group",
}
OF_AN_UPDATE = {
    "autoscaling.put",
    "cloud_map.ensure_service",
    "cloud_map.healthy_addresses",
    "cloud_map.operation_succeeded",
    "ec2.vpc_of",
    "ecs.rollout",
    "ecs.running_addresses",
    "ecs.update_service",
    "load_balancers.ensure_rule",
    "load_balancers.change_target_group",
    "load_balancers.target_group",
    "load_balancers.target_health",
    "logs.set_retention",
    "ecs.tag",
    "ecs.untag",
    "store.asked",
    "store.tell",
    "resolver.ask",
    "store.before",
    "task_definitions.content_hash",
}
KINDS = {"first": sorted(OF_BOTH | OF_A_FIRST), "update": sorted(OF_BOTH | OF_AN_UPDATE)}
CASES = [
    pytest.param(kind, call, marks=pytest.mark.full if kind == "update" and call in OF_BOTH else ())
    for kind, calls in KINDS.items()
    for call in calls
]


def manifest(**changes: Any) -> dict[str, Any]:
    """Return one service with everything that a deployment can change."""
    home = {**two_services()["services"]["home"], "depends_on": [], "scaling": {"min": 2, "max": 4, "cpu": 60}}
    return with_service(two_services(services={}, **changes), "home", **home)


def prepared(store: Store, kind: str, **changes: Any) -> tuple[Slipway, dict[str, Any]]:
    """Return an installation, and the manifest that fails there in its last wave."""
    slipway = Slipway(store, rollout_seconds=5, namespace_seconds=5, dns_seconds=2)
    asked = manifest(**changes)
    if kind == "update":
        slipway.deploy(asked)
        changed = {"scaling": {"min": 1, "max": 8, "cpu": 50}, "discovery": {"name": "www", "ttl": 33}}
        route = {"path": "/other*", "health_check": {"path": "/other"}}
        asked = with_service(asked, "home", image="home:2", route=route, log_retention_days=7, **changed)
        asked["tags"] = {"Other": "tag"}
    slipway.world.broken.add("late:2")
    slipway.world.changes.clear()
    return slipway, with_service(asked, "late", **LATE)


def turned_back(slipway: Slipway, asked: dict[str, Any]) -> Deployment:
    """Accept a manifest, and let time pass until its deployment has failed."""
    return passed_until(slipway, slipway.post(asked), "ServiceFailed")


def passed_until(slipway: Slipway, deployment: Deployment, state: str) -> Deployment:
    """Let time pass until an execution has entered a state."""
    while state not in slipway.execution(deployment).path:
        assert slipway.clock.step(), f"{state} is never entered"
    return deployment


def run(
    store: Store, kind: str, call: str, fault: Break | list[Break], **changes: Any
) -> tuple[Slipway, Deployment, dict[str, Any]]:
    """Have a deployment fail, and a call of its way back; return what served before, too."""
    slipway, asked = prepared(store, kind, **changes)
    serving = served(slipway)
    if call == "clusters.service_is_gone":
        slipway.world.drain_seconds = 0  # what drains serves on for a while: what is said then is not true for long
    deployment = turned_back(slipway, asked)
    slipway.faults.break_from_now_on({call: fault})
    slipway.machine.run(deployment.id)
    assert slipway.faults.struck, f"{call} is never called: this run covers nothing"
    return slipway, slipway.record(deployment), serving


def untrue(slipway: Slipway, deployment: Deployment, serving: dict[str, Any]) -> list[str]:
    """Return where the record says more, or something else, than what serves now and served before."""
    wrong = [f"locked: {name}" for name in slipway.locks(deployment)]
    for name, each in deployment.services.items():
        serves = slipway.world.serves(deployment.cluster, name)
        if each.status in ("succeeded", "failed", "rolled_back", "removed") and each.what_serves != serves:
            wrong.append(f"{name} is {each.status}: {each.what_serves} is said to serve, {serves} does")
    if deployment.status is Status.ROLLED_BACK and serving != served(slipway):
        wrong.append("it is rolled_back, and what served does not serve again")
    return wrong if deployment.status.ended else [*wrong, "it has not ended"]


# The record is never refused for good: then nothing could say so. The calls of an update take long.
REFUSED = [
    pytest.param(*case.values, marks=pytest.mark.full if case.values[0] == "update" else ())
    for case in CASES
    if not str(case.values[1]).startswith("store.")
]


@pytest.mark.parametrize(("kind", "call"), CASES)
@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(faults, id=name, marks=pytest.mark.full if name in AS_ANOTHER else ())
        for name, faults in ONCE.items()
    ],
)
def test_call_fails_once(store: Store, kind: str, call: str, fault: list[Break]) -> None:
    """A call that fails once on the way back changes nothing in how it ends: all is as it was."""
    slipway, deployment, serving = run(store, kind, call, fault)

    assert [] == lies(slipway, deployment) + untrue(slipway, deployment, serving)
    assert serving == served(slipway)
    expected = Status.FAILED if kind == "first" else Status.ROLLED_BACK
    assert (expected, None) == (deployment.status, deployment.rollback_failure)


@pytest.mark.parametrize(("kind", "call"), REFUSED)
def test_call_is_refused(store: Store, kind: str, call: str) -> None:
    """A call that is refused for good fails the way back, in AWS's words; a teardown removes what is left then."""
    slipway, deployment, serving = run(store, kind, call, ALWAYS)

    assert [] == lies(slipway, deployment) + untrue(slipway, deployment, serving)
    assert deployment.rollback_failure is not None
    assert (Status.FAILED, True) == (deployment.status, "AccessDeniedException" in deployment.rollback_failure.cause)

    slipway.faults.break_from_now_on({})
    slipway.clock.advance(100)
    torn_down = slipway.tear_down(deployment)
    assert (Status.SUCCEEDED, {}) == (torn_down.status, leftovers(slipway))


BEFORE_HOME = ["ServiceFailed", "DeploymentFailed", "RollBack"]
AFTER_HOME = ["RemoveRoute", "ServiceRestored", "RemoveNamespaces", "RemoveClusters"]
STOPPED = {
    "first": [*BEFORE_HOME, "StopService", "AwaitInactive", *AFTER_HOME],
    "update": [*BEFORE_HOME, "Restore", "AwaitRestored", "AwaitRestoredNames", *AFTER_HOME],
}


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        pytest.param(kind, state, marks=pytest.mark.full if kind == "update" else ())
        for kind, states in STOPPED.items()
        for state in states
    ],
)
@pytest.mark.parametrize("times", [1, pytest.param(2, marks=pytest.mark.full)])
def test_execution_is_stopped_by_hand(store: Store, kind: str, state: str, times: int) -> None:
    """An execution that ends on its way back is closed by the sweep: no lock, and no verdict better than the truth.

    A state that is entered once only is the same with `times` 2: the execution then ends at its Finish.
    """
    slipway, asked = prepared(store, kind)
    serving = served(slipway)
    deployment = slipway.post(asked)
    execution = slipway.execution(deployment)
    while execution.looks(state) < times and "Finish" not in execution.path:
        assert slipway.clock.step(), f"{state} is never entered"
    slipway.machine.stop(deployment.id)
    slipway.clock.advance(61)
    recovery.sweep(slipway.cloud)
    slipway.clock.advance(300)
    closed = slipway.record(deployment)

    assert [] == untrue(slipway, closed, serving)
    assert closed.status in (Status.FAILED, Status.ROLLED_BACK)


@pytest.mark.parametrize("kind", KINDS)
def test_every_call_of_the_way_back_is_enumerated(store: Store, kind: str) -> None:
    """What a clean way back asks is what is made to fail, from the record of the failure to the verdict."""
    slipway, asked = prepared(store, kind)
    mark = len(slipway.faults.calls)
    slipway.deploy(asked)
    calls = slipway.faults.calls[mark:]
    failed_at = calls.index("ecs.running_task_definition")  # the last that ServiceFailed asks of AWS
    assert set(KINDS[kind]) == set(calls[failed_at + 1 :])
