"""How many tasks run: a manifest without `desired_count` keeps the count that is there, and room to replace one."""

from typing import Any

import pytest

from chalicelib.deployment import Deployment, Status
from chalicelib.diagnosis import ServiceEvent
from chalicelib.store import Store
from tests.machine.slipway import Slipway, two_services, with_service
from tests.machine.test_live import live
from tests.machine.test_superseding import ended, until

NO_ROOM = (
    "(service home) was unable to stop or start tasks during a deployment because of the service deployment "
    "configuration. Update the minimumHealthyPercent or maximumPercent value and try again."
)
HALF = {"minimum_healthy_percent": 50, "maximum_percent": 100}


def left_out(manifest: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return a manifest in which `home` has no desired count."""
    return with_service(manifest, "home", desired_count=None, **changes)


def count(slipway: Slipway, deployment: Deployment) -> int | None:
    """Return the desired count of `home`."""
    home = slipway.world.service(deployment.cluster, "home")
    return home.spec.desired_count if home else None


def scale(slipway: Slipway, deployment: Deployment, desired: int) -> None:
    """Have somebody set the desired count of `home`."""
    home = slipway.world.service(deployment.cluster, "home")
    assert home is not None
    slipway.world.set_desired(home, desired)


def test_a_new_service_begins_with_one(store: Store) -> None:
    """Without a count before, and without one in the manifest, one task runs."""
    slipway = Slipway(store)
    deployment = slipway.deploy(left_out(two_services()))
    assert (Status.SUCCEEDED, 1) == (deployment.status, deployment.services["home"].running)


@pytest.mark.parametrize("desired", [0, 5])
def test_the_count_that_runs_is_kept(store: Store, desired: int) -> None:
    """What somebody made of the count is no change and no drift, and a new revision runs as often."""
    slipway, manifest = Slipway(store), left_out(two_services())
    first = slipway.deploy(manifest)
    scale(slipway, first, desired)
    slipway.clock.advance(10)
    slipway.world.changes.clear()
    plan, again = slipway.dry_run(manifest), slipway.deploy(manifest)
    assert ("unchanged", 0) == (plan["services"]["home"]["action"], plan["calls"])
    assert (Status.SUCCEEDED, False, []) == (again.status, again.services["home"].changed, slipway.world.changes)
    assert [] == live(slipway, first)["services"]["home"]["drift"]

    after = slipway.deploy(left_out(manifest, image="home:2"))
    home = after.services["home"]
    assert (Status.SUCCEEDED, desired, ("image",)) == (after.status, home.running, home.changed_fields)


@pytest.mark.parametrize(("asked", "expected"), [(None, 5), (2, 2)])
def test_a_way_back_keeps_it(store: Store, asked: int | None, expected: int) -> None:
    """What somebody made of the count meanwhile stays on the way back, unless the manifest says how many run."""
    slipway, manifest = Slipway(store, hanging={"home:2"}), two_services()
    slipway.deploy(manifest)
    deployment = slipway.post(with_service(manifest, "home", image="home:2", desired_count=asked))
    until(slipway, deployment, "AwaitStable")
    scale(slipway, deployment, 5)
    assert (Status.TIMED_OUT, expected) == (ended(slipway, deployment).status, count(slipway, deployment))


def test_no_room_at_the_count_that_runs(store: Store) -> None:
    """A service that was scaled in to where none can be replaced is refused before it changes, by plan and deployment.

    What does not change is not refused: it serves.
    """
    slipway, manifest = Slipway(store), with_service(two_services(), "home", rollout=HALF)
    scale(slipway, slipway.deploy(manifest), 1)
    slipway.clock.advance(10)
    slipway.world.changes.clear()
    changed = left_out(manifest, image="home:2")
    plan, failed, same = slipway.dry_run(changed), slipway.deploy(changed), slipway.deploy(left_out(manifest))

    assert failed.failure is not None
    assert ["rollout_has_no_room"] == [each["code"] for each in plan["findings"]]
    assert (Status.FAILED, "rollout_has_no_room", "home") == (
        failed.status,
        failed.failure.code,
        failed.failure.service,
    )
    assert (Status.SUCCEEDED, []) == (same.status, slipway.world.changes)


def test_scaled_in_while_it_rolls_out(store: Store) -> None:
    """Once ECS says that the percentages let it go on no further, the rollout has failed, long before its deadline."""
    slipway, manifest = Slipway(store, hanging={"home:2"}), with_service(two_services(), "home", rollout=HALF)
    slipway.deploy(manifest)
    deployment = slipway.post(left_out(manifest, image="home:2"))
    until(slipway, deployment, "AwaitStable")
    slipway.clock.advance(20)
    told = (ServiceEvent(slipway.clock.now(), NO_ROOM),)
    slipway.world.events[f"{deployment.cluster}/home"] = told
    slipway.clock.advance(20)
    assert Status.RUNNING is slipway.record(deployment).status  # two tasks can be replaced one by one
    scale(slipway, deployment, 1)
    after = ended(slipway, deployment)

    assert after.failure is not None
    assert (Status.ROLLED_BACK, "rollout_has_no_room") == (after.status, after.failure.code)
    assert NO_ROOM in after.failure.cause
    assert "with 1 desired, 100 % allows 1 tasks and 50 % keeps 1" in after.failure.cause
