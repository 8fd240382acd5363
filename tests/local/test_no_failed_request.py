"""Visitors of a service of two tasks notice neither a rollout, nor one that fails, nor the way back."""

from typing import Any

import pytest

from tests.local.local_cloud import LocalCloud, hello, visitors
from tests.local.stuck import BROKEN


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
