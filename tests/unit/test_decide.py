"""Decisions, as tables: facts in, decision out."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.decide import (
    NAME_WAITS,
    ROLLOUT_WAITS,
    Answer,
    OneOffTask,
    Reach,
    ZoneRecord,
    called_off,
    disagreement,
    failure_of,
    name_proof,
    names_proven,
    recorded,
    registration_lost,
    task_ended,
    unreached,
    wakes,
)
from chalicelib.deployment import Failure
from chalicelib.diagnosis import Facts, StoppedTask
from chalicelib.errors import (
    BeforeDeployFailed,
    DeploymentError,
    DeploymentTimedOut,
    RolloutFailed,
    StepFailed,
)
from tests.unit.deployments import deployment, failure

REPLACED = "Scaling activity initiated by (deployment ecs-svc/1)"
NOW = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
NINE = tuple(f"10.0.0.{number}" for number in range(1, 10))


@pytest.mark.parametrize(
    ("running", "registered", "answer", "port", "expected"),
    [
        (("1",), ("1",), Answer(("1",)), None, True),
        (("1", "2"), ("2", "1"), Answer(("2", "1")), None, True),
        ((), (), Answer(), None, True),
        ((), (), Answer(), 80, True),
        ((), (), Answer(("1",)), None, False),
        ((), ("1",), Answer(), None, False),
        (("1",), (), Answer(("1",)), None, False),
        (("1",), ("1",), Answer(), None, False),
        (("1",), ("1",), Answer(("2",)), None, False),
        (("1",), ("1",), Answer(("1", "2")), None, False),
        (("1", "2"), ("1", "2"), Answer(("1",)), None, False),
        (NINE, NINE, Answer(NINE[:8]), None, True),
        (NINE, NINE, Answer(NINE[1:]), None, True),
        (NINE, NINE, Answer(NINE[:7]), None, False),
        (NINE, NINE, Answer((*NINE[:7], "10.9.9.9")), None, False),
        (("1",), ("1",), Answer(("1",), (80,)), 80, True),
        (("1",), ("1",), Answer(("1",), (81,)), 80, False),
        (("1",), ("1",), Answer(("1",), (80, 81)), 80, False),
        (("1",), ("1",), Answer(("1",)), 80, False),
        (("1", "1"), ("1",), Answer(("1",)), None, True),
        (("1",), ("1", "1"), Answer(("1",)), None, True),
        (("1",), ("1",), Answer(("1", "1"), (80, 80)), 80, True),
        (("1", "2"), ("1", "2"), Answer(("1", "1")), None, False),
        (NINE, NINE, Answer((*NINE[:7], NINE[0])), None, False),
    ],
)
def test_names_proven(
    running: tuple[str, ...], registered: tuple[str, ...], answer: Answer, port: int | None, expected: bool
) -> None:
    """A name is proven when tasks, Cloud Map and DNS agree: up to eight addresses, none stale, the right port.

    An address that is told twice is one address, whoever tells it.
    """
    assert expected is names_proven(running, registered, answer, port, "resolver")


@pytest.mark.parametrize(
    ("said", "expected"),
    [(NINE, True), (NINE * 2, True), (NINE[:8], False), (NINE[:8] * 2, False), ((*NINE, "stale"), False)],
)
def test_records_are_all_there(said: tuple[str, ...], expected: bool) -> None:
    """A zone has a record for each running task, where one answer of DNS has eight at most."""
    assert expected is names_proven(NINE, NINE, Answer(said), None, "records")
    assert (set(said) == set(NINE[:8])) is names_proven(NINE, NINE, Answer(said), None, "resolver")


@pytest.mark.parametrize(("resolve_vpc", "expected"), [("vpc-1", "resolver"), ("vpc-2", "records"), ("", "records")])
def test_name_proof(resolve_vpc: str, expected: str) -> None:
    """A resolver proves the names of its own VPC; in others, and without one, records do."""
    assert expected == name_proof("vpc-1", resolve_vpc)


RECORDS = (
    ZoneRecord("user.local", "A", "10.0.0.2"),
    ZoneRecord("user.local", "A", "10.0.0.1"),
    ZoneRecord("user.local", "SRV", "1 1 80 i-1.user.local."),
    ZoneRecord("user.local", "SRV", "1 1 80 i-2.user.local"),
    ZoneRecord("i-1.user.local", "A", "10.0.0.1"),
    ZoneRecord("i-2.user.local", "A", "10.0.0.3"),
)


@pytest.mark.parametrize(
    ("name", "srv", "expected"),
    [
        ("user.local", False, Answer(("10.0.0.1", "10.0.0.2"))),
        ("User.local", True, Answer(("10.0.0.1", "10.0.0.3"), (80,))),
        ("other.local", False, Answer()),
        ("other.local", True, Answer()),
    ],
)
def test_recorded(name: str, srv: bool, expected: Answer) -> None:
    """A name has its A records, or those of the targets of its SRV records, whatever its letters' case."""
    assert expected == recorded(RECORDS, name, srv=srv)


