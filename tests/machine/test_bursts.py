"""Many deployments that take one another's place: one after the other, and at once.

Whoever comes is accepted, one of them serves in the end, the newest, and each of them costs the same.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from chalicelib import recovery
from chalicelib.api import applications
from chalicelib.api.ways_back import cancel
from chalicelib.deployment import Deployment, Status
from chalicelib.errors import DeploymentInProgress
from chalicelib.store import Store
from tests.direct_dynamodb import DirectDynamoDb
from tests.faults import Meanwhile
from tests.full import full_but
from tests.machine.slipway import Slipway, two_services, with_service
from tests.machine.test_faults import lies
from tests.machine.test_superseding import ended, image, take_over, until

CALLS_OF_A_POST = 20


def nothing_holds(_slipway: Slipway, _manifest: dict[str, Any]) -> None:
    """Leave every service free."""


def one_is_pending(slipway: Slipway, manifest: dict[str, Any]) -> None:
    """Have the services held by a deployment that was accepted, and not planned yet."""
    slipway.post(manifest)


def one_is_at_work(slipway: Slipway, manifest: dict[str, Any]) -> None:
    """Have the services held by a deployment that waits for its rollout."""
    until(slipway, slipway.post(manifest), "AwaitStable")


def one_waits(slipway: Slipway, manifest: dict[str, Any]) -> None:
    """Have the services held by a deployment that waits for another to end."""
    one_is_at_work(slipway, manifest)
    take_over(slipway, manifest)


def one_goes_back(slipway: Slipway, manifest: dict[str, Any]) -> None:
    """Have the services held by a deployment that was cancelled, and goes back."""
    slipway.deploy(manifest)
    slipway.world.hanging.add("home:0")
    holder = slipway.post(with_service(manifest, "home", image="home:0"))
    until(slipway, holder, "AwaitStable")
    cancel(slipway.cloud, holder.id, "tester")
    until(slipway, holder, "RollBack")


HELD = [nothing_holds, one_is_pending, one_is_at_work, one_waits, one_goes_back]
Situation = Callable[[Slipway, dict[str, Any]], None]


def told(slipway: Slipway, deployments: list[Deployment]) -> list[tuple[Status, str | None]]:
    """Return how deployments ended, and who took their place, in the order of their ids."""
    found = [slipway.record(each) for each in sorted(deployments, key=lambda each: each.id)]
    return [(each.status, each.superseded_by) for each in found]


def all_ended(slipway: Slipway, deployments: list[Deployment]) -> None:
    """Let time pass until all have ended, with a sweep now and then."""
    for _ in range(20):
        slipway.clock.advance(70)
        recovery.sweep(slipway.cloud)
    assert [] == [each.id for each in deployments if not slipway.record(each).status.ended]


@pytest.mark.parametrize("length", full_but([20], [20, 200]))
def test_a_chain_costs_the_same(store: Store, items: DirectDynamoDb, length: int) -> None:
    """The last deployment of many in one another's place asks the record as often as the second did."""
    slipway, manifest = Slipway(store), two_services()
    one_is_at_work(slipway, manifest)
    cost, chain = [], []
    for _ in range(length):
        before = len(items.operations)
        chain.append(take_over(slipway, manifest)[0])
        cost.append(len(items.operations) - before)

    assert {cost[1]} == set(cost[1:])
    assert cost[1] <= CALLS_OF_A_POST
    assert {1} == {len(each.after) for each in chain}
    last = ended(slipway, chain[-1])
    assert (Status.SUCCEEDED, []) == (last.status, lies(slipway, last))


@pytest.mark.full
def test_the_end_of_a_chain_costs_the_same(store: Store, items: DirectDynamoDb) -> None:
    """What a holder asks the record when it ends does not grow with those who took one another's place meanwhile."""
    cost = []
    for length in (1, 50):
        slipway, manifest = Slipway(store), two_services()
        one_is_at_work(slipway, manifest)
        chain = [take_over(slipway, manifest)[0] for _ in range(length)]
        before = len(items.operations)
        ended(slipway, chain[-1])
        cost.append(len(items.operations) - before)
    assert cost[0] == cost[1]


ASKED = [
    f"store.{each}" for each in ("registration", "live", "lock_holders", "get", "begin", "tokens", "finish", "record")
]


def asked(slipway: Slipway, manifest: dict[str, Any]) -> int:
    """Return how often taking somebody's place asks the record."""
    before = len(slipway.faults.calls)
    take_over(slipway, manifest)
    return sum(call in ASKED for call in slipway.faults.calls[before:])


@pytest.mark.parametrize("held", full_but([one_is_pending], HELD))
def test_another_comes_between(store: Store, held: Situation) -> None:
    """Whichever call of the record another such request comes before, both are accepted and the newer one serves."""
    probe, manifest = Slipway(store), two_services()
    held(probe, manifest)
    for at in range(asked(probe, manifest)):
        slipway, manifest = Slipway(store), two_services()
        held(slipway, manifest)
        slipway.world.changes.clear()
        between = Between(slipway, at, with_service(manifest, "home", image="home:2"))
        both = [take_over(slipway, with_service(manifest, "home", image="home:3"))[0], *between.over()]
        all_ended(slipway, both)

        newer = max(both, key=lambda each: each.id)
        assert [(Status.SUPERSEDED, newer.id), (Status.SUCCEEDED, None)] == told(slipway, both), at
        assert [] == lies(slipway, slipway.record(newer)) + slipway.locks(newer)
        latest = applications.shown(slipway.cloud, newer.application, {})["deployment"]
        assert newer.id == latest["id"]


