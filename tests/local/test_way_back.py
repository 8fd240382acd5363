"""The way back of a set, for real: newest first, with routes, scaling and names; and when it cannot be gone."""

from typing import Any

import pytest

from tests.local.faults import going_wrong
from tests.local.inventory import made
from tests.local.local_cloud import LocalCloud, hello, wait_for
from tests.local.samples import addresses
from tests.local.stuck import BROKEN, STUCK, accepted, cancel, deployed, timeline, under_way
from tests.local.truth import answered, locks, paths, served, told

CHAIN = ("base", "middle", "last")
BEFORE: dict[str, Any] = {"name": "one", "min": 1, "max": 2, "path": "/chain-base*", "greeting": "before"}
AFTER: dict[str, Any] = {"name": "two", "min": 2, "max": 4, "path": "/chain-moved*", "greeting": "after"}


def chain(settings: dict[str, Any], **last: Any) -> dict[str, Any]:
    """Return the manifest of three services in three waves; `settings` are of all, most of them of `base`."""
    manifest = hello("chain") | {"namespace": "chain.internal"}
    services = {name: _link(name, settings["greeting"]) for name in CHAIN}
    services["base"]["discovery"] = {"name": settings["name"]}
    services["base"]["scaling"] = {"min": settings["min"], "max": settings["max"], "cpu": 60}
    services["base"]["route"]["path"] = settings["path"]
    services["middle"]["depends_on"] = ["base"]
    services["last"] |= {"depends_on": ["middle"], **last}
    return manifest | {"services": services}


def _link(name: str, greeting: str) -> dict[str, Any]:
    [service] = hello(f"chain-{name}", environment={"GREETING": greeting})["services"].values()
    return dict(service)


def scaling(cloud: LocalCloud) -> list[tuple[int, int]]:
    """Return the bounds of the chain's scalable targets."""
    found = cloud.client("application-autoscaling").describe_scalable_targets(
        ServiceNamespace="ecs", ResourceIds=["service/chain/base"]
    )
    return [(each["MinCapacity"], each["MaxCapacity"]) for each in found["ScalableTargets"]]


@pytest.fixture(scope="module")
def whole(cloud: LocalCloud) -> dict[str, Any]:
    """Return how the chain was first deployed, with all that there is then as `made`."""
    [deployment] = deployed(cloud, chain(BEFORE))
    return deployment | {"made": made(cloud)}


@pytest.fixture(scope="module")
def back(cloud: LocalCloud, whole: dict[str, Any]) -> dict[str, Any]:
    """Return how the next deployment of the chain ended: of what is changed in all three, the last breaks."""
    deployment_id = accepted(cloud, chain(AFTER, **BROKEN))

    def goes_back() -> dict[str, Any] | None:
        document = cloud.ask("GET", f"/deployments/{deployment_id}").document
        return document if document["phase"] == "rolling_back" else None

    during = wait_for(goes_back)
    return cloud.ended(deployment_id) | {"during": during}


def test_a_set_goes_back(cloud: LocalCloud, whole: dict[str, Any], back: dict[str, Any]) -> None:
    """When the last wave fails, the two before it go back too: each runs its revision of before, and says so."""
    before = {name: service["task_definition"] for name, service in whole["services"].items()}

    assert ("rolled_back", "last", None) == (back["status"], back["failure"]["service"], back["rollback_failure"])
    assert before == told(back) == served(cloud, back)
    assert dict.fromkeys(CHAIN, "rolled_back") == {name: each["status"] for name, each in back["services"].items()}
    assert {"before"} == {cloud.visit(f"/chain-{name}")["greeting"] for name in CHAIN}
    assert {} == locks(cloud)


def test_newest_first(cloud: LocalCloud, back: dict[str, Any]) -> None:
    """The service that was changed last goes back first, and is proven before the one before it begins."""
    told_of = [each for each in timeline(cloud, back["id"]) if each[0] and each[1] in ("rolling_back", "rolled_back")]

    assert [(name, phase) for name in reversed(CHAIN) for phase in ("rolling_back", "rolled_back")] == told_of


