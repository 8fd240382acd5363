"""Cancel, at every moment of a deployment: it goes back and ends cancelled, or it was too late and succeeded."""

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.api.ways_back import cancel
from chalicelib.deployment import Deployment, Status
from chalicelib.errors import NotCancellable, NotFound
from chalicelib.store import Store
from tests.machine.moments import Interruption, Moment, moments
from tests.machine.slipway import Slipway, two_services, with_service
from tests.machine.test_faults import lies
from tests.machine.test_teardown import leftovers

BEFORE_SERVICES = ["Plan", "Namespace", "Cluster"]
OF_A_SERVICE = [
    "RegisterTaskDefinition",
    "Discovery",
    "Balancer",
    "BeforeDeploy",
    "AwaitTask",
    "DeployService",
    "AwaitStable",
    "AwaitNames",
    "Scaling",
    "ServiceProven",
]
OF_HOME = ["BeforeDeploy", "AwaitTask", "Scaling"]
EVERY = [
    *moments([*BEFORE_SERVICES, "Finish"]),
    *moments([state for state in OF_A_SERVICE if state not in OF_HOME], "redis"),
    *moments(OF_A_SERVICE, "home"),
]
ONLY_FIRST = moments(["AwaitNamespace"])
TOO_LATE = Moment("Finish", None, after=True)


def manifest(image: str = "1", **changes: Any) -> dict[str, Any]:
    """Return two services with everything, both of an image that differs with each version, as does the scaling."""
    asked = with_service(two_services(**changes), "redis", image=f"redis:{image}")
    scaling = {"min": 2, "max": 3 + int(image), "cpu": 60}
    migrates = {"command": ["migrate"], "timeout_seconds": 20}
    return with_service(asked, "home", image=f"home:{image}", scaling=scaling, before_deploy=migrates)


def serving(slipway: Slipway, deployment: Deployment) -> dict[str, str | None]:
    """Return what serves, by service."""
    return {name: slipway.world.serves(deployment.cluster, name) for name in deployment.services}


def left(slipway: Slipway) -> dict[str, Any]:
    """Return what is there, but for the revisions that a next deployment makes use of."""
    return {kind: found for kind, found in leftovers(slipway).items() if kind != "revisions"}


class Caller:
    """Who cancels, and whether he was refused."""

    def __init__(self, slipway: Slipway) -> None:
        self._slipway = slipway
        self.refused: list[NotCancellable] = []

    def cancels(self, deployment: Deployment) -> None:
        """Ask for it."""
        try:
            cancel(self._slipway.cloud, deployment.id, "tester")
        except NotCancellable as refusal:
            self.refused.append(refusal)


def cancelled_at(slipway: Slipway, moment: Moment, asked: dict[str, Any]) -> tuple[Deployment, Caller]:
    """Deploy, and cancel it at a moment; return how it ended, and the one who asked."""
    caller = Caller(slipway)
    deployment = slipway.post(asked)
    interruption = Interruption(slipway, moment, lambda: caller.cancels(deployment))
    slipway.machine.run(deployment.id)
    assert interruption.happened, f"no run comes to the moment {moment}"
    return slipway.record(deployment), caller


def small_slipway(store: Store) -> Slipway:
    """Return an installation whose world is quick, but for its names: they are waited for, too."""
    return Slipway(store, rollout_seconds=5, namespace_seconds=5, dns_seconds=20)


AFTER, BEFORE = ([each for each in EVERY if each.after is after] for after in (True, False))


def in_full(moments: list[Moment]) -> list[Any]:
    """Return moments that are left to `make test-full`: each is a deployment of its own."""
    return [pytest.param(each, marks=pytest.mark.full) for each in moments]


@pytest.mark.parametrize("moment", [*in_full(EVERY), *ONLY_FIRST], ids=str)
def test_of_a_first_deployment_nothing_is_left(store: Store, moment: Moment) -> None:
    """Whenever a first deployment is cancelled it ends so, and nothing is left; after its verdict that is refused."""
    slipway = small_slipway(store)
    deployment, caller = cancelled_at(slipway, moment, manifest())

    too_late = moment == TOO_LATE
    assert [] == lies(slipway, deployment)
    assert (Status.SUCCEEDED if too_late else Status.CANCELLED) is deployment.status, deployment.verdict
    assert (too_late, too_late) == (bool(caller.refused), bool(left(slipway))), left(slipway)


@pytest.mark.parametrize("moment", [*AFTER, *in_full(BEFORE)], ids=str)
def test_of_an_update_what_served_before_serves(store: Store, moment: Moment) -> None:
    """Whenever an update is cancelled, it ends so and what served before serves; after its verdict it is refused."""
    slipway, first = small_slipway(store), manifest()
    before = serving(slipway, slipway.deploy(first))
    there = left(slipway)
    slipway.world.changes.clear()
    asked = {**manifest("2"), "application": first["application"]}
    deployment, caller = cancelled_at(slipway, moment, asked)

    too_late = moment == TOO_LATE
    assert [] == lies(slipway, deployment)
    assert (Status.SUCCEEDED if too_late else Status.CANCELLED) is deployment.status, deployment.verdict
    assert (too_late, too_late) == (bool(caller.refused), serving(slipway, deployment) != before)
    assert there == left(slipway)


def test_every_step_of_a_run_is_a_moment(store: Store) -> None:
    """The moments of a cancel are those of every step that a clean run takes."""
    slipway = small_slipway(store)
    entered = slipway.execution(slipway.deploy(manifest())).entered
    tasks = {(name, service) for name, service in entered if not name.endswith("?")}
    structure = {(name, None) for name in ("Services", "NextWave")}
    assert tasks - structure == {(each.state, each.service) for each in [*EVERY, *ONLY_FIRST]}