class Between:
    """Has another take the place just before one of the calls of the record that come now, whatever they ask."""

    def __init__(self, slipway: Slipway, at: int, manifest: dict[str, Any]) -> None:
        self._slipway = slipway
        self._left = at
        self._manifest = manifest
        self._taken: list[Deployment] = []
        slipway.faults.break_from_now_on({call: Meanwhile(self._count) for call in ASKED})

    def _count(self) -> None:
        self._left -= 1
        if self._left == -1:
            self._taken.append(take_over(self._slipway, self._manifest)[0])

    def over(self) -> list[Deployment]:
        """Let nothing happen any more; return what had happened."""
        self._slipway.faults.break_from_now_on({})
        return self._taken


@pytest.mark.parametrize("held", full_but([one_goes_back], HELD))
def test_fifty_at_once(store: Store, held: Situation) -> None:
    """Of fifty that come at once none is refused; the newest serves, and all others gave way to a newer one."""
    slipway, manifest = Slipway(store), two_services()
    held(slipway, manifest)
    slipway.world.changes.clear()
    bodies = [with_service(manifest, "home", image=f"home:{number}") for number in range(1, 51)]
    with ThreadPoolExecutor(50) as pool:
        burst = [deployment for deployment, _ in pool.map(lambda body: take_over(slipway, body), bodies)]
    all_ended(slipway, burst)

    *others, (last, by) = told(slipway, burst)
    newest = max(burst, key=lambda each: each.id)
    assert (Status.SUCCEEDED, None) == (last, by)
    assert {Status.SUPERSEDED} == {status for status, _ in others}
    ids = sorted(each.id for each in burst)
    assert all(by and by > each for each, (_, by) in zip(ids[:-1], others, strict=True))
    assert bodies[burst.index(newest)]["services"]["home"]["image"] == image(slipway, newest)
    assert [] == lies(slipway, slipway.record(newest)) + slipway.locks(newest)


def test_a_clock_that_is_behind(store: Store) -> None:
    """Who comes later is newer, also where the clock is behind that of who came before."""
    slipway, manifest = Slipway(store), two_services()
    slipway.clock.advance(100)
    holder = slipway.post(manifest)
    slipway.clock.advance(1)
    behind = Slipway(store, beside=slipway)
    behind.cloud._clock = Slipway(Store(store._table)).clock
    new, _ = take_over(behind, manifest)
    assert new.created_at < holder.created_at
    assert (new.id > holder.id, None, new.id) == (True, new.superseded_by, slipway.record(holder).superseded_by)


def test_who_comes_too_late_holds_nothing(store: Store) -> None:
    """One that finds a newer one in its place is accepted, ends superseded by it at once, and touches nothing."""
    slipway, manifest = Slipway(store), two_services()
    newer: list[Deployment] = []
    slipway.faults.break_from_now_on(
        {"store.lock_holders": [None, Meanwhile(lambda: newer.append(take_over(slipway, manifest)[0]))]}
    )
    late, replayed = take_over(slipway, manifest)
    record = slipway.record(late)
    assert (Status.SUPERSEDED, newer[0].id, False) == (record.status, record.superseded_by, replayed)
    assert f"{newer[0].id} takes its place, as tester asked." == record.verdict
    assert late.id not in slipway.machine.executions
    assert ["superseded"] == [event.phase for event in slipway.timeline(late)]
    assert Status.SUCCEEDED is ended(slipway, newer[0]).status


def test_a_service_at_work_stays_locked(store: Store) -> None:
    """Whoever takes some services of one that waits leaves it the others until nobody is at work on them."""
    slipway, both = Slipway(store), two_services()
    one_is_at_work(slipway, both)
    [holder] = slipway.cloud.store.open_deployments()
    waiting, _ = take_over(slipway, both)
    new, _ = take_over(slipway, {**both, "services": {"redis": both["services"]["redis"]}})

    assert (holder,) == waiting.after == new.after
    assert {f"{new.cluster}/home": waiting.id, f"{new.cluster}/redis": new.id} == slipway.cloud.store.lock_holders(
        waiting.locks
    )
    with pytest.raises(DeploymentInProgress):
        slipway.post({**both, "services": {"home": {"image": "home:1"}}})
    all_ended(slipway, [waiting, new])
    assert [(Status.SUPERSEDED, new.id), (Status.SUCCEEDED, None)] == told(slipway, [waiting, new])
    assert [] == slipway.locks(waiting)


def test_of_what_is_pending_nothing_begins(store: Store) -> None:
    """One that is pending when its place is taken changes nothing, whatever it had read before: nobody waits for it."""
    slipway, manifest = Slipway(store), two_services()
    holder, new = slipway.post(manifest), list[Deployment]()
    other = with_service(manifest, "home", image="home:2")
    slipway.faults.break_from_now_on({"store.manifest": [Meanwhile(lambda: new.append(take_over(slipway, other)[0]))]})
    slipway.machine.run(holder.id)
    after = ended(slipway, new[0])
    assert () == new[0].after
    assert {"Plan", "DeploymentFailed", "RollBack", "GoBack?", "Finish"} == set(slipway.execution(holder).path)
    assert (Status.SUPERSEDED, Status.SUCCEEDED) == (slipway.record(holder).status, after.status)
