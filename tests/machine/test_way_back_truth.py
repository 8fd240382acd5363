"""What a way back must not claim: that it failed where there was nothing to do, nor that it came where nobody went."""

from dataclasses import replace
from functools import partial

import pytest

from chalicelib import events
from chalicelib.api import ways_back
from chalicelib.deployment import Status
from chalicelib.store import Store
from tests.faults import Meanwhile
from tests.machine.moments import Interruption, Moment
from tests.machine.slipway import Slipway, two_services, with_service
from tests.machine.test_events import executions_end


def test_namespace_that_could_not_be_made(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    """A namespace that Cloud Map could not make left nothing to remove: going back has not failed, nobody is called."""
    slipway = Slipway(store, namespace_error="CANNOT_CREATE_HOSTED_ZONE: no right")
    ended = slipway.deploy(two_services())
    assert (Status.FAILED, None) == (ended.status, ended.rollback_failure)
    assert "RollbackFailed" not in capsys.readouterr().out


def test_desired_count_that_we_set_goes_back(store: Store) -> None:
    """Where this deployment said how many tasks run, going back says it again, also under scaling that is put back."""
    slipway, scaling = Slipway(store, broken={"last:2"}), {"min": 1, "max": 6, "cpu": 60}
    last = with_service(two_services(), "last", image="last:1", depends_on=["home"])
    manifest = with_service(last, "home", scaling=scaling)
    first = slipway.deploy(manifest)
    changed = with_service(with_service(manifest, "home", scaling=None, desired_count=1), "last", image="last:2")
    ended = slipway.deploy(changed)
    home = slipway.world.service(first.cluster, "home")
    assert home is not None
    assert (Status.ROLLED_BACK, 2) == (ended.status, home.spec.desired_count)


def test_cancelled_execution_that_dies(store: Store) -> None:
    """A cancelled deployment whose execution is stopped before it went back is failed: what it changed stays."""
    slipway, manifest = Slipway(store), two_services()
    slipway.deploy(manifest)
    posted = slipway.post(with_service(manifest, "home", image="home:2"))
    slipway.clock.advance(15)
    home = slipway.world.service(posted.cluster, "home")
    assert home is not None
    assert slipway.record(posted).services["home"].task_definition == home.spec.task_definition
    ways_back.cancel(slipway.cloud, posted.id, "canceller")
    slipway.machine.stop(posted.id)
    events.on_event(slipway.cloud, executions_end(posted, "ABORTED"))
    ended = slipway.record(posted)
    assert ended.rollback_failure is not None
    assert (Status.FAILED, "execution_ended", []) == (ended.status, ended.rollback_failure.code, slipway.locks(ended))


@pytest.mark.parametrize("anew", [True, False])
def test_ecs_has_gone_back_by_itself(store: Store, anew: bool) -> None:
    """A way back that ECS's circuit breaker took is not waited for twice: when it is complete, ours is."""
    slipway, manifest = Slipway(store, rollout_seconds=5, rolls_back_anew=anew), two_services()
    slipway.deploy(manifest)
    slipway.world.broken.add("home:2")
    slipway.world.changes.clear()
    ended = slipway.deploy(with_service(manifest, "home", image="home:2"))
    assert (Status.ROLLED_BACK, ["update home: task_definition"]) == (ended.status, slipway.world.changes[1:])
    assert ended.failed_at is not None
    assert ended.finished_at is not None
    assert (ended.finished_at - ended.failed_at).total_seconds() < 30


def test_breaker_that_opens_just_before_our_call(store: Store) -> None:
    """A way back that ECS's circuit breaker took just before ours is followed: its rollout is not ours that failed."""
    slipway, manifest = Slipway(store), two_services()
    application = slipway.deploy(manifest).cluster
    slipway.world.broken.add("home:2")

    def opens() -> None:
        home = slipway.world.services[application, "home"]
        last = home.deployments[-1]
        home.deployments[-1] = replace(last, seconds=slipway.clock.seconds - last.began)

    slipway.faults.break_from_now_on({"ecs.update_service": [None, Meanwhile(opens)]})
    posted = slipway.post(with_service(manifest, "home", image="home:2"))
    cancels = partial(ways_back.cancel, slipway.cloud, posted.id, "canceller")
    Interruption(slipway, Moment("DeployService", "home", after=True), cancels)
    slipway.machine.run(posted.id)
    ended = slipway.record(posted)
    home = slipway.world.services[application, "home"]
    assert [True] == [each.rolls_back for each in home.deployments[2:]], "ours started another"
    assert (Status.CANCELLED, None) == (ended.status, ended.rollback_failure)
