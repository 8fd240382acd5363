"""?on_busy=supersede: the newest takes the place of those that hold its services, and starts when they have ended."""

import dataclasses
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from chalicelib import recovery
from chalicelib.api import deployments
from chalicelib.api.ways_back import cancel
from chalicelib.deployment import Deployment, Status
from chalicelib.errors import DeploymentInProgress, Throttled
from chalicelib.store import Store
from tests.machine.slipway import Slipway, request, two_services, with_service
from tests.machine.test_faults import lies

REFUSED = [Throttled("start_execution", "ThrottlingException", "")]


def take_over(slipway: Slipway, manifest: dict[str, Any], key: str | None = None) -> tuple[Deployment, bool]:
    """POST a manifest with ?on_busy=supersede."""
    asked = dataclasses.replace(request(manifest, key), supersede=True)
    return deployments.create(slipway.cloud, asked)


def until(slipway: Slipway, deployment: Deployment, state: str) -> None:
    """Let time pass until a deployment has come to a state."""
    while state not in slipway.execution(deployment).path:
        assert slipway.clock.step(), f"it never comes to {state}"


def ended(slipway: Slipway, deployment: Deployment) -> Deployment:
    """Let time pass until a deployment has ended."""
    while not slipway.record(deployment).status.ended:
        assert slipway.clock.step(), f"{deployment.id} waits for nothing"
    slipway.clock.advance(1)
    return slipway.record(deployment)


def holds(slipway: Slipway, deployment: Deployment) -> list[str]:
    """Return the services of a deployment whose locks are its own."""
    locks = {name: slipway.cloud.store.lock(name) for name in deployment.locks}
    return [name for name, lock in locks.items() if lock and lock.deployment_id == deployment.id]


@pytest.mark.parametrize("state", ["Plan", "AwaitNamespace", "AwaitStable", "AwaitNames", "Finish"])
def test_the_holder_gives_way(store: Store, state: str) -> None:
    """Wherever the holder is, it ends superseded by the new one without going back, and the new one succeeds."""
    slipway, manifest = Slipway(store), two_services()
    holder = slipway.post(manifest)
    until(slipway, holder, state)
    slipway.world.changes.clear()
    new, _ = take_over(slipway, with_service(manifest, "home", image="home:2"))
    after, old = ended(slipway, new), slipway.record(holder)

    if state == "Finish":
        assert (Status.SUCCEEDED, None, ()) == (old.status, old.superseded_by, new.after)
    else:
        assert (Status.SUPERSEDED, new.id, False) == (old.status, old.superseded_by, old.goes_back)
        assert f"{new.id} takes its place, as tester asked." == old.verdict
    assert (Status.SUCCEEDED, []) == (after.status, lies(slipway, after))


def test_the_new_one_waits_with_all_locks(store: Store) -> None:
    """The new one holds every lock at once, is pending until the holder has ended, and starts then."""
    slipway, manifest = Slipway(store), two_services()
    holder = slipway.post(manifest)
    until(slipway, holder, "AwaitStable")
    new, _ = take_over(slipway, manifest)

    assert (Status.PENDING, (holder.id,), []) == (new.status, new.after, holds(slipway, holder))
    assert (list(new.locks), False) == (holds(slipway, new), new.id in slipway.machine.executions)
    ended(slipway, holder)
    assert new.id in slipway.machine.executions
    assert list(new.locks) == holds(slipway, new)


def test_its_time_begins_when_it_starts(store: Store) -> None:
    """The deadline of one that waited is its timeout_seconds after its own Plan."""
    slipway, manifest = Slipway(store, hanging={"home:2"}), two_services(timeout_seconds=100)
    slipway.deploy(manifest)
    holder = slipway.post(with_service(manifest, "home", image="home:2"))
    slipway.clock.advance(60)
    cancel(slipway.cloud, holder.id, "tester")
    slipway.clock.advance(1)
    new, _ = take_over(slipway, manifest)
    done = ended(slipway, new)
    planned = next(event.at for event in slipway.timeline(new) if event.phase == "planned")

    assert planned > new.created_at + timedelta(seconds=2)
    assert timedelta(seconds=100) == pytest.approx(done.deadline_at - planned, abs=timedelta(seconds=1))