class Meanwhile:
    """A record in which something happens just before the first end of a deployment is written."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.action: Callable[[], None] | None = None

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name == "finish" and self.action:
            action, self.action = self.action, None
            action()
        method: Callable[..., Any] = getattr(self._store, name)
        return method


def test_race_in_finish(store: Store) -> None:
    """A cancel that comes between the verdict and its record is true: the deployment goes back after all."""
    meanwhile = Meanwhile(store)
    slipway = small_slipway(meanwhile)  # type: ignore[arg-type]  # it answers to the same names
    first = manifest()
    before = serving(slipway, slipway.deploy(first))
    slipway.world.changes.clear()
    caller = Caller(slipway)
    deployment = slipway.post({**manifest("2"), "application": first["application"]})
    meanwhile.action = lambda: caller.cancels(deployment)
    execution = slipway.machine.run(deployment.id)
    ended = slipway.record(deployment)

    assert ([], []) == (caller.refused, lies(slipway, ended))
    assert (Status.CANCELLED, before) == (ended.status, serving(slipway, ended))
    assert ["Finish", "RollBack", "Finish"] == [n for n, _ in execution.entered if n in ("Finish", "RollBack")]


def test_kept_is_cancelled_all_the_same(store: Store) -> None:
    """A cancelled deployment goes back with on_failure: keep, too."""
    slipway = small_slipway(store)
    deployment, _ = cancelled_at(slipway, Moment("AwaitStable", "home", after=True), manifest(on_failure="keep"))
    assert (Status.CANCELLED, {}) == (deployment.status, left(slipway))


def test_it_is_seen_at_once(store: Store) -> None:
    """A cancel wakes the waits: nobody waits for the poll."""
    slipway = Slipway(store, hanging={"home:1"})
    deployment = slipway.post({**two_services(), "poll_seconds": 300})
    slipway.clock.advance(100)
    cancel(slipway.cloud, deployment.id, "tester")
    slipway.clock.advance(2)
    phases = [event.phase for event in slipway.timeline(deployment)]
    assert ["cancelling", "rolling_back"] == [each for each in phases if each in ("cancelling", "rolling_back")]


def test_who_cancelled_is_told(store: Store) -> None:
    """The failure of a cancelled deployment names who cancelled it, and the timeline says when."""
    slipway = small_slipway(store)
    deployment, _ = cancelled_at(slipway, Moment("DeployService", "redis", after=True), manifest())
    assert deployment.failure is not None
    assert ("deployment_cancelled", "Cancelled by tester") == (deployment.failure.code, deployment.failure.cause)
    told = [event.message for event in slipway.timeline(deployment) if event.phase == "cancelling"]
    assert ["Cancelled by tester"] == told


def test_pending(store: Store) -> None:
    """A deployment that did not start yet is cancelled without a change."""
    slipway = small_slipway(store)
    deployment = slipway.post(two_services())
    pending = cancel(slipway.cloud, deployment.id, "tester").status
    slipway.machine.run(deployment.id)
    ended = slipway.record(deployment)
    assert (Status.PENDING, Status.CANCELLED) == (pending, ended.status)
    assert ([], []) == (slipway.world.changes, slipway.locks(ended))


def test_twice(store: Store) -> None:
    """A second cancel of the same deployment is refused: it goes back already, and ends once."""
    slipway = small_slipway(store)
    deployment = slipway.post(two_services())
    slipway.clock.advance(10)
    cancel(slipway.cloud, deployment.id, "tester")
    with pytest.raises(NotCancellable, match="goes back already"):
        cancel(slipway.cloud, deployment.id, "another")
    slipway.machine.run(deployment.id)
    assert "Cancelled by tester" in (slipway.record(deployment).verdict or "")


def test_going_back_already(store: Store) -> None:
    """What failed goes back already: a cancel is refused, and the verdict stays that of the failure."""
    slipway = Slipway(store)
    first = two_services()
    slipway.deploy(first)
    slipway.world.broken.add("home:2")
    deployment = slipway.post(with_service(first, "home", image="home:2"))
    while not slipway.record(deployment).goes_back:
        assert slipway.clock.step()
    with pytest.raises(NotCancellable, match="goes back already"):
        cancel(slipway.cloud, deployment.id, "tester")
    slipway.machine.run(deployment.id)
    assert Status.ROLLED_BACK is slipway.record(deployment).status


def test_ended(store: Store) -> None:
    """What has ended is not cancelled, and the refusal says how it ended; nothing of it changes."""
    slipway = small_slipway(store)
    ended = slipway.deploy(two_services())
    with pytest.raises(NotCancellable, match="it is succeeded"):
        cancel(slipway.cloud, ended.id, "tester")
    assert ended == slipway.record(ended)


def test_teardown(store: Store) -> None:
    """A teardown is not cancelled, for it has no way back; it goes on."""
    slipway = small_slipway(store)
    teardown = slipway.delete(slipway.deploy(two_services()))
    with pytest.raises(NotCancellable, match="a teardown has no way back"):
        cancel(slipway.cloud, teardown.id, "tester")
    slipway.teardowns.run(teardown.id)
    assert Status.SUCCEEDED is slipway.record(teardown).status


def test_nobody_knows_it(store: Store) -> None:
    """What there is not cannot be cancelled."""
    with pytest.raises(NotFound):
        cancel(Slipway(store).cloud, "dep_00000000000000000000000000", "tester")
