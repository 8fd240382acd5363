"""The proof of a route: a health check or a rule that changes is proven by itself, for no rollout proves it."""

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.deployment import Status
from chalicelib.diagnosis import TargetHealth
from chalicelib.errors import AwsRefused
from chalicelib.rollout import SEEN_WITHIN
from chalicelib.store import Store
from tests.faults import After, Meanwhile
from tests.machine.slipway import Slipway, two_services, with_service
from tests.machine.test_way_back import served
from tests.stale import Behind, Once

CHECK = {"path": "/up", "interval": 20, "timeout": 5, "healthy": 2, "unhealthy": 3}
JUDGED_SECONDS = 20 * (3 + 1) + 5
KILLED = type("Lambda.Unknown", (Exception,), {})("Runtime exited")


def routed(**check: Any) -> dict[str, Any]:
    """Return a manifest in which `home` has a health check of its own."""
    return with_service(two_services(application="shop"), "home", route={"path": "/home*", "health_check": check})


def test_a_check_that_nobody_passes(store: Store) -> None:
    """A health check that no running task passes fails the deployment, with what the targets say, and goes back."""
    slipway = Slipway(store, failed_paths={"/up"})
    slipway.deploy(routed())
    was = served(slipway)
    failed = slipway.deploy(routed(**CHECK))

    assert (Status.ROLLED_BACK, was) == (failed.status, served(slipway))
    assert failed.failure is not None
    assert "home" == failed.failure.service
    evidence = [each.message for each in failed.failure.evidence if each.kind == "target_health"]
    assert 2 == sum("Target.ResponseCodeMismatch" in each for each in evidence)


@pytest.mark.parametrize("call", ["load_balancers.ensure_target_group", "load_balancers.ensure_rule"])
def test_a_check_that_nobody_passes_after_a_death(store: Store, call: str) -> None:
    """A health check has its time to judge, also where the function that changed it died before it could say so."""
    slipway = Slipway(store, {call: [None, After(KILLED)]}, failed_paths={"/up"})
    slipway.deploy(routed())

    assert Status.ROLLED_BACK is slipway.deploy(routed(**CHECK)).status


@pytest.mark.parametrize("image", ["home:1", "home:2"])
@pytest.mark.parametrize("fault", [Once(), Behind(90)], ids=["once", "90 s ago"])
def test_what_the_check_before_has_judged(store: Store, fault: Once | Behind, image: str) -> None:
    """Targets told as the check before has judged them prove nothing of the one that has changed."""
    slipway = Slipway(store, failed_paths={"/up"}, rollout_seconds=5, dns_seconds=2)
    slipway.deploy(routed())
    was = served(slipway)
    slipway.clock.advance(SEEN_WITHIN.total_seconds())
    slipway.faults.break_from_now_on({"load_balancers.target_health": fault})
    failed = slipway.deploy(with_service(routed(**CHECK), "home", image=image))
    slipway.faults.break_from_now_on({})

    assert (Status.ROLLED_BACK, was) == (failed.status, served(slipway))


def test_a_task_that_the_load_balancer_failed(store: Store) -> None:
    """A task that ECS replaces because it fails the changed check fails the deployment, whatever the others do."""
    slipway = Slipway(store, failed_paths={"/up"})
    slipway.deploy(routed())
    slipway.world.targets = (TargetHealth("10.1.0.1:5000", "unhealthy"), TargetHealth("10.1.0.2:5000", "initial"))
    failed = slipway.deploy(routed(**CHECK) | {"timeout_seconds": 600})

    assert failed.failure is not None
    assert "health_check_failed" == failed.failure.code


def test_a_rule_that_goes_at_once(store: Store) -> None:
    """A route that has changed is not proven while no rule leads to its target group."""
    slipway = Slipway(store)
    slipway.deploy(routed())
    slipway.faults.break_from_now_on({"load_balancers.leads": Meanwhile(slipway.world.rules.clear)})
    manifest = with_service(two_services(application="shop"), "home", route={"path": "/other*"})
    late = slipway.deploy(manifest | {"timeout_seconds": 60})

    assert "load_balancers.leads" in slipway.faults.struck
    assert Status.TIMED_OUT is late.status


def test_a_check_has_its_time(store: Store) -> None:
    """A health check that changes under running tasks is proven by what is told after it had its time to judge them."""
    slipway = Slipway(store)
    slipway.deploy(routed())
    deployment = slipway.deploy(routed(**CHECK))

    assert (Status.SUCCEEDED, True) == (deployment.status, deployment.services["home"].changed)
    assert deployment.finished_at is not None
    assert deployment.finished_at - deployment.created_at >= timedelta(seconds=JUDGED_SECONDS) + SEEN_WITHIN


def test_a_check_that_asks_no_more(store: Store) -> None:
    """A health check that no target fails which passed the one before it is proven by what that one has judged."""
    slipway = Slipway(store, rollout_seconds=5, dns_seconds=0)
    slipway.deploy(routed())
    deployment = slipway.deploy(routed(interval=30, timeout=6, unhealthy=4, healthy=3))

    assert (Status.SUCCEEDED, True) == (deployment.status, deployment.services["home"].changed)
    assert deployment.finished_at is not None
    assert (deployment.finished_at - deployment.created_at).total_seconds() < JUDGED_SECONDS


def test_new_tasks_begin_with_their_check(store: Store) -> None:
    """Where new tasks start nobody waits for the check: they were judged by it from the beginning."""
    slipway = Slipway(store, rollout_seconds=5, dns_seconds=0)
    slipway.deploy(routed())
    deployment = slipway.deploy(with_service(routed(**CHECK), "home", image="home:2"))

    assert Status.SUCCEEDED is deployment.status
    assert deployment.finished_at is not None
    assert (deployment.finished_at - deployment.created_at).total_seconds() < JUDGED_SECONDS


def test_unhealthy_targets_are_no_proof(store: Store) -> None:
    """A service that does not change is not proven while the load balancer does not find its tasks healthy."""
    slipway = Slipway(store)
    slipway.deploy(routed())
    slipway.world.targets = (TargetHealth("10.2.0.1:5000", "unhealthy", "Target.Timeout", "Request timed out"),) * 2
    again = slipway.deploy(routed() | {"timeout_seconds": 60})

    assert (Status.TIMED_OUT, False) == (again.status, again.services["home"].changed)
    assert "Nothing to change" not in str(again.verdict)


def test_a_rule_that_somebody_deleted(store: Store) -> None:
    """A rule that is gone is made again, which is a change, and proven."""
    slipway = Slipway(store)
    manifest = routed()
    slipway.deploy(manifest)
    slipway.world.rules.clear()
    again = slipway.deploy(manifest)

    assert (Status.SUCCEEDED, True, ("route.path",)) == (
        again.status,
        again.services["home"].changed,
        again.services["home"].changed_fields,
    )
    assert ["/home*"] == [rule.path for rule in slipway.world.rules.values()]


@pytest.mark.parametrize("call", ["load_balancers.rules", "load_balancers.routes"])
def test_a_route_that_nobody_could_look_at(store: Store, call: str) -> None:
    """What Plan could not look at is not taken for new: there is one rule, and one target group, as before."""
    slipway, manifest = Slipway(store), routed()
    slipway.deploy(manifest)
    was = dict(slipway.world.rules)
    slipway.faults.break_from_now_on({call: [AwsRefused("describe_rules", "AccessDenied", "not authorized")] * 3})
    deployment = slipway.deploy(with_service(manifest, "home", image="home:2"))

    assert call in slipway.faults.struck
    assert (Status.SUCCEEDED, was) == (deployment.status, slipway.world.rules), deployment.verdict