def test_one_that_goes_back_is_waited_for(store: Store) -> None:
    """A holder that goes back already ends its way back, with the status of its own cause; then the new one starts."""
    slipway, manifest = Slipway(store), two_services()
    slipway.deploy(manifest)
    slipway.world.broken.add("home:2")
    holder = slipway.post(with_service(manifest, "home", image="home:2"))
    until(slipway, holder, "Restore")
    new, _ = take_over(slipway, with_service(manifest, "home", image="home:3"))
    after, old = ended(slipway, new), slipway.record(holder)

    assert (Status.ROLLED_BACK, new.id, "image_not_found") == (
        old.status,
        old.superseded_by,
        old.failure.code if old.failure else None,
    )
    started_at = next(event.at for event in slipway.timeline(new))
    assert old.finished_at is not None
    assert (Status.SUCCEEDED, True) == (after.status, started_at > old.finished_at)


def test_a_chain_of_three(store: Store) -> None:
    """One that waits gives way too, without a start: the newest goes next, when the first has ended."""
    slipway, manifest = Slipway(store), two_services()
    first = slipway.post(manifest)
    until(slipway, first, "AwaitStable")
    second, _ = take_over(slipway, with_service(manifest, "home", image="home:2"))
    third, _ = take_over(slipway, with_service(manifest, "home", image="home:3"))
    after = ended(slipway, third)

    statuses = [slipway.record(each).status for each in (first, second)]
    assert [Status.SUPERSEDED] * 2 == statuses
    assert [second.id, third.id] == [slipway.record(each).superseded_by for each in (first, second)]
    assert ((first.id,), False) == (third.after, second.id in slipway.machine.executions)
    assert (Status.SUCCEEDED, [], "home:3") == (after.status, lies(slipway, after), image(slipway, after))


def image(slipway: Slipway, deployment: Deployment) -> str:
    """Return the image of `home` that serves."""
    serves = slipway.world.serves(deployment.cluster, "home")
    assert serves is not None
    return next(iter(slipway.world.spec_of(serves).images))


def test_two_holders(store: Store) -> None:
    """One that takes the place of two waits for both."""
    slipway, both = Slipway(store, hanging={"home:2"}), two_services()
    slipway.deploy(both)
    alone = {name: {**both, "services": {name: both["services"][name]}} for name in both["services"]}
    home = {key: value for key, value in both["services"]["home"].items() if key != "depends_on"}
    redis = slipway.post(with_service(alone["redis"], "redis", image="redis:8"))
    hangs = slipway.post({**alone["home"], "services": {"home": {**home, "image": "home:2"}}})
    slipway.clock.advance(5)
    slipway.world.changes.clear()
    new, _ = take_over(slipway, both)
    after = ended(slipway, new)

    assert {redis.id, hangs.id} == set(new.after)
    assert [(Status.SUPERSEDED, new.id)] * 2 == [
        (each.status, each.superseded_by) for each in (slipway.record(redis), slipway.record(hangs))
    ]
    assert (Status.SUCCEEDED, []) == (after.status, lies(slipway, after))


def test_what_the_holder_holds_alone_is_free(store: Store) -> None:
    """A service that only the holder names is free when it has ended."""
    slipway, both = Slipway(store), two_services()
    holder = slipway.post(both)
    until(slipway, holder, "AwaitStable")
    new, _ = take_over(slipway, {**both, "services": {"redis": both["services"]["redis"]}})
    waiting = holds(slipway, holder)
    ended(slipway, new)
    assert ([f"{holder.cluster}/home"], []) == (waiting, slipway.locks(holder))


def test_a_teardown_gives_way_to_nobody(store: Store) -> None:
    """A service that is being torn down is busy for whoever asks; the teardown goes on."""
    slipway, manifest = Slipway(store), two_services()
    teardown = slipway.delete(slipway.deploy(manifest))
    slipway.clock.advance(1)
    with pytest.raises(DeploymentInProgress) as busy:
        take_over(slipway, manifest)
    assert (teardown.id, None) == (busy.value.holder, slipway.record(teardown).superseded_by)
    slipway.teardowns.run(teardown.id)
    assert Status.SUCCEEDED is slipway.record(teardown).status