@pytest.mark.parametrize(
    ("zone_vpcs", "off", "expected"),
    [
        (("vpc-1", "vpc-2"), (), None),
        (("vpc-2", "vpc-3"), (), "the hosted zone of user.local serves vpc-2, vpc-3, the tasks run in vpc-1"),
        ((), ("enableDnsSupport",), "the hosted zone of user.local serves no VPC, the tasks run in vpc-1"),
        (("vpc-1",), ("enableDnsSupport",), "DNS attributes of vpc-1 are off: enableDnsSupport"),
        (("vpc-1",), ("enableDnsX", "enableDnsY"), "DNS attributes of vpc-1 are off: enableDnsX, enableDnsY"),
    ],
)
def test_unreached(zone_vpcs: tuple[str, ...], off: tuple[str, ...], expected: str | None) -> None:
    """A VPC answers a zone that is its own, with DNS attributes; else it is told what is not so."""
    assert expected == unreached("user.local", Reach("vpc-1", zone_vpcs, off))


@pytest.mark.parametrize(
    ("running", "registered", "answers", "expected"),
    [
        ({"10.0.0.2", "10.0.0.1"}, (), None, "tasks run at 10.0.0.1, 10.0.0.2, Cloud Map has nothing"),
        ((), ("10.0.0.1",), None, "tasks run at nothing, Cloud Map has 10.0.0.1"),
        (
            ("10.0.0.1",),
            ("10.0.0.1",),
            [Answer(("10.0.0.2",))],
            "tasks run at 10.0.0.1, Cloud Map has 10.0.0.1, DNS answers 10.0.0.2",
        ),
        ((), (), [Answer(), Answer()], "tasks run at nothing, Cloud Map has nothing, DNS answers nothing"),
        (
            ("10.0.0.1",),
            ("10.0.0.1",),
            [Answer(("10.0.0.1",)), Answer(("10.0.0.1",), (80, 443))],
            ("tasks run at 10.0.0.1, Cloud Map has 10.0.0.1, DNS answers 10.0.0.1 and 10.0.0.1 on ports 80, 443"),
        ),
    ],
)
def test_disagreement(running: Any, registered: Any, answers: Any, expected: str) -> None:
    """What runs, what is registered and what is answered stand beside each other; DNS only where it was asked."""
    assert f"user.local: {expected}" == disagreement("user.local", running, registered, answers)


@pytest.mark.parametrize(
    ("lost", "expected"),
    [
        (["10.0.0.1"], "10.0.0.1 runs since 2026-01-05T09:00:00Z and is not registered in Cloud Map as user.local"),
        (
            ["10.0.0.1", "10.0.0.2"],
            "10.0.0.1, 10.0.0.2 run since 2026-01-05T09:00:00Z and are not registered in Cloud Map as user.local",
        ),
    ],
)
def test_registration_lost(lost: list[str], expected: str) -> None:
    """The tasks that are missing are named, with what is answered all the same."""
    said = registration_lost("user.local", lost, NOW, [Answer(("10.0.0.3",))])
    assert f"{expected}; DNS answers 10.0.0.3" == said


