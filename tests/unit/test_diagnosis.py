"""Diagnosis: from the words that AWS uses to one cause."""

from datetime import datetime, timedelta
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from chalicelib.deployment import Evidence
from chalicelib.diagnosis import (
    CODES,
    Facts,
    LogLine,
    StoppedContainer,
    StoppedTask,
    TargetHealth,
    diagnose,
    explains,
    hopeless_since,
    telling,
)
from tests.unit.aws_words import EXAMPLES, NOW, SILENT, TARGET_GROUP, exited, said, target, unhealthy


@pytest.mark.parametrize(("code", "hopeless", "facts"), EXAMPLES, ids=[each[0] for each in EXAMPLES])
def test_cause(code: str, hopeless: bool, facts: Facts) -> None:
    """Words that AWS uses mean one cause, and whether another try can help."""
    found = diagnose(facts)
    assert found is not None
    cause = CODES[code]
    assert (code, hopeless, cause.fix) == (found.code, found.hopeless, found.fix)
    assert cause.service_class == found.service_class


def test_every_code_has_an_example() -> None:
    """There is no cause without an example, and none that says no fix."""
    assert set(CODES) == {code for code, _, _ in EXAMPLES}
    assert all(len(each.fix) > 20 for each in CODES.values())


@pytest.mark.parametrize("facts", SILENT)
def test_symptom_is_no_cause(facts: Facts) -> None:
    """What is a symptom, normal, or no news explains nothing."""
    assert diagnose(facts) is None


@given(some.permutations([*SILENT, EXAMPLES[0][2], said("was unable to place a task. Reason: Internal error.")]))
def test_symptom_is_never_chosen(seen: list[Facts]) -> None:
    """In whatever order things were seen, a symptom is not the cause while another is there; a task comes first."""
    facts = Facts(
        tuple(task for each in seen for task in each.stopped_tasks),
        tuple(event for each in seen for event in each.events),
        tuple(target for each in seen for target in each.targets),
    )
    found = diagnose(facts)
    assert found is not None
    assert "image_not_found" == found.code


@given(some.lists(some.sampled_from([facts for _, _, facts in EXAMPLES if facts.stopped_tasks]), min_size=1))
def test_newest_task_counts(seen: list[Facts]) -> None:
    """Of tasks that stopped for several causes the newest one's is the cause, one without known words aside."""
    reasons = [each.stopped_tasks[0].reason for each in seen]
    first = next((each for each in reasons if each != "The dog ate it."), reasons[0])
    found = diagnose(Facts(tuple(task for each in seen for task in each.stopped_tasks)))
    assert found is not None
    assert found.cause.startswith(first)


def test_known_words_come_before_unknown_ones() -> None:
    """A newer task with words that nobody knows hides no cause that is known; alone, its words are the cause."""
    strange = StoppedTask("2", "", "The dog ate it.")
    both = diagnose(Facts((strange, *exited(1).stopped_tasks)))
    alone = diagnose(Facts((strange,)))
    assert both is not None
    assert alone is not None
    assert ("application_exited", "1 of 2 tasks") == (both.code, both.tasks)
    assert ("unknown", "The dog ate it.", None) == (alone.code, alone.cause, alone.tasks)


@pytest.mark.parametrize(
    ("facts", "cause"),
    [
        (
            said("was unable to place a task. Reason: Internal error."),
            "(service home) was unable to place a task. Reason: Internal error.",
        ),
        (target("Target.Timeout", "Request timed out"), "Target.Timeout: Request timed out"),
        (target("Target.NotInUse", ""), "Target.NotInUse"),
        (Facts(alarms=("home-5xx", "home-slow")), "CloudWatch alarms in ALARM: home-5xx, home-slow"),
    ],
)
def test_cause_is_what_was_said(facts: Facts, cause: str) -> None:
    """Where no task tells, the cause is what ECS said of the service, the load balancer of a target, or the alarms."""
    found = diagnose(facts)
    assert found is not None
    assert cause == found.cause


def test_cause_is_verbatim() -> None:
    """The cause is what AWS says of the task, its container and the target, with how many tasks say the same."""
    one = unhealthy("Health checks failed with these codes: [404]")
    scaled = StoppedTask("2", "", "Scaling activity initiated by (deployment ecs-svc/1)")
    found = diagnose(Facts((scaled, *one.stopped_tasks * 2, *exited(1).stopped_tasks), one.events))
    assert found is not None
    reason = f"Task failed ELB health checks in (target-group {TARGET_GROUP})"
    cause = f"{reason}; exit code 137; Health checks failed with these codes: [404]"
    assert (cause, "2 of 3 tasks") == (found.cause, found.tasks)
    assert f"{cause} (2 of 3 tasks)" == found.failure("home").cause


def test_target_tells_where_no_event_does() -> None:
    """ECS leaves out an event that it has said before: then the unhealthy target tells why a task was failed."""
    seen = Facts(
        unhealthy("").stopped_tasks,
        targets=(
            TargetHealth("10.0.0.1:80", "healthy"),
            TargetHealth("10.0.0.2:80", "draining", "Target.DeregistrationInProgress", "Draining"),
            *target("Target.FailedHealthChecks", "Health checks failed").targets,
        ),
    )
    found = diagnose(seen)
    assert found is not None
    assert ("port_not_listening", True) == (found.code, found.hopeless)


