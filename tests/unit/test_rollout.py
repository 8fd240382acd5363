"""What a rollout proves, as tables: what ECS shows, and when, in; what is decided out."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.deployment import ServiceProgress
from chalicelib.diagnosis import ServiceEvent
from chalicelib.errors import RolloutFailed, RolloutSuperseded
from chalicelib.rollout import Rollout, may_be_old, restored, shows_our_call, stable
from chalicelib.specs import ServiceSpec, Serving

CALLED = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
MADE = CALLED + timedelta(seconds=1)
SOON = CALLED + timedelta(seconds=119.9)
LATER = CALLED + timedelta(seconds=120)
FOLLOWED = ServiceProgress(
    name="home",
    task_definition="home:2",
    previous_task_definition="home:1",
    called_at=CALLED,
    rolls_out=True,
    ecs_deployment_id="ecs-svc/1",
    ecs_deployment_created_at=MADE,
    ecs_deployments_before=("ecs-svc/known",),
    service_deployment_arn="arn:1",
)
SUCCESSFUL = Rollout(
    service_status="ACTIVE",
    primary_id="ecs-svc/1",
    primary_task_definition="home:2",
    rollout_state="COMPLETED",
    rollout_reason="ECS deployment completed.",
    desired=2,
    primary_desired=2,
    running=2,
    pending=0,
    failed=0,
    total_running=2,
    primary_created_at=MADE,
    own_state="COMPLETED",
    own_reason="ECS deployment completed.",
    service_deployment_arn="arn:1",
    service_deployment_status="SUCCESSFUL",
)
OLD = replace(
    SUCCESSFUL,
    primary_id="ecs-svc/0",
    primary_task_definition="home:1",
    primary_created_at=MADE - timedelta(days=1),
    own_state=None,
    own_reason="",
    service_deployment_status=None,
)
NEW = replace(OLD, primary_id="ecs-svc/2", primary_created_at=MADE + timedelta(seconds=30), primary_task_definition="x")
ROLLING_BACK = "ECS deployment circuit breaker: rolling back to deploymentId ecs-svc/0."


@pytest.mark.parametrize(
    ("since", "expected"),
    [(None, False), (CALLED, False), (CALLED + timedelta(milliseconds=1), True), (LATER, True)],
)
def test_two_minutes_are_given(since: datetime | None, expected: bool) -> None:
    """What ECS shows may be older than an instant for two minutes after it; of no instant nothing is older."""
    assert expected is may_be_old(since, LATER)


def test_less_is_given_where_all_is_faster() -> None:
    """What stands in for AWS, and is ten times as fast, shows what is old for a tenth of that time."""
    found = [may_be_old(CALLED, CALLED + timedelta(seconds=each), 10) for each in (11, 12)]
    assert [True, False] == found


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, True),
        ({"service_deployment_status": "IN_PROGRESS"}, False),
        ({"service_deployment_status": "PENDING"}, False),
        ({"service_deployment_status": "STOP_REQUESTED"}, False),
        ({"service_deployment_status": None}, True),
        ({"service_deployment_status": "STOPPED"}, True),
        ({"service_deployment_status": None, "rollout_state": "IN_PROGRESS"}, False),
        ({"running": 1, "pending": 1}, False),
        ({"running": 1}, False),
        ({"total_running": 3}, False),
        ({"desired": 3}, False),
        ({"desired": 0, "running": 0, "total_running": 0}, True),
    ],
)
@pytest.mark.parametrize("now", [CALLED, SOON, LATER])
def test_stable(facts: dict[str, Any], expected: bool, now: datetime) -> None:
    """A service is stable when our own rollout succeeded and its counts are there, and nothing else runs."""
    assert expected is stable(replace(SUCCESSFUL, **facts), FOLLOWED, now)


@pytest.mark.parametrize(
    "rollout",
    [
        None,
        replace(OLD, service_status="DRAINING"),
        replace(OLD, service_status="INACTIVE"),
        OLD,
        replace(OLD, service_deployment_status="IN_PROGRESS"),
        replace(OLD, primary_id="ecs-svc/known", primary_created_at=None),
        replace(OLD, primary_created_at=MADE),
        replace(OLD, rollout_state="FAILED"),
        replace(OLD, rollout_reason=ROLLING_BACK),
    ],
)
def test_what_may_be_older_than_our_call(rollout: Rollout | None) -> None:
    """What may be older than our call decides nothing for two minutes; then it is a failure, never superseded."""
    assert stable(rollout, FOLLOWED, SOON) is False
    with pytest.raises(RolloutFailed):
        stable(rollout, FOLLOWED, LATER)


@pytest.mark.parametrize(("now", "expected"), [(SOON, False), (LATER, True)])
def test_counts_from_before_our_call(now: datetime, expected: bool) -> None:
    """A call that starts no ECS deployment is proven by the count that it left; later, others may have changed it."""
    asked = {"rolls_out": False, "service_deployment_arn": None}
    read = replace(SUCCESSFUL, service_deployment_status=None)
    assert expected is stable(read, FOLLOWED.model_copy(update={**asked, "desired_asked": 4}), now)
    assert stable(read, FOLLOWED.model_copy(update={**asked, "desired_asked": 2}), now)


@pytest.mark.parametrize(
    ("rollout", "words"),
    [
        (replace(SUCCESSFUL, service_status="DRAINING"), "the ECS service home is DRAINING"),
        (replace(OLD, service_deployment_status="ROLLBACK_REQUESTED"), "ECS service deployment ROLLBACK_REQUESTED"),
        (replace(NEW, service_deployment_status="ROLLBACK_IN_PROGRESS"), "ECS service deployment ROLLBACK_IN_PROGRESS"),
        (replace(OLD, service_deployment_status="ROLLBACK_SUCCESSFUL"), "ECS service deployment ROLLBACK_SUCCESSFUL"),
        (
            replace(SUCCESSFUL, service_deployment_status="ROLLBACK_SUCCESSFUL", service_deployment_reason="by alarm"),
            "ECS service deployment ROLLBACK_SUCCESSFUL: by alarm",
        ),
        (
            replace(SUCCESSFUL, service_deployment_status="ROLLBACK_FAILED"),
            "ECS service deployment ROLLBACK_FAILED",
        ),
        (replace(NEW, own_state="FAILED", own_reason="tasks failed"), "tasks failed"),
        (replace(OLD, own_state="FAILED", own_reason="tasks failed"), "tasks failed"),
        (
            replace(NEW, service_deployment_status="STOPPED", own_state="FAILED", own_reason="tasks failed"),
            "tasks failed",
        ),
        (
            replace(
                SUCCESSFUL,
                service_deployment_status=None,
                rollout_state="FAILED",
                own_state="FAILED",
                own_reason="tasks failed",
            ),
            "tasks failed",
        ),
    ],
)
def test_what_proves_a_failure(rollout: Rollout, words: str) -> None:
    """What is said of our own deployment is proven at once, in ECS's words; so is what is read with it."""
    with pytest.raises(RolloutFailed) as failed:
        stable(rollout, FOLLOWED, CALLED)
    assert words == failed.value.cause


