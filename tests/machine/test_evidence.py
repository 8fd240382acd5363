"""What a failure says: the cause of a rollout that failed, and all that was seen of it."""

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.aws.logs import LogStream
from chalicelib.deployment import Failure
from chalicelib.diagnosis import LogLine, ServiceEvent, TargetHealth, diagnose
from chalicelib.errors import AwsRefused
from chalicelib.steps.evidence import facts
from chalicelib.store import Store
from tests.machine.slipway import Slipway, two_services
from tests.world import FAILED_CHECKS

REFUSAL = AwsRefused("call", "AccessDeniedException", "not authorized")
EVIDENCE = ["ecs.events", "ecs.stopped_tasks", "ecs.triggered_alarms", "load_balancers.target_health", "logs.tail"]


def crashing(store: Store) -> Slipway:
    """Return an AWS in which home exits 3."""
    return Slipway(store, broken={"home:1"}, exit_codes={"home:1": 3})


def failure_of(slipway: Slipway, manifest: dict[str, Any] | None = None) -> Failure:
    """Return the failure of two services."""
    failure = slipway.deploy(manifest or two_services()).failure
    assert failure is not None
    return failure


def test_application_that_exits(store: Store) -> None:
    """An application that exits is told with its exit code, what its tasks have in common, and its last lines."""
    failure = failure_of(crashing(store))
    assert ("application_exited", "home") == (failure.code, failure.service)
    assert "Essential container in task exited; exit code 3 (3 of 3 tasks)" == failure.cause
    assert ["stopped_task"] * 3 + ["log"] * 20 == [each.kind for each in failure.evidence]
    newest = failure.evidence[0].resource
    assert {("line 30", newest)} == {(each.message, each.resource) for each in failure.evidence[-1:]}


def test_last_words_that_are_late(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """While nothing of the newest task has come to CloudWatch Logs, the one before it is told of."""
    slipway, asked = crashing(store), list[LogStream]()
    logs = slipway.cloud.parts["logs"]
    tail = logs.tail

    def late(stream: LogStream, lines: int) -> tuple[LogLine, ...]:
        asked.append(stream)
        found: tuple[LogLine, ...] = tail(stream, lines) if len(asked) > 1 else ()
        return found

    monkeypatch.setattr(logs, "tail", late)
    _, second, _, *lines = failure_of(slipway).evidence
    assert (20, {second.resource}) == (len(lines), {each.resource for each in lines})


def test_all_that_was_seen_is_evidence(store: Store) -> None:
    """Events since the rollout began, unhealthy targets and alarms stand beside the tasks; older events do not."""
    slipway, manifest = crashing(store), two_services()
    began = slipway.clock.now()
    full = "(service home) was unable to place a task. Reason: Capacity is unavailable at this time."
    times = (timedelta(minutes=2), timedelta(minutes=-2))
    slipway.world.events[f"{manifest['application']}/home"] = tuple(ServiceEvent(began + each, full) for each in times)
    slipway.world.alarms = ("home-5xx",)
    slipway.world.targets = (TargetHealth("10.0.0.1:80", "unhealthy", "Target.Timeout", "Request timed out"),)
    kinds = [each.kind for each in failure_of(slipway, manifest).evidence if each.kind not in ("stopped_task", "log")]
    assert ["event", "target_health", "alarm"] == kinds


@pytest.mark.parametrize("call", EVIDENCE)
def test_what_aws_refuses_to_tell_is_left_out(store: Store, call: str) -> None:
    """A failure is recorded with what AWS does tell."""
    slipway = Slipway(store, breaks={call: REFUSAL}, broken={"home:1"}, exit_codes={"home:1": 3})
    failure = failure_of(slipway)
    assert {call} == set(slipway.faults.struck)
    assert ("rollout_failed" if call == "ecs.stopped_tasks" else "application_exited") == failure.code


def test_a_look_asks_for_tasks_alone(store: Store) -> None:
    """Whether a rollout is hopeless costs a look one call; why, all that there is."""
    slipway = Slipway(store, broken={"home:1"})
    deployment = slipway.deploy(two_services(on_failure="keep"))
    asked = len(slipway.faults.calls)
    seen = facts(slipway.cloud, deployment, deployment.services["home"], only_tasks=True)
    assert ["ecs.stopped_tasks"] == slipway.faults.calls[asked:]
    found = diagnose(seen)
    assert found is not None
    assert ("image_not_found", True) == (found.code, found.hopeless)


def test_a_look_asks_why_the_load_balancer_failed_a_task(store: Store) -> None:
    """Of a task that the load balancer failed only its targets and the service's events tell whether that can heal."""
    slipway = Slipway(store, broken={"home:1"}, unhealthy={"home:1"})
    words = "Health checks failed with these codes: [404]"
    slipway.world.targets = (TargetHealth("10.0.0.1:80", "unhealthy", "Target.ResponseCodeMismatch", words),)
    deployment = slipway.deploy(two_services(on_failure="keep"))
    found = diagnose(facts(slipway.cloud, deployment, deployment.services["home"], only_tasks=True))
    assert found is not None
    assert ("health_check_path_wrong", True) == (found.code, found.hopeless)
    assert f"{FAILED_CHECKS}; {words}" == found.cause


def test_nothing_is_seen_of_a_rollout_that_is_not_ours(store: Store) -> None:
    """Before a rollout began, and of a service that stays as it is, nothing is asked."""
    slipway = Slipway(store)
    slipway.deploy(two_services())
    deployment = slipway.deploy(two_services())
    asked = len(slipway.faults.calls)
    assert diagnose(facts(slipway.cloud, deployment, deployment.services["home"])) is None
    assert [] == slipway.faults.calls[asked:]
