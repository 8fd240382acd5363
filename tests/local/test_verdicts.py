"""Every end that a deployment can have, for real: its verdict is true of what serves, and it holds no lock."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.full import full_but
from tests.local.inventory import made
from tests.local.local_cloud import LocalCloud
from tests.local.samples import addresses
from tests.local.stuck import BROKEN, STUCK, accepted, cancel, deployed, resolvable, under_way
from tests.local.truth import active, answered, locks, running, served, told

SOON = {"timeout_seconds": 5}


def fails(cloud: LocalCloud, application: str) -> str:
    """Deploy what crashes."""
    return accepted(cloud, resolvable(application, **BROKEN))


def is_late(cloud: LocalCloud, application: str) -> str:
    """Deploy what does not boot in time."""
    return accepted(cloud, resolvable(application, **STUCK) | SOON)


def is_cancelled(cloud: LocalCloud, application: str) -> str:
    """Deploy what does not boot, and cancel it."""
    deployment_id = accepted(cloud, resolvable(application, **STUCK))
    under_way(cloud, deployment_id)
    assert 202 == cancel(cloud, deployment_id).status
    return deployment_id


End = Callable[[LocalCloud, str], str]
FIRST: dict[str, tuple[End, str]] = {
    "fails": (fails, "failed"),
    "is_late": (is_late, "timed_out"),
    "is_cancelled": (is_cancelled, "cancelled"),
}
LATER: dict[str, tuple[End, str]] = FIRST | {"fails": (fails, "rolled_back")}


@pytest.fixture(scope="module")
def first(cloud: LocalCloud) -> dict[str, dict[str, Any]]:
    """Return how the first deployment ever of each application of FIRST ended, side by side; nothing of it is left."""
    before = made(cloud)
    ids = {name: end(cloud, f"first-{name.replace('_', '-')}") for name, (end, _) in FIRST.items()}
    ended = {name: cloud.ended(each) for name, each in ids.items()}
    assert before == made(cloud)
    return ended


@pytest.mark.parametrize("name", FIRST)
def test_a_first_deployment_that_fails_is_removed(
    cloud: LocalCloud, first: dict[str, dict[str, Any]], name: str
) -> None:
    """With nothing to go back to, what was made is removed; the cause names the status, and nothing serves."""
    ended = first[name]

    assert (FIRST[name][1], None) == (ended["status"], ended["rollback_failure"]), ended["verdict"]
    assert {"hello": None} == told(ended) == served(cloud, ended)
    assert ("removed", False) == (ended["services"]["hello"]["status"], ended["can_rollback"])
    assert "hello is removed." in ended["verdict"]
    assert [] == answered(cloud, f"hello.{ended['application']}.internal")
    assert ended["id"] not in locks(cloud).values()


@pytest.fixture(scope="module")
def later(cloud: LocalCloud) -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    """Return of each application of LATER how it was first deployed, and how its next deployment ended."""
    applications = {name: f"later-{name.replace('_', '-')}" for name in LATER}
    before = deployed(cloud, *(resolvable(each) for each in applications.values()))
    ids = [LATER[name][0](cloud, application) for name, application in applications.items()]
    ended = [cloud.ended(each) for each in ids]
    return dict(zip(applications, zip(before, ended, strict=True), strict=True))


@pytest.mark.parametrize("name", LATER)
def test_a_later_deployment_that_fails_goes_back(
    cloud: LocalCloud, later: dict[str, tuple[dict[str, Any], dict[str, Any]]], name: str
) -> None:
    """The revision of before serves again: in ECS, through the load balancer, by its name, and in the verdict."""
    before, ended = later[name]
    application, revision = ended["application"], before["services"]["hello"]["task_definition"]

    assert (LATER[name][1], None) == (ended["status"], ended["rollback_failure"]), ended["verdict"]
    assert {"hello": revision} == told(ended) == served(cloud, ended)
    assert ("rolled_back", True) == (ended["services"]["hello"]["status"], ended["can_rollback"])
    assert f"{revision.rpartition('/')[2]} serves again." in ended["verdict"]
    assert "hello" == cloud.visit(f"/{application}")["greeting"]
    assert addresses(cloud, application, "hello") == answered(cloud, f"hello.{application}.internal")
    assert ended["id"] not in locks(cloud).values()


@pytest.mark.usefixtures("later")
def test_what_succeeds_serves(cloud: LocalCloud) -> None:
    """A deployment after one that failed succeeds, and its revision serves."""
    [ended] = deployed(cloud, resolvable("later-fails", environment={"GREETING": "mended"}))

    assert {"hello": ended["services"]["hello"]["task_definition"]} == told(ended) == served(cloud, ended)
    assert "mended" == cloud.visit("/later-fails")["greeting"]
    assert addresses(cloud, "later-fails", "hello") == answered(cloud, "hello.later-fails.internal")
    assert ended["id"] not in locks(cloud).values()


def test_what_is_to_be_kept_is_kept(cloud: LocalCloud) -> None:
    """With `on_failure: keep` a first deployment that failed ends `failed`, and what it made can be looked at."""
    ended = cloud.deploy(resolvable("kept", image="no-such-image:1") | {"on_failure": "keep"})

    assert ("failed", "image_not_found") == (ended["status"], ended["failure"]["code"])
    assert active(cloud, "kept")
    assert {"hello": None} == told(ended) == served(cloud, ended)
    assert "removed" not in ended["verdict"]
    assert ended["id"] not in locks(cloud).values()


@pytest.mark.parametrize("times", full_but(["later"], ["first", "later"]))
def test_one_takes_the_place_of_another(cloud: LocalCloud, times: str) -> None:
    """?on_busy=supersede ends the one that runs `superseded`, naming its successor, which then succeeds."""
    application = f"replaced-{times}"
    if times == "later":
        deployed(cloud, resolvable(application))
    stuck = accepted(cloud, resolvable(application, **STUCK))
    under_way(cloud, stuck)
    assert 409 == cloud.post(resolvable(application)).status
    successor = accepted(cloud, resolvable(application, environment={"GREETING": "next"}), "?on_busy=supersede")
    old, new = cloud.ended(stuck), cloud.ended(successor)

    assert ("superseded", successor, None) == (old["status"], old["superseded_by"], old["rollback_failure"])
    assert successor in old["verdict"]
    assert "succeeded" == new["status"], new["verdict"]
    assert told(new) == served(cloud, new)
    assert "next" == cloud.visit(f"/{application}")["greeting"]
    assert addresses(cloud, application, "hello") == answered(cloud, f"hello.{application}.internal")
    assert set() == {stuck, successor} & set(locks(cloud).values())


def test_a_change_behind_our_back(cloud: LocalCloud) -> None:
    """When somebody else updates the service meanwhile, ours ends `superseded`, naming the other ECS deployment."""
    [before] = deployed(cloud, resolvable("console"))
    stuck = accepted(cloud, resolvable("console", **STUCK))
    under_way(cloud, stuck)
    theirs = cloud.client("ecs").update_service(
        cluster="console",
        service="hello",
        taskDefinition=before["services"]["hello"]["task_definition"],
        forceNewDeployment=True,
    )["service"]["deployments"][0]["id"]
    ended = cloud.ended(stuck)

    assert ("superseded", "rollout_superseded") == (ended["status"], ended["failure"]["code"])
    assert f"ECS deployment {theirs} replaced ours" in ended["verdict"]
    assert running(cloud, "console") == before["services"]["hello"]["task_definition"]
    assert "hello" == cloud.visit("/console")["greeting"]
    assert stuck not in locks(cloud).values()


def test_what_cannot_be_cancelled(cloud: LocalCloud, first: dict[str, dict[str, Any]]) -> None:
    """A deployment that has ended is not cancelled, and nothing that never succeeded is gone back to."""
    for ended in first.values():
        assert 409 == cancel(cloud, ended["id"]).status
        assert 409 == cloud.ask("POST", f"/deployments/{ended['id']}/rollback").status
