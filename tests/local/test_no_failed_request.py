"""Visitors of a service of two tasks notice neither a rollout, nor one that fails, nor the way back."""

from typing import Any

import pytest

from tests.local.local_cloud import LocalCloud, hello, visitors
from tests.local.samples import addresses
from tests.local.stuck import BROKEN
from tests.local.truth import active, paths


def pair(application: str, greeting: str, **after: Any) -> dict[str, Any]:
    """Return the manifest of two tasks of `hello`, and of a service that is changed after them."""
    manifest = hello(application, desired_count=2, environment={"GREETING": greeting})
    [after_it] = hello(f"after-{application}", depends_on=["hello"], **after)["services"].values()
    manifest["services"]["after"] = after_it
    return manifest


def ends_and_answers(cloud: LocalCloud, application: str) -> tuple[list[str], set[str]]:
    """Return how a rollout, one that breaks, and one that breaks after the two tasks were replaced ended.

    Beside them is all that visitors were answered meanwhile.
    """
    assert "succeeded" == cloud.deploy(pair(application, "1"))["status"]
    broken = pair(application, "3")
    broken["services"]["hello"] |= BROKEN
    with visitors(f"{cloud.balancer}/{application}") as seen:
        ends = [
            cloud.deploy(each)["status"] for each in (pair(application, "2"), broken, pair(application, "4", **BROKEN))
        ]
    assert "2" == cloud.visit(f"/{application}")["greeting"]
    return ends, set(seen)


def test_nobody_notices(cloud: LocalCloud) -> None:
    """During a rollout, a failed one, and a way back, every request is answered."""
    assert (["succeeded", "rolled_back", "rolled_back"], {"200"}) == ends_and_answers(cloud, "pair")


@pytest.mark.full
def test_nobody_ever_notices(cloud: LocalCloud) -> None:
    """So it is twenty times over."""
    ends = [ends_and_answers(cloud, f"pair-{number}") for number in range(20)]

    assert [(["succeeded", "rolled_back", "rolled_back"], {"200"})] * 20 == ends


def moved(**changes: Any) -> dict[str, Any]:
    """Return the manifest of `old`, which needs `new`: the route is `new`'s from now on."""
    [before] = hello("moved", environment={"GREETING": "old"})["services"].values()
    [now] = hello("moved", environment={"GREETING": "new"})["services"].values()
    services = {"new": now, "old": {**before, "route": None, "depends_on": ["new"]}}
    return hello("moved") | {"services": services | changes}


@pytest.mark.full
def test_a_route_moves(cloud: LocalCloud) -> None:
    """A service that loses its route to one that it needs: whoever asks meanwhile is answered, by the one or the other.

    What fails after that goes back to the rule of before.
    """
    [old] = hello("moved", environment={"GREETING": "old"})["services"].values()
    before = hello("moved") | {"services": {"old": old}}
    assert "succeeded" == cloud.deploy(before)["status"]
    last = {"image": "actors-hello:1", "depends_on": ["old"], **BROKEN}
    assert "rolled_back" == cloud.deploy(moved(last=last))["status"]
    assert "old" == cloud.visit("/moved")["greeting"]
    with visitors(f"{cloud.balancer}/moved") as seen:
        assert "succeeded" == cloud.deploy(moved())["status"]
        assert "new" == cloud.visit("/moved")["greeting"]
    assert ({"200"}, ["/moved*"]) == (set(seen), [each for each in paths(cloud) if "moved" in each])


def named_www(name: str, **changes: Any) -> dict[str, Any]:
    """Return the manifest of a service of this name, at /renamed and as www.renamed.internal."""
    [service] = hello("renamed", environment={"GREETING": name}, discovery={"name": "www"})["services"].values()
    return (
        hello("renamed")
        | {"namespace": "renamed.internal", "timeout_seconds": 60, "services": {name: service}}
        | changes
    )


@pytest.mark.full
def test_a_service_is_renamed(cloud: LocalCloud) -> None:
    """A service with another name, the same path and the same name in DNS: whoever asks meanwhile is answered.

    The one of before is gone when the deployment ends, and the name leads to the new one's tasks alone.
    """
    assert "succeeded" == cloud.deploy(named_www("old"))["status"]
    with visitors(f"{cloud.balancer}/renamed") as seen:
        ended = cloud.deploy(named_www("new", prune=True))
        greeting = cloud.visit("/renamed")["greeting"]
    assert (None, "removed", "new") == (ended["failure"], ended["services"]["old"]["status"], greeting)
    assert {"200"} == set(seen)
    assert addresses(cloud, "renamed", "new") == ended["services"]["new"]["dns"]["addresses"]
    assert (False, ["/renamed*"]) == (active(cloud, "renamed", "old"), [p for p in paths(cloud) if "renamed" in p])
