"""Services that a manifest does not name any more: left alone and told of, or removed within the deployment."""

from datetime import timedelta
from typing import Any

import pytest

from chalicelib import events
from chalicelib.api import ways_back
from chalicelib.deployment import Deployment, Status, new_id, progress_of, status_document
from chalicelib.diagnosis import ServiceEvent
from chalicelib.errors import AwsRefused, DeploymentInProgress, NotCancellable, TooManyServices
from chalicelib.store import Store
from tests.machine.moments import Interruption, Moment
from tests.machine.slipway import Slipway, two_services, with_service
from tests.machine.test_events import ecs_event
from tests.stale import Behind, Once

REPLACED = "Scaling activity initiated by (deployment ecs-svc/1)"


def without_home(manifest: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return a manifest that names redis alone."""
    return {**manifest, "services": {"redis": manifest["services"]["redis"]}, **changes}


def renamed(manifest: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return a manifest in which home is called web, has the same path and the same name in DNS, and prunes."""
    services = {"redis": manifest["services"]["redis"], "web": {**manifest["services"]["home"], **changes}}
    return {**manifest, "services": services, "prune": True}


def said(slipway: Slipway, deployment: Deployment, phase: str) -> list[str]:
    """Return what the timeline says of a phase."""
    return [event.message for event in slipway.timeline(deployment) if event.phase == phase]


def deployed(store: Store, **world: Any) -> tuple[Slipway, dict[str, Any]]:
    """Return a Slipway in which two services serve, and their manifest."""
    slipway, manifest = Slipway(store, **world), two_services()
    assert Status.SUCCEEDED is slipway.deploy(manifest).status
    slipway.world.changes.clear()
    return slipway, manifest


def test_unnamed_service_is_left_alone_and_told(store: Store) -> None:
    """What a manifest does not name serves on, and the timeline says so."""
    slipway, manifest = deployed(store)
    deployment = slipway.deploy(without_home(manifest))
    assert (Status.SUCCEEDED, []) == (deployment.status, slipway.world.changes)
    expected = "Not named in this manifest: home; it is left alone; prune: true removes it."
    assert expected == said(slipway, deployment, "planned")[-1]


def test_prune_removes_what_is_not_named(store: Store) -> None:
    """With prune the deployment itself removes the service with all that is its own, and its verdict says so."""
    slipway, manifest = deployed(store)
    deployment = slipway.deploy(without_home(manifest, prune=True))
    assert Status.SUCCEEDED is deployment.status
    assert "Nothing to change: redis already serve as asked, proven. home is removed." == deployment.verdict
    assert {"redis": "succeeded", "home": "removed"} == {
        name: each["status"] for name, each in status_document(deployment)["services"].items()
    }
    assert [(deployment.cluster, "redis")] == list(slipway.world.services)
    assert ({}, {}) == (slipway.world.rules, slipway.world.target_groups)
    assert [(manifest["namespace"], "redis")] == list(slipway.world.registered)
    assert ["redis"] == list(slipway.cloud.store.live(deployment.application, "default"))
    assert [] == slipway.locks(deployment)
    [family] = [each for each in slipway.world.revisions if each.endswith("home")]
    assert {each.arn for each in slipway.world.revisions[family]} <= slipway.world.inactive


def test_rules_go_first(store: Store) -> None:
    """No request is led to a service that is stopped: its rule is gone one whole poll earlier."""
    slipway, manifest = deployed(store)
    begun = slipway.post(without_home(manifest, prune=True))
    at: list[float] = []
    moments = (Moment("RemoveRules", None, after=True), Moment("RemoveUnnamed", None, after=False))
    for moment in moments:
        Interruption(slipway, moment, lambda: at.append(slipway.clock.seconds))
    slipway.machine.run(begun.id)
    order = [each for each in slipway.world.changes if each in ("delete rule home", "delete home")]
    assert ["delete rule home", "delete home"] == order
    assert round(at[1] - at[0], 3) >= 15


def test_the_end_comes_last(store: Store) -> None:
    """After the event that ends a deployment comes no other, and nothing changes."""
    slipway, manifest = deployed(store)
    deployment = slipway.deploy(without_home(manifest, prune=True))
    assert "succeeded" == slipway.timeline(deployment)[-1].phase
    assert [] == list(slipway.teardowns.executions)


def test_nothing_is_pruned_twice(store: Store) -> None:
    """What was pruned is not looked for again, and a whole teardown finds the rest."""
    slipway, manifest = deployed(store)
    slipway.deploy(without_home(manifest, prune=True))
    slipway.world.changes.clear()
    again = slipway.deploy(without_home(manifest, prune=True))
    assert (["redis"], []) == (list(again.services), slipway.world.changes)
    slipway.tear_down(again)
    assert ({}, {}, {}) == (slipway.world.services, slipway.world.registered, slipway.world.namespaces)


def test_nothing_is_pruned_after_a_failure(store: Store) -> None:
    """A deployment that fails removes nothing, and goes back."""
    slipway, manifest = deployed(store, broken={"redis:8"})
    failed = slipway.deploy(with_service(without_home(manifest, prune=True), "redis", image="redis:8"))
    assert (Status.ROLLED_BACK, "pending") == (failed.status, failed.services["home"].status)
    assert (failed.cluster, "home") in slipway.world.services


def test_a_busy_service_is_not_pruned(store: Store) -> None:
    """A manifest whose prune would remove what another deployment holds is refused, and names that one."""
    slipway, manifest = deployed(store, hanging={"home:2"})
    changed = {**manifest["services"]["home"], "image": "home:2", "depends_on": []}
    holder = slipway.post({**manifest, "services": {"home": changed}})
    with pytest.raises(DeploymentInProgress, match=holder.id):
        slipway.post(without_home(manifest, prune=True))


def test_what_is_pruned_is_held(store: Store) -> None:
    """While a deployment prunes, whoever names the service is refused, and is told of that deployment."""
    slipway, manifest = deployed(store)
    pruning = slipway.post(without_home(manifest, prune=True))
    with pytest.raises(DeploymentInProgress, match=pruning.id):
        slipway.post(manifest)


def test_too_many_to_prune(store: Store) -> None:
    """More services than one deployment can hold are refused before anything is recorded."""
    slipway, manifest = Slipway(store), two_services()
    redis = manifest["services"]["redis"]
    for many in (range(40), range(40, 41)):
        slipway.post({**manifest, "services": {f"s{each}": {**redis, "discovery": None} for each in many}})
    with pytest.raises(TooManyServices, match="41 services"):
        slipway.post(without_home(manifest, prune=True))


def test_what_cannot_be_removed(store: Store) -> None:
    """What ECS does not let go is told with the reason; what the manifest names stays, and is what serves from now."""
    slipway, manifest = deployed(store)
    slipway.faults.break_from_now_on(
        {"clusters.delete_service": AwsRefused("DeleteService", "InvalidParameter", "not now")}
    )
    asked = with_service(without_home(manifest, prune=True), "redis", image="redis:8")
    slipway.world.events[f"{manifest['application']}/home"] = (
        ServiceEvent(slipway.clock.instant(1_000_000), "is stuck"),
    )
    failed = slipway.deploy(asked)
    assert failed.failure is not None
    assert (Status.FAILED, "prune_failed") == (failed.status, failed.failure.code)
    assert ["is stuck"] == [each.message for each in failed.failure.evidence]
    deployed_words = "redis deployed and stable, and redis resolves to the tasks that run."
    why = "home is not removed: AwsRefused: DeleteService: InvalidParameter: not now."
    assert f"{deployed_words} {why}" == failed.verdict
    assert {"redis": "succeeded", "home": "failed"} == {name: each.status for name, each in failed.services.items()}
    assert failed.id == slipway.cloud.store.live(failed.application, "default")["redis"]
    assert [] == slipway.locks(failed)
    slipway.faults.break_from_now_on({})
    assert "removed" == slipway.deploy(asked).services["home"].status


def test_prune_has_the_deadline_of_its_deployment(store: Store) -> None:
    """What does not drain in time is not removed, and the failure says so."""
    slipway, manifest = deployed(store, drain_seconds=10_000)
    failed = slipway.deploy(without_home(manifest, prune=True, timeout_seconds=120))
    assert failed.failure is not None
    assert (Status.FAILED, "prune_failed") == (failed.status, failed.failure.code)
    assert failed.failure.cause.startswith("home is not removed: RemoveUnnamed was not decided by ")


def test_cancel_before_anything_is_removed(store: Store) -> None:
    """Cancelled at the last moment before the first rule goes, a deployment goes back, and removes nothing."""
    slipway, manifest = deployed(store)
    begun = slipway.post(with_service(without_home(manifest, prune=True), "redis", image="redis:8"))
    Interruption(slipway, Moment("RemoveRules", None, after=False), lambda: _cancel(slipway, begun))
    slipway.machine.run(begun.id)
    ended = slipway.record(begun)
    assert (Status.CANCELLED, "pending") == (ended.status, ended.services["home"].status)
    assert (ended.cluster, "home") in slipway.world.services


def _cancel(slipway: Slipway, deployment: Deployment) -> None:
    ways_back.cancel(slipway.cloud, deployment.id, "tester")


def test_nothing_goes_back_once_it_prunes(store: Store) -> None:
    """From the first rule that is removed on, a deployment cannot be cancelled, and offers no link to do so."""
    slipway, manifest = deployed(store)
    begun = slipway.post(without_home(manifest, prune=True))
    refused: list[str] = []

    def cancel() -> None:
        assert "cancel" not in status_document(slipway.record(begun))["links"]
        with pytest.raises(NotCancellable) as refusal:
            _cancel(slipway, begun)
        refused.append(refusal.value.detail)

    Interruption(slipway, Moment("RemoveRules", None, after=True), cancel)
    slipway.machine.run(begun.id)
    expected = f"{begun.id} cannot be cancelled: all is proven, and what is not named is removed."
    assert ([expected], Status.SUCCEEDED) == (refused, slipway.record(begun).status)


def test_somebody_elses_service_is_not_pruned(store: Store) -> None:
    """What carries somebody else's tags by now is left alone, and not looked for again."""
    slipway, manifest = deployed(store)
    home = slipway.world.services[manifest["application"], "home"]
    home.tags["slipway:application"] = "other"
    ended = slipway.deploy(without_home(manifest, prune=True))
    assert Status.SUCCEEDED is ended.status
    assert "Nothing to change: redis already serve as asked, proven." == ended.verdict
    assert "ACTIVE" == home.status
    assert "slipway:application=other" in said(slipway, ended, "removed")[0]


def test_a_service_moves_to_another_cluster(store: Store) -> None:
    """One that is named in another cluster now leaves the old one; its rule and target group are still its own."""
    slipway, manifest = deployed(store)
    moved = slipway.deploy({**manifest, "cluster": "elsewhere", "prune": True})
    assert (Status.SUCCEEDED, ["elsewhere"] * 2) == (moved.status, [each for each, _ in slipway.world.services])
    assert ["/home*"] == [each.path for each in slipway.world.rules.values()]


def test_a_service_is_renamed(store: Store) -> None:
    """Name and path are the successor's once it serves: then the one before goes, and the name is proven for it alone.

    The rule before answers until the successor is stable: the successor's comes after it.
    """
    slipway, manifest = deployed(store)
    ended = slipway.deploy(renamed(manifest))
    serves = slipway.world.services[ended.cluster, "web"].addresses(slipway.clock.seconds)
    dns = ended.services["web"].dns
    assert (Status.SUCCEEDED, "removed") == (ended.status, ended.services["home"].status)
    assert dns is not None
    assert (serves, True, "proven") == (dns.addresses, dns.proven_at is not None, ended.services["web"].phase)
    assert "web deployed and stable, and redis and web resolve to the tasks that run. home is removed." == ended.verdict
    told = ["create web", "delete rule home", "delete home"]
    assert told == [each for each in slipway.world.changes if each in told]
    assert [(manifest["namespace"], "redis"), (manifest["namespace"], "www")] == list(slipway.world.registered)


def priorities(slipway: Slipway, application: str) -> dict[str, int]:
    """Return the priorities of an application's rules by service."""
    tags = {arn: slipway.world.tags[f"rule of {arn}"] for arn in slipway.world.rules}
    own = {arn: each for arn, each in tags.items() if each["slipway:application"] == application}
    return {each["slipway:service"]: slipway.world.rules[arn].priority for arn, each in own.items()}


@pytest.mark.parametrize(("before", "after"), [(None, None), (500, 500), (500, 400), (None, 1), (49_000, None)])
def test_whose_rule_comes_first(store: Store, before: int | None, after: int | None) -> None:
    """Whatever priorities are asked for: the successor's rule is asked after the other's, then it has its own."""
    slipway, manifest = Slipway(store), two_services()
    home = {"path": "/home*"}
    manifest = with_service(manifest, "home", route=home | ({"priority": before} if before else {}))
    slipway.deploy(manifest)
    begun = slipway.post(renamed(manifest, route=home | ({"priority": after} if after else {})))
    seen: list[dict[str, int]] = []
    moment = Moment("AwaitStable", "web", after=True)
    Interruption(slipway, moment, lambda: seen.append(priorities(slipway, begun.application)))
    slipway.machine.run(begun.id)
    assert Status.SUCCEEDED is slipway.record(begun).status
    assert seen[0]["home"] < seen[0]["web"]
    assert {"web": after or seen[0]["web"]} == priorities(slipway, begun.application)


@pytest.mark.parametrize("fault", [Once(), Behind(90)], ids=["once", "90 s ago"])
def test_the_priority_of_a_successor_where_rules_are_old(store: Store, fault: Once | Behind) -> None:
    """A rule that stood back has its priority in the end, although the rule that is gone is shown for a while."""
    slipway, manifest = Slipway(store), with_service(two_services(), "home", route={"path": "/home*", "priority": 7})
    slipway.deploy(manifest)
    slipway.clock.advance(300)
    slipway.faults.break_from_now_on({"load_balancers.rules": fault})
    ended = slipway.deploy(renamed(manifest))
    assert Status.SUCCEEDED is ended.status, ended.verdict
    assert {"web": 7} == priorities(slipway, ended.application)


def test_a_renamed_service_that_fails(store: Store) -> None:
    """A successor that does not get up goes away: the one before has name and path as ever."""
    slipway, manifest = deployed(store, broken={"web:1"})
    failed = slipway.deploy(renamed(manifest, image="web:1"))
    assert (Status.ROLLED_BACK, {"redis": "succeeded", "home": "pending", "web": "removed"}) == (
        failed.status,
        {name: each.status for name, each in failed.services.items()},
    )
    assert ["/home*"] == [each.path for each in slipway.world.rules.values()]
    assert Status.SUCCEEDED is slipway.deploy(manifest).status


def test_a_name_is_still_shared_on_the_way_back(store: Store) -> None:
    """Where an earlier deployment could not remove the one before, a way back proves the name for both."""
    slipway, manifest = deployed(store, broken={"web:2"})
    slipway.faults.break_from_now_on({"clusters.delete_service": AwsRefused("DeleteService", "InvalidParameter", "no")})
    assert Status.FAILED is slipway.deploy(renamed(manifest)).status
    ended = slipway.deploy(renamed(manifest, image="web:2"))
    assert (Status.ROLLED_BACK, None) == (ended.status, ended.rollback_failure)


def test_renamed_without_prune(store: Store) -> None:
    """Without prune the one before would stay in the name and before the path: nothing is changed, and each is told."""
    slipway, manifest = deployed(store)
    failed = slipway.deploy({**renamed(manifest), "prune": False})
    assert failed.failure is not None
    assert (Status.FAILED, "unnamed_service_in_way") == (failed.status, failed.failure.code)
    assert ["/services/web/discovery", "/services/web/route"] == [each.resource for each in failed.failure.evidence]
    assert "prune: true" in failed.failure.fix
    assert [] == slipway.world.changes


def test_an_event_wakes_what_waits_for_all(store: Store) -> None:
    """The last task that stops has the deployment look at once, long before the poll."""
    slipway, manifest = deployed(store, drain_seconds=60)
    begun = slipway.post(without_home(manifest, prune=True, poll_seconds=300))
    stopped = ecs_event("ECS Task State Change", begun.cluster, "home", lastStatus="STOPPED", stoppedReason=REPLACED)
    entered: list[float] = []

    def stop() -> None:
        entered.append(slipway.clock.seconds)
        slipway.clock.call_later(61, lambda: events.on_event(slipway.cloud, stopped))

    Interruption(slipway, Moment("RemoveUnnamed", None, after=True), stop)
    gone: list[float] = []
    moment = Moment("RemoveLeftovers", None, after=False)
    Interruption(slipway, moment, lambda: gone.append(slipway.clock.seconds))
    slipway.machine.run(begun.id)
    assert 61 == round(gone[0] - entered[0])


def test_a_prune_of_an_older_release(store: Store) -> None:
    """A teardown by which an older release pruned goes on, and leaves the rest of the application known."""
    slipway, manifest = deployed(store)
    known = slipway.cloud.store.belongings(manifest["application"], "default")
    assert known is not None
    home = known.model_copy(update={"services": {key: known.services[key] for key in known.services if "home" in key}})
    of, now = slipway.post(without_home(manifest)), slipway.clock.now()
    teardown = Deployment(
        id=new_id("dep", now),
        kind="teardown",
        application=of.application,
        environment=of.environment,
        cluster=of.cluster,
        requested_by="tester",
        source={"type": "prune", "of": of.id},
        created_at=now,
        updated_at=now,
        deadline_at=now + timedelta(seconds=900),
        services=progress_of({"home": None}),
    )
    slipway.cloud.store.begin(teardown, home.model_copy(update={"clusters": (), "outlines": ()}))
    slipway.cloud.workflow.start(teardown.id, "teardown")
    slipway.teardowns.run(teardown.id)
    assert Status.SUCCEEDED is slipway.record(teardown).status
    left = slipway.cloud.store.belongings(of.application, of.environment)
    assert left is not None
    assert set(known.services) == set(left.services)