def test_without_it_the_holder_counts(store: Store) -> None:
    """Unless asked so, nobody's place is taken: the service is busy, and the holder succeeds."""
    slipway, manifest = Slipway(store), two_services()
    holder = slipway.post(manifest)
    with pytest.raises(DeploymentInProgress):
        slipway.post(manifest)
    assert Status.SUCCEEDED is ended(slipway, holder).status


def test_nobody_holds_it(store: Store) -> None:
    """Where nothing is busy it is a POST like any other."""
    slipway = Slipway(store)
    new, replayed = take_over(slipway, two_services())
    assert ((), False, Status.SUCCEEDED) == (new.after, replayed, ended(slipway, new).status)


def test_key(store: Store) -> None:
    """The same key again is the same deployment: it does not take its own place."""
    slipway, manifest = Slipway(store), two_services()
    holder = slipway.post(manifest)
    until(slipway, holder, "AwaitStable")
    answers = [take_over(slipway, manifest, key="once") for _ in range(2)]
    after = ended(slipway, answers[0][0])
    again, replayed = take_over(slipway, manifest, key="once")

    assert [False, True, True] == [*(each for _, each in answers), replayed]
    assert {after.id} == {each.id for each, _ in answers} | {again.id}
    assert (Status.SUCCEEDED, None) == (after.status, after.superseded_by)


@pytest.mark.parametrize(("dead_seconds", "timeout_seconds"), [(61, 900), (80, 100)])
def test_crash_before_the_start(store: Store, dead_seconds: int, timeout_seconds: int) -> None:
    """When the new one could not be started as the holder ended, the sweep starts it, once it is a minute old.

    It has its whole time from that end on, however long nobody noticed that the holder was dead.
    """
    slipway, manifest = Slipway(store, rollout_seconds=5, namespace_seconds=5, dns_seconds=2), two_services()
    holder = slipway.post(manifest)
    until(slipway, holder, "AwaitStable")
    slipway.faults.break_from_now_on({"workflow.start": REFUSED * 2, "workflow.complete": REFUSED})
    new, _ = take_over(slipway, manifest | {"timeout_seconds": timeout_seconds})
    slipway.machine.stop(holder.id)
    slipway.clock.advance(dead_seconds)
    with pytest.raises(ExceptionGroup, match="the next sweep meets them again"):
        recovery.sweep(slipway.cloud)
    young = new.id in slipway.machine.executions
    slipway.clock.advance(61)
    with suppress(ExceptionGroup):
        recovery.sweep(slipway.cloud)
    recovery.sweep(slipway.cloud)
    after = ended(slipway, new)

    assert (False, Status.SUPERSEDED) == (young, slipway.record(holder).status)
    assert (Status.SUCCEEDED, []) == (after.status, lies(slipway, after))


def test_the_sweep_starts_nobody_too_early(store: Store) -> None:
    """However old the new one is, the sweep starts it only when the holder has ended."""
    slipway, manifest = Slipway(store, hanging={"home:2"}), two_services()
    slipway.deploy(manifest)
    slipway.world.rollout_seconds = 200
    holder = slipway.post(with_service(manifest, "home", image="home:2"))
    until(slipway, holder, "AwaitStable")
    slipway.clock.advance(10)
    cancel(slipway.cloud, holder.id, "tester")
    new, _ = take_over(slipway, with_service(manifest, "home", image="home:3"))
    slipway.clock.advance(65)
    recovery.sweep(slipway.cloud)

    assert (False, False) == (slipway.record(holder).status.ended, new.id in slipway.machine.executions)
    assert [Status.SUCCEEDED, Status.CANCELLED] == [ended(slipway, new).status, slipway.record(holder).status]


def test_one_that_waits_is_cancelled(store: Store) -> None:
    """One that waits is cancelled like any other: it changes nothing, and the holder ends superseded all the same."""
    slipway, manifest = Slipway(store), two_services()
    holder = slipway.post(manifest)
    until(slipway, holder, "AwaitStable")
    new, _ = take_over(slipway, manifest)
    cancel(slipway.cloud, new.id, "tester")
    after = ended(slipway, new)
    assert (Status.CANCELLED, Status.SUPERSEDED) == (after.status, slipway.record(holder).status)
    assert [] == slipway.locks(after)