RUNNING = OneOffTask("arn:task/1", "home:2", "home", "RUNNING", NOW)


def ended(exit_code: int | None, reason: str = "Essential container in task exited") -> OneOffTask:
    """Return a task that stopped."""
    return replace(RUNNING, status="STOPPED", end=StoppedTask("arn:task/1", "", reason, exit_code=exit_code))


@pytest.mark.parametrize(
    ("task", "seconds", "expected"),
    [
        (None, 0, False),
        (None, 1000, False),  # ECS does not show it yet
        (RUNNING, 59, False),
        (ended(0), 5, True),
        (ended(0), 61, True),  # it was in time, the look was not
    ],
)
def test_task_ended(task: OneOffTask | None, seconds: int, expected: bool) -> None:
    """A task has ended well when its command exited 0."""
    assert expected is task_ended(task, 60, NOW + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("task", "seconds", "cause"),
    [
        (ended(3), 5, "before_deploy failed: Essential container in task exited; exit code 3"),
        (ended(None, "CannotPullContainerError: no"), 5, "before_deploy failed: CannotPullContainerError: no"),
        (RUNNING, 60, "before_deploy was RUNNING after its timeout_seconds of 60"),
    ],
)
def test_task_failed(task: OneOffTask, seconds: int, cause: str) -> None:
    """A task that never started, exited otherwise or takes too long failed, in ECS's words."""
    with pytest.raises(BeforeDeployFailed) as failed:
        task_ended(task, 60, NOW + timedelta(seconds=seconds))
    assert cause == failed.value.cause


@pytest.mark.parametrize(
    ("detail_type", "detail", "expected"),
    [
        ("ECS Deployment State Change", {"eventName": "SERVICE_DEPLOYMENT_COMPLETED"}, ROLLOUT_WAITS),
        ("ECS Deployment State Change", {"eventName": "SERVICE_DEPLOYMENT_FAILED"}, ROLLOUT_WAITS),
        ("ECS Deployment State Change", {"eventName": "SERVICE_DEPLOYMENT_IN_PROGRESS"}, ()),
        ("ECS Service Action", {"eventName": "SERVICE_STEADY_STATE"}, (*ROLLOUT_WAITS, *NAME_WAITS)),
        ("ECS Service Action", {"eventName": "SERVICE_TASK_START_IMPAIRED"}, ()),
        ("ECS Task State Change", {"lastStatus": "RUNNING"}, ()),
        ("ECS Task State Change", {"lastStatus": "STOPPED"}, (*ROLLOUT_WAITS, *NAME_WAITS)),
        ("ECS Task State Change", {"lastStatus": "STOPPED", "stoppedReason": REPLACED}, NAME_WAITS),
        ("ECS Task State Change", {"lastStatus": "PENDING"}, ()),
        ("ECS Task State Change", {}, ()),
        ("Something Else", {"lastStatus": "RUNNING"}, ()),
    ],
)
def test_wakes(detail_type: str, detail: dict[str, str], expected: tuple[str, ...]) -> None:
    """An event wakes the waits that it can decide, and no other."""
    assert expected == wakes(detail_type, detail)


PULL = StoppedTask("arn:1", "TaskFailedToStart", "CannotPullContainerError: failed to resolve ref a: a: not found")


def test_rollout_that_failed_has_its_causes_code() -> None:
    """A failed rollout has the code, the words and the fix of what a stopped task proves; a symptom adds nothing."""
    found = failure_of(RolloutFailed("ECS deployment circuit breaker: tasks failed to start."), "home", Facts((PULL,)))
    assert ("image_not_found", PULL.reason, "home") == (found.code, found.cause, found.service)
    assert found.fix != RolloutFailed.fix
    assert ["stopped_task"] == [each.kind for each in found.evidence]