def test_kernels_refusal_is_in_the_log() -> None:
    """A program of another architecture leaves its reason in its log alone; other lines decide nothing."""
    lines = (LogLine(NOW, "CannotPullContainerError: not found"), LogLine(NOW, "exec /server: exec format error\n"))
    task = exited(1).stopped_tasks
    found, other = diagnose(Facts(task, log=lines, log_of="arn:task/1")), diagnose(Facts(task, log=lines, log_of="2"))
    assert ["exec_format_error", "application_exited"] == [each.code for each in (found, other) if each]


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        ([(2, "no such image: not found"), (1, "no such image: not found")], 1),
        ([(2, "no such image: not found"), (1, "Capacity is unavailable at this time")], 2),
        ([(2, "no such image: not found"), (None, "no such image: not found")], 2),
        ([(1, "Capacity is unavailable at this time")], None),
        ([], None),
    ],
)
def test_hopeless_since(seen: list[tuple[int | None, str]], expected: int | None) -> None:
    """A rollout is hopeless from the first task on that proves it; those that prove nothing do not count."""

    def at(minute: int | None) -> datetime | None:
        return None if minute is None else NOW + timedelta(minutes=minute)

    tasks = (
        StoppedTask("arn", "TaskFailedToStart", f"CannotPullContainerError: {words}", stopped_at=at(minute))
        for minute, words in seen
    )
    assert at(expected) == hopeless_since(Facts(tuple(tasks)))


def test_failure_has_its_evidence() -> None:
    """The failure holds what was seen: tasks, the events that mean something, targets, alarms, and the log."""
    stopped = tuple(StoppedTask(f"arn:{number}", "", "Crashed", stopped_at=NOW) for number in range(9))
    events = (*said("has started 1 tasks: (task 1).").events, *said("has reached a steady state.").events)
    seen = Facts(
        stopped,
        events,
        (*target("Target.Timeout", "Request timed out").targets, TargetHealth("10.0.0.2:80", "healthy")),
        ("home-5xx",),
        (LogLine(NOW - timedelta(seconds=1), "no such table"),),
        "arn:0",
    )
    found = diagnose(seen)
    assert found is not None
    failure = found.failure("home")
    assert ("unknown", "home", "Crashed (9 of 9 tasks)") == (failure.code, failure.service, failure.cause)
    assert (
        *(Evidence(kind="stopped_task", message="Crashed", at=NOW, resource=f"arn:{number}") for number in range(5)),
        Evidence(kind="event", message="(service home) has reached a steady state.", at=NOW),
        Evidence(
            kind="target_health", message="unhealthy: Target.Timeout: Request timed out", resource="10.0.0.1:5000"
        ),
        Evidence(kind="alarm", message="the alarm home-5xx went off", resource="home-5xx"),
        Evidence(kind="log", message="no such table", at=NOW - timedelta(seconds=1), resource="arn:0"),
    ) == failure.evidence


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("", False),
        ("ECS deployment circuit breaker: tasks failed to start.", False),
        ("the ECS service home is INACTIVE", True),
    ],
)
def test_explains(words: str, expected: bool) -> None:
    """Words that are no symptom may say why."""
    assert expected is explains(words)


@pytest.mark.parametrize(
    ("task", "expected"),
    [
        (StoppedTask("a", "", "R", "C", 1), "R; C; exit code 1"),
        (StoppedTask("a", "", "R: C", "C", 0), "R: C; exit code 0"),
        (StoppedTask("a", "", "", "C"), "C"),
        (StoppedTask("a", "", "R"), "R"),
    ],
)
def test_cause_of_a_task(task: StoppedTask, expected: str) -> None:
    """A task's cause is its reason, its container's unless that is said already, and the exit code."""
    assert expected == task.cause


TELLING = (
    StoppedContainer("with a reason", reason="OutOfMemoryError", exit_code=137),
    StoppedContainer("sick", exit_code=137, health="UNHEALTHY"),
    StoppedContainer("failed", exit_code=1),
    StoppedContainer("ended", exit_code=0),
    StoppedContainer("killed", exit_code=137),
    StoppedContainer("never began"),
)


@pytest.mark.parametrize(("one", "other"), list(combinations(TELLING, 2)))
def test_which_container_tells_more(one: StoppedContainer, other: StoppedContainer) -> None:
    """A reason tells most, then that it was sick, then how it ended by itself, then that it was ended; in any order."""
    assert [one, one] == [telling((one, other)), telling((other, one))]


@pytest.mark.parametrize(
    ("containers", "expected"),
    [
        ((), None),
        ((StoppedContainer("a", exit_code=0), StoppedContainer("b", reason="OutOfMemoryError", exit_code=137)), "b"),
        ((StoppedContainer("a", exit_code=143), StoppedContainer("b", exit_code=1)), "b"),
        ((StoppedContainer("a", exit_code=137), StoppedContainer("b", exit_code=0)), "b"),
        ((StoppedContainer("a", exit_code=0), StoppedContainer("b", exit_code=1)), "b"),
        ((StoppedContainer("a"), StoppedContainer("b", exit_code=137)), "b"),
        ((StoppedContainer("a", exit_code=0), StoppedContainer("b", exit_code=137, health="UNHEALTHY")), "b"),
    ],
)
def test_telling_container(containers: tuple[StoppedContainer, ...], expected: str | None) -> None:
    """The container that tells has a reason, else it is sick, else it ended of itself, else it was ended."""
    found = telling(containers)
    assert expected == (found.name if found else None)
