"""Services that a manifest does not name any more: left alone and told of, or removed."""

from typing import Any

from chalicelib.deployment import Deployment, Status
from chalicelib.store import Store
from tests.machine.slipway import Slipway, two_services, with_service


def without_home(manifest: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return a manifest that names redis alone."""
    return {**manifest, "services": {"redis": manifest["services"]["redis"]}, **changes}


def said(slipway: Slipway, deployment: Deployment, phase: str) -> list[str]:
    """Return what the timeline says of a phase."""
    return [event.message for event in slipway.timeline(deployment) if event.phase == phase]


def pruned(slipway: Slipway, deployment: Deployment) -> Deployment:
    """Let the teardown pass that a deployment started, and return it."""
    teardown_id = said(slipway, deployment, "pruning")[0].partition(" ")[0]
    slipway.teardowns.run(teardown_id)
    return slipway.cloud.store.get(teardown_id)


def test_unnamed_service_is_left_alone_and_told(store: Store) -> None:
    """What a manifest does not name serves on, and the timeline says so."""
    slipway = Slipway(store)
    manifest = two_services()
    slipway.deploy(manifest)
    slipway.world.changes.clear()
    deployment = slipway.deploy(without_home(manifest))
    assert (Status.SUCCEEDED, []) == (deployment.status, slipway.world.changes)
    expected = "Not named in this manifest: home; it is left alone; prune: true removes it."
    assert expected == said(slipway, deployment, "planned")[-1]


def test_prune_removes_what_is_not_named(store: Store) -> None:
    """With prune a teardown of its own removes the service with all that is its own; what is named stays."""
    slipway = Slipway(store)
    manifest = two_services()
    slipway.deploy(manifest)
    deployment = slipway.deploy(without_home(manifest, prune=True))
    teardown = pruned(slipway, deployment)
    assert (Status.SUCCEEDED, ["home"]) == (teardown.status, list(teardown.services))
    assert {"type": "prune", "of": deployment.id} == teardown.source
    assert [(deployment.cluster, "redis")] == list(slipway.world.services)
    assert ({}, {}) == (slipway.world.rules, slipway.world.target_groups)
    assert [(manifest["namespace"], "redis")] == list(slipway.world.registered)


def test_nothing_is_pruned_twice(store: Store) -> None:
    """What was pruned is not looked for again, and a whole teardown finds the rest."""
    slipway = Slipway(store)
    manifest = without_home(two_services(), prune=True)
    slipway.deploy({**manifest, "services": {**manifest["services"], **two_services()["services"]}})
    pruned(slipway, slipway.deploy(manifest))
    again = slipway.deploy(manifest)
    assert [] == said(slipway, again, "pruning")
    slipway.tear_down(again)
    assert ({}, {}, {}) == (slipway.world.services, slipway.world.registered, slipway.world.namespaces)


def test_nothing_is_pruned_after_a_failure(store: Store) -> None:
    """A deployment that fails removes nothing."""
    slipway = Slipway(store, broken={"redis:8"})
    manifest = two_services()
    slipway.deploy(manifest)
    failed = slipway.deploy(with_service(without_home(manifest, prune=True), "redis", image="redis:8"))
    assert (Status.ROLLED_BACK, []) == (failed.status, said(slipway, failed, "pruning"))
    assert (failed.cluster, "home") in slipway.world.services


def test_a_busy_service_is_not_pruned(store: Store) -> None:
    """A service that another deployment holds is left to that one, and the timeline says so."""
    slipway = Slipway(store, hanging={"home:2"})
    manifest = two_services()
    slipway.deploy(manifest)
    changed = {**manifest["services"]["home"], "image": "home:2", "depends_on": []}
    holder = slipway.post({**manifest, "services": {"home": changed}})
    deployment = slipway.deploy(without_home(manifest, prune=True))
    assert Status.SUCCEEDED is deployment.status
    expected = f"Nothing is pruned: {deployment.cluster}/home is being deployed by {holder.id}."
    assert [expected] == said(slipway, deployment, "pruning")