def test_words_of_ecs_that_tell_more_are_added() -> None:
    """What ECS says of the rollout itself is added where it is no symptom, and only once."""
    found = failure_of(RolloutFailed("the ECS service home is INACTIVE"), "home", Facts((PULL,)))
    assert f"{PULL.reason} (the ECS service home is INACTIVE)" == found.cause
    assert PULL.reason == failure_of(RolloutFailed(PULL.reason), "home", Facts((PULL,))).cause


def test_timed_out_keeps_its_code() -> None:
    """A deployment that took too long says what it waited on, under the code that names its status."""
    found = failure_of(DeploymentTimedOut("the deadline passed"), "home", Facts((PULL,)))
    assert f"the deadline passed; seen meanwhile: {PULL.reason}" == found.cause
    assert ("deployment_timed_out", True) == (found.code, found.fix.endswith(DeploymentTimedOut.fix))
    assert "the deadline passed" == failure_of(DeploymentTimedOut("the deadline passed"), "home").cause


def test_end_that_proves_nothing_is_told() -> None:
    """A task that was killed, nobody knows why, is no cause; its words tell more than the rollout's all the same."""
    killed = StoppedTask("arn:1", "EssentialContainerExited", "Essential container in task exited", None, 137)
    scaled = StoppedTask("arn:2", "ServiceSchedulerInitiated", "Scaling activity initiated by (deployment x)")
    found = failure_of(RolloutFailed("tasks failed to start."), "home", Facts((scaled, killed)))
    assert "Essential container in task exited; exit code 137 (tasks failed to start.)" == found.cause
    assert "rollout_failed" == found.code
    alone = failure_of(RolloutFailed("tasks failed to start."), "home", Facts((scaled,)))
    assert "tasks failed to start." == alone.cause


def test_other_failures_keep_their_words() -> None:
    """What AWS refused is not explained by a task that stopped; that stays evidence."""
    found = failure_of(StepFailed("AccessDenied"), "home", Facts((PULL,)))
    assert ("step_failed", "AccessDenied", StepFailed.fix) == (found.code, found.cause, found.fix)
    assert ["arn:1"] == [each.resource for each in found.evidence]


def test_failure_without_facts_is_the_errors_own() -> None:
    """Without anything seen the cause is what ECS said of the rollout."""
    found = failure_of(RolloutFailed("tasks failed to start."), "home")
    assert ("rollout_failed", "tasks failed to start.", ()) == (found.code, found.cause, found.evidence)


@pytest.mark.parametrize("service", ["home", None])
@pytest.mark.parametrize("error", [RolloutFailed("no"), DeploymentTimedOut("late"), StepFailed("AccessDenied")])
@pytest.mark.parametrize("facts", [Facts(), Facts((PULL,))])
def test_failure_names_its_service(error: DeploymentError, service: str | None, facts: Facts) -> None:
    """Whatever failed, and whatever was seen: the failure is that of the service which had it."""
    assert service == failure_of(error, service, facts).service


@pytest.mark.parametrize(
    ("recorded", "ends"), [(None, False), (failure("rollout_failed", "home"), False), (failure("x", "redis"), True)]
)
def test_called_off(recorded: Failure | None, ends: bool) -> None:
    """Another service's failure ends this one's branch; its own, or none, does not."""
    assert ends is (called_off(deployment(failure=recorded), "home") is not None)


@pytest.mark.parametrize(
    ("recorded", "words"), [(failure("x", "redis"), "redis failed first: Because."), (failure("x", None), "Because.")]
)
def test_called_off_says_why(recorded: Failure, words: str) -> None:
    """A branch that ends for another's sake says who failed first, or what ended them all."""
    ended = called_off(deployment(failure=recorded), "home")
    assert ended is not None
    assert words == ended.cause
