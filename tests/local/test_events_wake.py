"""Events end a wait: with polls a minute apart no poll is needed."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.local.faults import execution_arn
from tests.local.local_cloud import LocalCloud, hello, local_cloud, wait_for
from tests.local.stuck import BROKEN, STUCK, accepted, cancel, deployed, under_way


@pytest.fixture(scope="module")
def cloud() -> Iterator[LocalCloud]:
    """Run a local cloud whose polls are a minute apart: a look that is woken and reads what was would wait for one."""
    with local_cloud(SLIPWAY_POLL_SECONDS="60", SLIPWAY_STALE_SECONDS="0") as running:
        yield running


def polls(cloud: LocalCloud, ended: dict[str, Any]) -> int:
    """Return how many waits of a deployment ended because nothing woke them; its execution ends after its record."""
    steps, execution = cloud.client("stepfunctions"), {"executionArn": execution_arn(ended["id"])}
    wait_for(lambda: steps.describe_execution(**execution)["status"] == "SUCCEEDED" or None)
    pages = steps.get_paginator("get_execution_history").paginate(**execution)
    types = [each["type"] for page in pages for each in page["events"]]
    return types.count("TaskTimedOut") + types.count("LambdaFunctionTimedOut")


def test_success_is_seen_at_once(cloud: LocalCloud) -> None:
    """A first deployment and a rollout end without a poll."""
    ended = [deployed(cloud, hello("quick", environment={"GREETING": each}))[0] for each in ("1", "2")]

    assert [0, 0] == [polls(cloud, each) for each in ended]


def test_failure_and_the_way_back_are_seen_at_once(cloud: LocalCloud) -> None:
    """A rollout that fails, over what served and as the first, ends without a poll, way back and all."""
    deployed(cloud, hello("broken"))
    ended = [cloud.deploy(hello(each, **BROKEN)) for each in ("broken", "broken-first")]

    assert ["rolled_back", "failed"] == [each["status"] for each in ended]
    assert [0, 0] == [polls(cloud, each) for each in ended]


@pytest.mark.full
def test_a_cancel_is_seen_at_once(cloud: LocalCloud) -> None:
    """A deployment that is cancelled goes back without a poll."""
    deployed(cloud, hello("cancelled"))
    stuck = accepted(cloud, hello("cancelled", **STUCK))
    under_way(cloud, stuck)
    cancel(cloud, stuck)
    ended = cloud.ended(stuck)

    assert ("cancelled", 0) == (ended["status"], polls(cloud, ended))
