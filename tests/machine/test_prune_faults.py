"""Whatever breaks while a deployment removes what is not named: every call of it, once, always, or after its effect.

Each time the execution ends in Done, no lock is left, nothing goes twice, what is named serves; and what is left goes
with the next deployment.
"""

from collections import Counter
from typing import Any

import pytest

from chalicelib.deployment import Deployment, Status
from chalicelib.store import Store
from tests.faults import Break
from tests.full import full_but
from tests.machine.moments import Interruption, Moment
from tests.machine.slipway import Slipway, two_services, with_service
from tests.machine.test_faults import ALWAYS, CONFLICT, ONCE

CALLS = [
    "autoscaling.remove",
    "cloud_map.delete_service",
    "cloud_map.healthy_addresses",
    "cloud_map.namespaces",
    "cloud_map.registered",
    "cloud_map.tags",
    "clusters.delete_service",
    "clusters.service_is_gone",
    "ecs.running_addresses",
    "ecs.serving",
    "load_balancers.delete_rules",
    "load_balancers.delete_target_group",
    "load_balancers.ensure_rule",
    "load_balancers.listener",
    "load_balancers.routed_by",
    "load_balancers.rules",
    "load_balancers.target_groups",
    "resolver.ask",
    "task_definitions.active",
    "task_definitions.deregister",
    "task_definitions.tags",
    "workflow.complete",
]
WRITES = ["begin_pruning", "finish", "forget_live", "forget_services", "keep_token", "progress", "record", "tell"]
READS = ["asked", "belongings", "get", "manifest"]
KINDS = ["transient once", "throttled after its effect"]
# In a failure these tell more of it, or nothing.
OF_A_FAILURE = ["ecs.events", "ecs.running_task_definition", "store.fail"]


def asked() -> dict[str, Any]:
    """Return a manifest of which two services have everything that is removed, and the other things that stay."""
    both = two_services()
    home = {"scaling": {"min": 2, "max": 4, "cpu": 60}, "route": {"path": "/home*", "priority": 7}}
    worker = {"image": "worker:1", "discovery": {}, "port": 80, "depends_on": ["home"]}
    return with_service(with_service(both, "home", **home), "worker", **worker)


def pruning(manifest: dict[str, Any]) -> dict[str, Any]:
    """Return it without worker, and with home under another name: its path, priority and name in DNS are its own."""
    services = {"redis": manifest["services"]["redis"], "web": {**manifest["services"]["home"], "scaling": None}}
    return {**manifest, "services": services, "prune": True}


def run(
    store: Store, call: str, fault: Break | list[Break], drain_seconds: float = 1, **changes: Any
) -> tuple[Slipway, Deployment]:
    """Prune, with the fault of a call from the moment on at which the first rule goes."""
    manifest = {**asked(), **changes}
    slipway = Slipway(store, rollout_seconds=5, namespace_seconds=5, dns_seconds=2, drain_seconds=drain_seconds)
    assert Status.SUCCEEDED is slipway.deploy(manifest).status
    begun = slipway.post(pruning(manifest))

    def breaks() -> None:
        slipway.world.changes.clear()
        slipway.faults.break_from_now_on({call: fault})

    Interruption(slipway, Moment("RemoveRules", None, after=False), breaks)
    slipway.machine.run(begun.id)
    return slipway, slipway.record(begun)


def lies(slipway: Slipway, ended: Deployment) -> list[str]:
    """Return what is not as the record says, or not as it must always be."""
    execution = slipway.execution(ended)
    wrong = [f"locked: {name}" for name in slipway.locks(ended)]
    wrong += [f"twice: {what}" for what, times in Counter(slipway.world.changes).items() if times > 1]
    if (execution.status, execution.entered[-1][0]) != ("SUCCEEDED", "Finish"):
        wrong.append(f"the execution is {execution.status} after {execution.path}: {execution.error}")
    if ended.goes_back:
        wrong.append("it goes back")
    for name in ("redis", "web"):
        if slipway.world.serves(ended.cluster, name) is None:
            wrong.append(f"{name} does not serve")
    for name, progress in ended.services.items():
        serves = slipway.world.serves(*ended.ecs_service(name))
        if progress.status in ("removed", "failed") and progress.what_serves != serves:
            wrong.append(f"{name}: {progress.what_serves} is said to serve, {serves} does")
    return wrong


