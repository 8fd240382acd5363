"""The way back: after a failure in a later wave, what served before serves again, part by part."""

from typing import Any

import pytest

from chalicelib.deployment import Deployment, Status
from chalicelib.errors import TransientAws
from chalicelib.rollout import SEEN_WITHIN
from chalicelib.store import Store
from tests.faults import After, Break, Meanwhile
from tests.machine.slipway import Slipway, two_services, with_service
from tests.machine.test_teardown import leftovers

SCALING = {"min": 2, "max": 4, "cpu": 60}
LATE = {"image": "late:1", "port": 80, "depends_on": ["home"], "discovery": {}, "route": {"path": "/late*"}}


def three_waves(**changes: Any) -> dict[str, Any]:
    """Return a manifest of three waves: redis, home, late."""
    return with_service(two_services(**changes), "late", **LATE)


def two_waves(**changes: Any) -> dict[str, Any]:
    """Return a manifest of two waves: home, late."""
    home = {**two_services()["services"]["home"], "depends_on": []}
    return with_service(two_services(services={"home": home}, **changes), "late", **LATE)


def slipway_on(store: Store) -> Slipway:
    """Return an installation in which little has to be waited for."""
    return Slipway(store, rollout_seconds=5, namespace_seconds=5, dns_seconds=2)


def failing(manifest: dict[str, Any], **home: Any) -> dict[str, Any]:
    """Return a manifest that changes home, and the last wave to what never starts."""
    return with_service(with_service(manifest, "home", **home), "late", image="late:2")


def deploy_until_it_goes_back(slipway: Slipway, manifest: dict[str, Any]) -> Deployment:
    """Accept a manifest, and let time pass until its deployment turns back."""
    deployment = slipway.post(manifest)
    while "RollBack" not in slipway.execution(deployment).path:
        assert slipway.clock.step(), "it never turns back"
    return deployment


def served(slipway: Slipway) -> dict[str, Any]:
    """Return all that serves, and how it is reached: every setting that a deployment may change."""
    world = slipway.world
    world.settle_namespaces()
    services = {key: service for key in list(world.services) if (service := world.service(*key))}
    groups = {world.spec_of(each.spec.task_definition or "").log_group or "" for each in services.values()}
    return {
        "specs": {key: each.spec for key, each in services.items()},
        "runs": {key: (world.serves(*key), each.spec.desired_count) for key, each in services.items()},
        "tags": {key: told_tags(each.tags) for key, each in services.items()},
        "target groups": dict(world.target_groups),
        "rules": dict(world.rules),
        "log groups": {group: world.log_groups.get(group) for group in groups},
        "names": {name: (each.arn, each.records, each.ttl) for name, each in world.registered.items()},
        "scaled": dict(world.scaled),
        "shared": (sorted(world.namespaces), sorted(world.clusters)),
    }


def told_tags(tags: dict[str, str]) -> dict[str, str]:
    """Return the tags that do not tell which deployment came last."""
    return {key: text for key, text in tags.items() if key != "slipway:deployment"}


def statuses(deployment: Deployment) -> dict[str, str]:
    """Return how each service ended."""
    return {name: each.status for name, each in deployment.services.items()}


def true_of_what_serves(slipway: Slipway, deployment: Deployment) -> bool:
    """Tell whether the record names for each service what really serves."""
    said = {name: each.what_serves for name, each in deployment.services.items()}
    return said == {name: slipway.world.serves(deployment.cluster, name) for name in said}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param({}, {"image": "home:2"}, id="task definition"),
        pytest.param({}, {"environment": {"GREETING": "good bye"}}, id="environment"),
        pytest.param({}, {"desired_count": 4}, id="desired count"),
        pytest.param({}, {"discovery": {"name": "web"}}, id="another name"),
        pytest.param({}, {"discovery": None}, id="name removed"),
        pytest.param({"discovery": None}, {"discovery": {"name": "www"}}, id="name added"),
        pytest.param({}, {"discovery": {"name": "www", "ttl": 33}}, id="ttl"),
        pytest.param({}, {"route": {"path": "/other*"}}, id="rule path"),
        pytest.param({}, {"route": {"path": "/home*", "health_check": {"path": "/healthy"}}}, id="health check path"),
        pytest.param({}, {"route": {"path": "/home*", "deregistration_delay": 5}}, id="deregistration delay"),
        pytest.param({}, {"route": None}, id="route removed"),
        pytest.param({"route": None}, {"route": {"path": "/home*"}}, id="route added"),
        pytest.param({"scaling": SCALING}, {"scaling": {"min": 1, "max": 9, "memory": 50}}, id="scaling changed"),
        pytest.param({}, {"scaling": SCALING}, id="scaling added"),
        pytest.param({"scaling": SCALING}, {"scaling": None}, id="scaling removed"),
    ],
)
def test_what_served_before_serves_again(store: Store, before: dict[str, Any], after: dict[str, Any]) -> None:
    """Whatever a deployment changed in an earlier wave is as it was, when a later wave failed."""
    slipway = slipway_on(store)
    manifest = with_service(two_waves(), "home", **before)
    slipway.deploy(manifest)
    serving = served(slipway)
    slipway.world.broken.add("late:2")
    deployment = deploy_until_it_goes_back(slipway, failing(manifest, **after))
    assert serving != served(slipway)
    slipway.machine.run(deployment.id)
    deployment = slipway.record(deployment)

    assert serving == served(slipway)
    assert (Status.ROLLED_BACK, None) == (deployment.status, deployment.rollback_failure)
    assert {"home": "rolled_back", "late": "rolled_back"} == statuses(deployment)
    assert true_of_what_serves(slipway, deployment)
    assert [] == slipway.locks(deployment)