@pytest.mark.parametrize(
    ("rollout", "words"),
    [
        (None, "the ECS service home is MISSING: it was deleted, or ECS never made it"),
        (OLD, "ECS does not have our deployment ecs-svc/1, but ecs-svc/0"),
    ],
)
def test_what_is_not_seen_in_time(rollout: Rollout | None, words: str) -> None:
    """What ECS does not show in two minutes is not there, and the cause says so."""
    with pytest.raises(RolloutFailed) as failed:
        stable(rollout, FOLLOWED, LATER)
    assert words == failed.value.cause


@pytest.mark.parametrize(
    ("stopped_at", "decided"),
    [(None, True), (LATER - timedelta(minutes=2), True), (LATER - timedelta(seconds=119), False)],
)
def test_rollout_that_was_stopped(stopped_at: datetime | None, decided: bool) -> None:
    """Ours that STOPPED has failed; but another may have replaced it, and that is not seen yet."""
    read = replace(
        SUCCESSFUL,
        rollout_state="IN_PROGRESS",
        service_deployment_status="STOPPED",
        service_deployment_reason="by hand",
        settled_at=stopped_at,
    )
    if not decided:
        assert stable(read, FOLLOWED, LATER) is False
        return
    with pytest.raises(RolloutFailed) as failed:
        stable(read, FOLLOWED, LATER)
    assert "ECS service deployment STOPPED: by hand" == failed.value.cause


TOLD_WHY = MADE + timedelta(seconds=30 + 120)


