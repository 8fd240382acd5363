"""?force=true: what did not change is deployed, too, once."""

import pytest

from chalicelib.deployment import Status
from chalicelib.errors import Throttled, TransientAws
from chalicelib.store import Store
from tests.faults import After, Break
from tests.machine.slipway import Slipway, two_services, with_service

LOST: list[Break] = [After(TransientAws("call", "ServiceUnavailable", "the answer is lost"))]


def test_what_did_not_change_is_deployed(store: Store) -> None:
    """Each service gets one new ECS deployment, which is waited for; without force none does."""
    slipway, manifest = Slipway(store), two_services()
    first = slipway.deploy(manifest)
    slipway.world.changes.clear()
    unforced = slipway.deploy(manifest)
    nothing = list(slipway.world.changes)
    forced = slipway.deploy(manifest, force=True)

    assert [Status.SUCCEEDED] * 3 == [each.status for each in (first, unforced, forced)]
    assert ([], ["restart redis", "restart home"]) == (nothing, slipway.world.changes)
    assert [(True, ())] * 2 == [(each.changed, each.changed_fields) for each in forced.services.values()]
    assert forced.finished_at
    assert slipway.world.rollout_seconds < (forced.finished_at - forced.created_at).total_seconds()


@pytest.mark.parametrize("said", [{"image": "home:2"}, {"desired_count": 3}], ids=["new revision", "setting"])
def test_a_change_is_one_call(store: Store, said: dict[str, object]) -> None:
    """What differs, and the ECS deployment that is forced, go in one call."""
    slipway, manifest = Slipway(store), two_services()
    first = slipway.deploy(manifest)
    home = slipway.world.services[first.cluster, "home"]
    before = len(home.deployments)
    forced = slipway.deploy(with_service(manifest, "home", **said), force=True)

    assert Status.SUCCEEDED is forced.status
    assert before + 1 == len(home.deployments)
    assert home.deployments[-1].service_deployment == forced.services["home"].service_deployment_arn


@pytest.mark.parametrize(
    ("said", "call"),
    [
        ({}, "ecs.restart_rollout"),
        ({"image": "home:2"}, "ecs.update_service"),
        ({"desired_count": 3}, "ecs.update_service"),
    ],
    ids=["nothing", "new revision", "setting"],
)
@pytest.mark.parametrize("fault", [LOST, [Throttled("call", "ThrottlingException", "Rate exceeded")]])
def test_it_is_forced_once(store: Store, said: dict[str, object], call: str, fault: list[Break]) -> None:
    """A call whose answer is lost had its effect: the step that runs again starts no second ECS deployment."""
    manifest = two_services()
    both = manifest["services"]
    alone = {**manifest, "services": {"home": {**both["home"], "depends_on": []}}}
    slipway = Slipway(store)
    home = slipway.world.services[slipway.deploy(alone).cluster, "home"]
    before = len(home.deployments)
    slipway.faults.break_from_now_on({call: fault})
    forced = slipway.deploy(with_service(alone, "home", **said), force=True)

    assert [call] == slipway.faults.struck
    assert (Status.SUCCEEDED, before + 1) == (forced.status, len(home.deployments))
    assert [home.deployments[-1].id] == [each.ecs_deployment_id for each in forced.services.values()]


def test_what_is_new_is_made(store: Store) -> None:
    """A service that is not there is created, as without force, and that is all."""
    slipway = Slipway(store)
    forced = slipway.deploy(two_services(), force=True)

    assert Status.SUCCEEDED is forced.status
    assert [] == [change for change in slipway.world.changes if change.startswith("restart")]


def test_before_deploy_runs(store: Store) -> None:
    """A forced service runs its before_deploy."""
    slipway, manifest = Slipway(store), with_service(two_services(), "home", before_deploy={"command": ["migrate"]})
    slipway.deploy(manifest)
    slipway.deploy(manifest, force=True)

    assert 2 == len(slipway.world.tasks)


def test_the_plan_tells_it(store: Store) -> None:
    """The plan of a forced deployment has an ECS deployment for each service that is there, beside what changes."""
    slipway, manifest = Slipway(store), two_services()
    new = slipway.dry_run(manifest, force=True)
    slipway.deploy(manifest)
    plan = slipway.dry_run(with_service(manifest, "home", desired_count=3), force=True)

    assert "ecs deployment" not in new["services"]["home"]["creates"]
    assert (True, 2) == (plan["force"], plan["calls"])
    assert {"action": "update", "changes": [], "creates": ["ecs deployment"]} == plan["services"]["redis"]
    change = {"field": "desired_count", "old": 2, "new": 3}
    assert {"action": "update", "changes": [change], "creates": ["ecs deployment"]} == plan["services"]["home"]
    assert {"action": "unchanged", "changes": [], "creates": []} == slipway.dry_run(manifest)["services"]["redis"]