def test_newest_wave_goes_first(store: Store) -> None:
    """Who needs another goes back before it does."""
    slipway, manifest = slipway_on(store), three_waves()
    slipway.deploy(manifest)
    slipway.world.broken.add("late:2")
    slipway.world.changes.clear()
    slipway.deploy(failing(with_service(manifest, "redis", image="redis:8"), image="home:2"))
    updates = [change for change in slipway.world.changes if change.startswith("update ")]
    # ECS's circuit breaker has returned `late` by itself.
    assert [f"update {name}: task_definition" for name in ("redis", "home", "late", "home", "redis")] == updates


def test_service_that_was_made_is_removed(store: Store) -> None:
    """A service that was not there before goes, with its route and its name; what others share stays."""
    slipway, manifest = slipway_on(store), two_services()
    slipway.deploy(manifest)
    serving = served(slipway)
    slipway.world.broken.add("late:1")
    deployment = slipway.deploy(with_service(manifest, "late", **LATE))

    assert serving == served(slipway)
    assert (Status.ROLLED_BACK, "removed") == (deployment.status, deployment.services["late"].status)
    assert true_of_what_serves(slipway, deployment)


def test_first_deployment_leaves_nothing(store: Store) -> None:
    """Of a first deployment that failed nothing is left but revisions and logs: no namespace, no cluster."""
    slipway = Slipway(store, rollout_seconds=5, namespace_seconds=5, dns_seconds=2, broken={"late:1"})
    deployment = slipway.deploy(with_service(two_waves(), "home", scaling=SCALING))

    assert {"revisions"} == leftovers(slipway).keys()
    assert (Status.FAILED, None) == (deployment.status, deployment.rollback_failure)
    assert {"home": "removed", "late": "removed"} == statuses(deployment)
    assert true_of_what_serves(slipway, deployment)


def test_cluster_that_was_there_stays(store: Store) -> None:
    """What a first deployment found, it leaves: a cluster and a namespace of another application's."""
    slipway = slipway_on(store)
    slipway.deploy(two_services(cluster="shared"))
    serving = served(slipway)
    slipway.world.broken.add("other:1")
    other = {"image": "other:1", "port": 80, "discovery": {}}
    deployment = slipway.deploy(two_services(cluster="shared", services={"other": other}))
    assert (Status.FAILED, "removed") == (deployment.status, deployment.services["other"].status)
    assert serving == served(slipway)


def test_keep_leaves_all(store: Store) -> None:
    """With `on_failure: keep` nothing goes back: what was deployed in the earlier waves serves on."""
    slipway, manifest = slipway_on(store), two_waves(on_failure="keep")
    slipway.deploy(manifest)
    slipway.world.broken.add("late:2")
    deployment = slipway.deploy(failing(manifest, image="home:2"))

    assert (Status.FAILED, False) == (deployment.status, deployment.goes_back)
    assert {"home": "succeeded", "late": "failed"} == statuses(deployment)
    home = deployment.services["home"]
    assert home.task_definition == home.what_serves != home.previous_task_definition
    assert true_of_what_serves(slipway, deployment)


def test_way_back_that_fails(store: Store) -> None:
    """When one service cannot go back, the deployment failed, and says so; the others go back all the same."""
    slipway, manifest = slipway_on(store), three_waves()
    slipway.deploy(manifest)
    slipway.world.broken |= {"late:2", "home:1"}
    deployment = slipway.deploy(failing(with_service(manifest, "redis", image="redis:8"), image="home:2"))

    assert deployment.rollback_failure is not None
    assert (Status.FAILED, "home") == (deployment.status, deployment.rollback_failure.service)
    assert {"redis": "rolled_back", "home": "failed", "late": "rolled_back"} == statuses(deployment)
    assert deployment.services["home"].task_definition == deployment.services["home"].what_serves
    assert true_of_what_serves(slipway, deployment)
    assert "Going back failed: " in (deployment.verdict or "")
    assert [] == slipway.locks(deployment)