@pytest.mark.parametrize("status", ["STOP_REQUESTED", "STOPPED", "SUCCESSFUL"])
def test_superseded(status: str) -> None:
    """One that is later than ours, which gave way to it, superseded it: at once, and whatever it does itself."""
    for read in (NEW, replace(NEW, rollout_reason=ROLLING_BACK)):
        with pytest.raises(RolloutSuperseded) as ended:
            stable(replace(read, service_deployment_status=status), FOLLOWED, CALLED)
        assert "ECS deployment ecs-svc/2 replaced ours, ecs-svc/1" == ended.value.cause


@pytest.mark.parametrize("status", [None, "PENDING", "IN_PROGRESS"])
def test_why_ours_was_replaced_may_be_told_later(status: str | None) -> None:
    """One that is later than ours superseded it, or is ECS's own way back: which of them is told within two minutes."""
    read = replace(NEW, service_deployment_status=status)
    back = replace(read, rollout_reason=ROLLING_BACK)
    before = TOLD_WHY - timedelta(milliseconds=1)
    assert [False, False] == [stable(each, FOLLOWED, before) for each in (read, back)]
    with pytest.raises(RolloutSuperseded):
        stable(read, FOLLOWED, TOLD_WHY)
    with pytest.raises(RolloutFailed) as failed:
        stable(back, FOLLOWED, TOLD_WHY)
    assert ROLLING_BACK == failed.value.cause


def test_what_served_before_in_the_place_of_ours() -> None:
    """One that runs what served before is ECS's way back, unless ours gave way to it, or is of that revision itself."""
    read = replace(NEW, primary_task_definition="home:1")
    with pytest.raises(RolloutFailed) as failed:
        stable(read, FOLLOWED, TOLD_WHY)
    assert "ECS deployment ecs-svc/2, in the place of ours, ecs-svc/1, runs what served before" == failed.value.cause
    for other, followed in (
        (replace(read, service_deployment_status="STOPPED"), FOLLOWED),
        (read, FOLLOWED.model_copy(update={"task_definition": "home:1"})),
        (replace(read, primary_task_definition=""), FOLLOWED.model_copy(update={"previous_task_definition": None})),
    ):
        with pytest.raises(RolloutSuperseded):
            stable(other, followed, TOLD_WHY)


def test_what_our_call_did_not_start_is_replaced_at_once() -> None:
    """Where our call started no ECS deployment, none of ours has an end that could tell more."""
    with pytest.raises(RolloutSuperseded):
        stable(NEW, FOLLOWED.model_copy(update={"rolls_out": False, "service_deployment_arn": None}), CALLED)


def test_records_of_an_older_release() -> None:
    """A deployment of which it was not recorded when it was called is judged at once."""
    older = ServiceProgress(name="home", ecs_deployment_id="ecs-svc/1", service_deployment_arn="arn:1")
    assert stable(SUCCESSFUL, older, CALLED)
    with pytest.raises(RolloutFailed):
        stable(None, older, CALLED)
    with pytest.raises(RolloutSuperseded):
        stable(replace(OLD, service_deployment_status="STOPPED"), older, CALLED)


BACK = FOLLOWED.model_copy(update={"rolls_out": False, "service_deployment_arn": None})


@pytest.mark.parametrize(
    ("facts", "followed", "expected"),
    [
        ({}, BACK, True),
        ({"primary_task_definition": "home:7"}, BACK.model_copy(update={"restored_task_definition": "home:7"}), True),
        ({"rollout_state": "IN_PROGRESS", "rollout_reason": ROLLING_BACK}, BACK, False),
        ({"primary_created_at": MADE - timedelta(seconds=1)}, BACK, False),
        ({"service_deployment_status": "STOPPED"}, FOLLOWED, True),
        ({"service_deployment_status": "STOPPED", "settled_at": MADE, "running": 1}, FOLLOWED, False),
    ],
)
def test_what_served_before_runs_again(facts: dict[str, Any], followed: ServiceProgress, expected: bool) -> None:
    """A deployment of what served before counts if it is later than ours: ECS's own way back, or somebody's."""
    read = replace(NEW, primary_task_definition="home:1")
    assert expected is restored(replace(read, **facts), followed, CALLED)