def left(slipway: Slipway, ended: Deployment) -> list[str]:
    """Return what there is that a manifest without home and worker does not ask for."""
    owners = [each.get("slipway:service") for each in slipway.world.tags.values()]
    assert "home" in owners
    known = slipway.cloud.store.belongings(ended.application, ended.environment)
    there = [name for _, name in slipway.world.services] + [name for _, name in slipway.world.registered]
    there += [slipway.world.tags[arn]["slipway:service"] for arn in slipway.world.target_groups]
    there += [arn for family in slipway.world.revisions.values() for arn in [family[0].arn] if _active(slipway, arn)]
    there += [key.rpartition("/")[2] for key in (known.services if known else {})]
    return sorted(each for each in there if "home" in each or "worker" in each)


def _active(slipway: Slipway, arn: str) -> bool:
    return arn not in slipway.world.inactive


@pytest.mark.parametrize("call", [*CALLS, *(f"store.{each}" for each in (*WRITES, *READS))])
@pytest.mark.parametrize(
    "kind", full_but(["throttled after its effect"], ["transient once", "throttled after its effect"])
)
def test_call_fails_once(store: Store, call: str, kind: str) -> None:
    """A call that fails once, or whose answer is lost, changes nothing in how a deployment ends."""
    slipway, ended = run(store, call, ONCE[kind])
    assert slipway.faults.struck, f"{call} is never called: this run covers nothing"
    assert ([], [], Status.SUCCEEDED) == (lies(slipway, ended), left(slipway, ended), ended.status)


@pytest.mark.parametrize(
    "call", full_but(["clusters.delete_service"], [each for each in CALLS if each != "workflow.complete"])
)
def test_call_is_refused(store: Store, call: str) -> None:
    """A call that AWS refuses for good is told in its words; what is named stays, and the next one removes the rest."""
    slipway, ended = run(store, call, ALWAYS)
    assert slipway.faults.struck, f"{call} is never called: this run covers nothing"
    assert ([], Status.FAILED) == (lies(slipway, ended), ended.status)
    assert ended.failure is not None
    assert ("prune_failed", True) == (ended.failure.code, "AccessDeniedException" in ended.failure.cause)

    slipway.faults.break_from_now_on({})
    again = slipway.deploy(_again(slipway, ended))
    assert (Status.SUCCEEDED, []) == (again.status, left(slipway, again))


def _again(slipway: Slipway, ended: Deployment) -> dict[str, Any]:
    manifest = asked() | {"application": ended.application}
    return pruning(manifest)


@pytest.mark.parametrize("call", OF_A_FAILURE)
def test_failure_is_told_all_the_same(store: Store, call: str) -> None:
    """What cannot be read of a failure keeps nobody from recording it."""
    slipway, ended = run(store, call, ALWAYS if call.startswith("ecs") else [CONFLICT], drain_seconds=100_000)
    assert slipway.faults.struck, f"{call} is never called: this run covers nothing"
    assert ended.failure is not None
    assert (Status.FAILED, "prune_failed") == (ended.status, ended.failure.code)
    assert [] == slipway.locks(ended)


@pytest.mark.parametrize("call", full_but(["begin_pruning"], WRITES))
def test_record_is_busy_once(store: Store, call: str) -> None:
    """Two writers who meet in the record change nothing in how a deployment ends."""
    slipway, ended = run(store, f"store.{call}", [CONFLICT])
    assert slipway.faults.struck, f"{call} is never called: this run covers nothing"
    assert ([], [], Status.SUCCEEDED) == (lies(slipway, ended), left(slipway, ended), ended.status)


def test_every_call_is_enumerated(store: Store) -> None:
    """What a clean run asks while it prunes is among the calls that are made to fail."""
    slipway, ended = run(store, CALLS[0], None)
    assert ([], []) == (lies(slipway, ended), left(slipway, ended))
    asked_then = set(slipway.faults.calls_since) - {"store.lock"}
    assert {*CALLS, *(f"store.{each}" for each in (*WRITES, *READS))} == asked_then