def test_timed_out_keeps_its_status(store: Store) -> None:
    """A deployment whose time is up goes back, and is timed_out."""
    slipway, manifest = slipway_on(store), two_waves(timeout_seconds=200)
    slipway.deploy(manifest)
    serving = served(slipway)
    slipway.world.hanging.add("late:2")
    deployment = slipway.deploy(failing(manifest, image="home:2"))

    assert (Status.TIMED_OUT, None) == (deployment.status, deployment.rollback_failure)
    assert {"home": "rolled_back", "late": "rolled_back"} == statuses(deployment)
    assert serving == served(slipway)
    assert true_of_what_serves(slipway, deployment)


def test_forced_one_goes_back(store: Store) -> None:
    """A forced deployment that fails leaves what served: the same revisions, as they were."""
    slipway, manifest = slipway_on(store), two_waves()
    slipway.deploy(manifest)
    serving = served(slipway)
    slipway.world.broken.add("late:1")
    deployment = slipway.deploy(manifest, force=True)

    assert (Status.ROLLED_BACK, None) == (deployment.status, deployment.rollback_failure)
    assert serving == served(slipway)
    assert true_of_what_serves(slipway, deployment)


@pytest.mark.parametrize("fault", [[], [After(TransientAws("call", "ServiceUnavailable", "try again"))]])
def test_revision_that_is_inactive(store: Store, fault: list[Break]) -> None:
    """Nothing starts from a revision that somebody deregistered: its content is registered again, once, and serves."""
    slipway, manifest = slipway_on(store), two_waves()
    first = slipway.deploy(manifest).services["home"].task_definition
    slipway.world.broken.add("late:2")
    asked = slipway.post(failing(manifest, image="home:2"))
    while slipway.record(asked).services["home"].status != "succeeded":
        assert slipway.clock.step(), "home is never proven"
    slipway.world.inactive.add(str(first))
    slipway.faults.break_from_now_on({"task_definitions.register_again": fault})
    slipway.machine.run(asked.id)
    deployment = slipway.record(asked)

    serves = slipway.world.serves(deployment.cluster, "home")
    assert (Status.ROLLED_BACK, None) == (deployment.status, deployment.rollback_failure)
    assert true_of_what_serves(slipway, deployment)
    assert first not in (None, serves)
    assert serves not in slipway.world.inactive
    family = [each for each in slipway.world.revisions[f"{deployment.application}-home"] if each.arn != first]
    assert [slipway.world.spec_of(str(first))] == [each.spec for each in family if each.arn == serves]
    assert 2 == len(family), "the new one, and the old one's content once"
    assert (first, serves) == (
        deployment.services["home"].previous_task_definition,
        deployment.services["home"].what_serves,
    )
    told = [each.message for each in slipway.timeline(deployment) if "INACTIVE" in each.message]
    name = f"{deployment.application}-home"
    assert f"{name}:1 is INACTIVE; its content is registered again: {name}:3." in told


def test_revision_that_was_deleted(store: Store) -> None:
    """A revision that is not there any more cannot be gone back to, and the failure names it."""
    slipway, manifest = slipway_on(store), two_waves()
    first = str(slipway.deploy(manifest).services["home"].task_definition)
    slipway.world.broken.add("late:2")
    asked = deploy_until_it_goes_back(slipway, failing(manifest, image="home:2"))
    slipway.world.inactive.add(first)
    slipway.faults.break_from_now_on({"task_definitions.register_again": Meanwhile(lambda: forget(slipway, first))})
    slipway.machine.run(asked.id)
    failure = slipway.record(asked).rollback_failure

    assert failure is not None
    assert ("rollout_failed", f"{first} is not there any more") == (failure.code, failure.cause)


def forget(slipway: Slipway, arn: str) -> None:
    """Let a revision be deleted."""
    for family in slipway.world.revisions.values():
        family[:] = [each for each in family if each.arn != arn]


@pytest.mark.parametrize("beside", ["discovery", "route"])
def test_ecs_has_gone_back_by_itself(store: Store, beside: str) -> None:
    """Where ECS has, nobody waits to see our call, also if something beside the service has changed with it."""
    slipway, manifest = Slipway(store, broken={"home:2"}, rolls_back_anew=False), two_services()
    slipway.deploy(manifest)
    slipway.clock.advance(300)
    changes = {"discovery": {"name": "www", "ttl": 77}, "route": {"path": "/moved*"}}
    failed = slipway.deploy(with_service(manifest, "home", image="home:2", **{beside: changes[beside]}))

    assert Status.ROLLED_BACK is failed.status, failed.verdict
    assert failed.finished_at is not None
    assert failed.failed_at is not None
    assert failed.finished_at - failed.failed_at < SEEN_WITHIN / 2