@pytest.mark.parametrize(
    ("rollout", "followed", "error"),
    [
        (
            replace(NEW, primary_task_definition="home:1", rollout_state="FAILED", rollout_reason="x"),
            BACK,
            RolloutFailed,
        ),
        (NEW, BACK, RolloutSuperseded),
        (
            replace(NEW, primary_task_definition="home:1", service_deployment_status="ROLLBACK_FAILED"),
            FOLLOWED,
            RolloutFailed,
        ),
        (None, BACK.model_copy(update={"called_at": None}), RolloutFailed),
    ],
)
def test_what_is_no_way_back_of_ecs(rollout: Rollout | None, followed: ServiceProgress, error: type[Exception]) -> None:
    """It counts until it fails; what runs anything else is somebody else's."""
    with pytest.raises(error):
        restored(rollout, followed, SOON)


NEWS = ServiceEvent(CALLED, "(service home) registered 1 targets in (target-group a)")
STUCK = "(service home) was unable to stop or start tasks during a deployment because of the service deployment config"


@pytest.mark.parametrize(
    ("facts", "said", "expected"),
    [
        ({}, ServiceEvent(CALLED, f"{STUCK}uration."), True),
        ({"desired": 2}, ServiceEvent(CALLED, f"{STUCK}uration."), False),
        ({"maximum_percent": 200}, ServiceEvent(CALLED, f"{STUCK}uration."), False),
        ({"minimum_healthy_percent": 0}, ServiceEvent(CALLED, f"{STUCK}uration."), False),
        ({}, ServiceEvent(CALLED - timedelta(seconds=1), f"{STUCK}uration."), False),
        ({}, ServiceEvent(CALLED, "(service home) has started 1 tasks: (task 1)."), False),
    ],
)
@pytest.mark.parametrize("decided", [stable, restored])
def test_no_room_to_go_on(
    decided: Callable[..., bool], facts: dict[str, Any], said: ServiceEvent, expected: bool
) -> None:
    """ECS's words since our call end a rollout, there and back, where the percentages bear them out at this count."""
    half = {"primary_task_definition": "home:1", "minimum_healthy_percent": 50, "maximum_percent": 100, "desired": 1}
    given: dict[str, Any] = {**half, **facts}
    going = replace(SUCCESSFUL, service_deployment_status="IN_PROGRESS", events=(NEWS, said), **given)
    if not expected:
        assert not decided(going, FOLLOWED, SOON)
        return
    with pytest.raises(RolloutFailed, match="with 1 desired, 100 % allows 1 tasks and 50 % keeps 1"):
        decided(going, FOLLOWED, SOON)


def test_our_own_way_back() -> None:
    """A way back that our call started is judged as a way there."""
    own = replace(SUCCESSFUL, primary_task_definition="home:1")
    assert restored(own, FOLLOWED, CALLED)
    assert not restored(replace(own, service_deployment_status="IN_PROGRESS"), FOLLOWED, CALLED)
    assert not restored(OLD, FOLLOWED, CALLED)


SPEC = ServiceSpec("home:1", 1, 100, 200, True, 0, None, None, ())
BEFORE = Serving(
    "arn",
    "ACTIVE",
    SPEC,
    {},
    ecs_deployment_id="ecs-svc/0",
    ecs_deployment_created_at=MADE - timedelta(days=1),
    ecs_deployments=("ecs-svc/0",),
)


@pytest.mark.parametrize(
    ("serving", "expected"),
    [
        (None, False),
        (BEFORE, False),
        (replace(BEFORE, status="DRAINING", ecs_deployments=("ecs-svc/1",)), False),
        (replace(BEFORE, ecs_deployment_id="ecs-svc/1", ecs_deployments=("ecs-svc/1", "ecs-svc/0")), True),
        (replace(BEFORE, ecs_deployments=("ecs-svc/0", "ecs-svc/1")), True),
        (replace(BEFORE, ecs_deployment_id="ecs-svc/2", ecs_deployment_created_at=LATER), True),
    ],
)
def test_what_shows_our_call(serving: Serving | None, expected: bool) -> None:
    """What is read of a service is no older than our call when it has our deployment, or a later one."""
    assert expected is shows_our_call(serving, FOLLOWED, SOON)
    assert shows_our_call(serving, FOLLOWED, LATER)
    assert shows_our_call(serving, ServiceProgress(name="home"), SOON)
    unknown = FOLLOWED.model_copy(update={"ecs_deployment_id": None, "ecs_deployment_created_at": None})
    assert not shows_our_call(serving, unknown, SOON)