def test_the_failure_is_told_before_the_way_back_ends(back: dict[str, Any]) -> None:
    """Whoever waits learns why as soon as it is decided: it is `running`, and has its failure."""
    during = back["during"]

    assert ("running", back["failure"], None) == (during["status"], during["failure"], during["verdict"])


def test_routes_scaling_and_names_go_back(cloud: LocalCloud, whole: dict[str, Any], back: dict[str, Any]) -> None:
    """Rule, scalable target and registry are what they were, and of what was made for the new set nothing is left."""
    proven = dict(each for each in timeline(cloud, back["id"]) if each[1] == "proven")

    assert {"base", "middle"} <= set(proven)
    assert sorted(f"/chain-{name}*" for name in CHAIN) == [each for each in paths(cloud) if "chain" in each]
    assert [(1, 2)] == scaling(cloud)
    assert addresses(cloud, "chain", "base") == answered(cloud, "one.chain.internal")
    assert [] == answered(cloud, "two.chain.internal")
    assert whole["made"] == made(cloud)


@pytest.mark.full
def test_rollback_deploys_what_succeeded_before(cloud: LocalCloud) -> None:
    """POST …/rollback is a new deployment of the last set that succeeded before, not of the revision before."""
    first, second = (deployed(cloud, hello("again", environment={"GREETING": each}))[0] for each in ("1", "2"))
    failed = cloud.deploy(hello("again", image="no-such-image:1"))
    of_second, of_failed = (
        cloud.ended(cloud.ask("POST", f"/deployments/{each['id']}/rollback").document["id"])
        for each in (second, failed)
    )

    assert ["succeeded", "rolled_back"] == [second["status"], failed["status"]]
    assert {"type": "rollback", "of": second["id"], "to": first["id"]} == of_second["source"]
    assert ("succeeded", told(first)) == (of_second["status"], told(of_second))
    assert {"type": "rollback", "of": failed["id"], "to": second["id"]} == of_failed["source"]
    assert ("succeeded", told(second)) == (of_failed["status"], told(of_failed))
    assert told(second) == served(cloud, of_failed)
    assert "2" == cloud.visit("/again")["greeting"]


@pytest.mark.full
def test_a_revision_that_is_inactive(cloud: LocalCloud) -> None:
    """Where nothing starts any more from what served before, its content is registered again, and serves."""
    [before] = deployed(cloud, hello("burnt"))
    revision = before["services"]["hello"]["task_definition"]
    stuck = accepted(cloud, hello("burnt", **STUCK))
    under_way(cloud, stuck)
    cloud.client("ecs").deregister_task_definition(taskDefinition=revision)
    assert 202 == cancel(cloud, stuck).status
    ended = cloud.ended(stuck)

    assert ("cancelled", None) == (ended["status"], ended["rollback_failure"])
    assert told(ended) == served(cloud, ended) != {"hello": revision}
    assert "hello" == cloud.visit("/burnt")["greeting"]


@pytest.mark.full
def test_a_way_back_that_fails(cloud: LocalCloud) -> None:
    """Where ECS refuses to go back, it ends `failed`, says why and what serves, and operators are told."""
    [before] = deployed(cloud, hello("denied"))
    revision = before["services"]["hello"]["task_definition"]
    stuck = accepted(cloud, hello("denied", **STUCK))
    under_way(cloud, stuck)
    denied = {"kind": "fail", "code": "AccessDeniedException", "message": "not authorized", "status": 400}
    with going_wrong(cloud, {**denied, "service": "ecs", "operation": "UpdateService", "times": None}):
        assert 202 == cancel(cloud, stuck).status
        ended = cloud.ended(stuck)

    assert ("failed", "deployment_cancelled") == (ended["status"], ended["failure"]["code"])
    assert "not authorized" in ended["rollback_failure"]["cause"]
    assert ended["rollback_failure"]["cause"] in ended["verdict"]
    assert "hello" == ended["rollback_failure"]["service"]
    assert revision == told(ended)["hello"]
    assert "hello" == cloud.visit("/denied")["greeting"]
    wait_for(lambda: any("RollbackFailed" in line and "CloudWatchMetrics" in line for line in cloud.log) or None)
    assert stuck not in locks(cloud).values()
