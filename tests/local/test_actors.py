"""The samples that misbehave: each gets the verdict that sample_services/README.md names, at its first proof."""

from typing import Any

import pytest

from tests.local.local_cloud import LocalCloud, wait_for
from tests.local.samples import accepted, deployed, page, tasks, url

FAILING = {
    "crash_loop": "application_exited",
    "leaks_memory": "out_of_memory",
    "wrong_port": "port_not_listening",
    "binds_loopback": "port_not_listening",
    "needs_missing_secret": "secret_not_found",
    "too_slow": "port_not_listening",
}
"""The code of each one's failure; too_slow is slow_start without time."""
KEPT = ("\nservices:", "\non_failure: keep\n\nservices:")
"""What leaves a service that failed where it can be looked at."""
TOO_SLOW = (
    ("application: slow-start", "application: too-slow"),
    ("  slow-start:", "  too-slow:"),
    ("path: /slow-start", "path: /too-slow"),
    ('BOOT_SECONDS: "3"', 'BOOT_SECONDS: "600"'),
    ("period_seconds: 300", "period_seconds: 0"),
)
"""What makes slow_start boot longer than its checks wait."""
HOPELESS = ("wrong_port", "binds_loopback", "too_slow")
ALONE = ("\n    port:", "\n    rollout: {circuit_breaker: false}\n    port:")
"""What keeps ECS's circuit breaker off: whatever ends the rollout then is Slipway's."""
MISSING = "arn:aws:secretsmanager:us-east-1:000000000000:secret:nobody/made-this-AbCdEf"


@pytest.fixture(scope="module")
def ended(cloud: LocalCloud) -> dict[str, Any]:
    """Return how each of FAILING ended, deployed side by side."""
    changes = {actor: (KEPT, ALONE) if actor in HOPELESS else (KEPT,) for actor in FAILING}
    ids = {
        actor: accepted(cloud, f"actors/{actor}/slipway.yaml", *changes[actor])
        for actor in FAILING
        if actor != "too_slow"
    }
    ids["too_slow"] = accepted(cloud, "actors/slow_start/slipway.yaml", *changes["too_slow"], *TOO_SLOW)
    return {actor: cloud.ended(deployment) for actor, deployment in ids.items()}


def stopped(cloud: LocalCloud, application: str) -> list[dict[str, Any]]:
    """Return the stopped tasks of an application's one service, as ECS describes them."""
    ecs = cloud.client("ecs")
    arns = ecs.list_tasks(cluster=application, serviceName=application, desiredStatus="STOPPED")["taskArns"]
    described = ecs.describe_tasks(cluster=application, tasks=arns)["tasks"] if arns else []
    return [task for task in described if task["lastStatus"] == "STOPPED"]


def messages(cloud: LocalCloud, application: str) -> str:
    """Return the events of an application's one service."""
    described = cloud.client("ecs").describe_services(cluster=application, services=[application])["services"]
    return "\n".join(event["message"] for event in described[0]["events"])


@pytest.mark.full
@pytest.mark.parametrize("actor", FAILING)
def test_it_fails(ended: dict[str, Any], actor: str) -> None:
    """What cannot serve ends `failed`, with the code of its cause."""
    assert ("failed", FAILING[actor]) == (ended[actor]["status"], ended[actor]["failure"]["code"]), ended[actor]


@pytest.mark.full
@pytest.mark.parametrize("actor", HOPELESS)
def test_the_first_proof_ends_it(ended: dict[str, Any], actor: str) -> None:
    """What is hopeless fails by the first task that proves it: there is no circuit breaker to end it."""
    failure = ended[actor]["failure"]

    assert "stopped_task" in {each["kind"] for each in failure["evidence"]}
    assert "circuit breaker" not in failure["cause"]


@pytest.mark.full
def test_crash_loop_shows_its_exit_code(cloud: LocalCloud, ended: dict[str, Any]) -> None:
    """A task that dies shows the exit code of its program."""
    assert ended["crash_loop"]["failure"]
    assert {1} == {task["containers"][0]["exitCode"] for task in stopped(cloud, "crash-loop")}


@pytest.mark.full
@pytest.mark.usefixtures("ended")
def test_leaks_memory_is_killed(cloud: LocalCloud) -> None:
    """A task that outgrows its memory is killed, and says so."""
    [container] = stopped(cloud, "leaks-memory")[0]["containers"]

    assert ("OutOfMemoryError: Container killed due to memory usage", 137) == (
        container["reason"],
        container["exitCode"],
    )


@pytest.mark.full
@pytest.mark.parametrize("actor", ["wrong-port", "binds-loopback", "too-slow"])
@pytest.mark.usefixtures("ended")
def test_the_load_balancer_is_refused(cloud: LocalCloud, actor: str) -> None:
    """Where nobody listens on the port at the task's address, connections are refused, and ECS says so."""
    assert "Task failed ELB health checks in (target-group" in stopped(cloud, actor)[0]["stoppedReason"]
    assert "due to (reason Health checks failed)" in messages(cloud, actor)


@pytest.mark.full
def test_a_missing_secret_is_told_by_its_name(cloud: LocalCloud, ended: dict[str, Any]) -> None:
    """A secret that does not exist ends the deployment, naming it, before anything is made."""
    assert MISSING in str(ended["needs_missing_secret"]["failure"])
    assert [] == cloud.client("ecs").describe_clusters(clusters=["needs-missing-secret"])["clusters"]


def test_hello_behaves(cloud: LocalCloud) -> None:
    """A service that behaves succeeds."""
    deployed(cloud, "actors/hello/slipway.yaml")

    assert "hello" == cloud.visit("/hello")["greeting"]


@pytest.mark.full
def test_slow_start_is_given_time(cloud: LocalCloud) -> None:
    """A service that boots within its grace period succeeds."""
    deployed(cloud, "actors/slow_start/slipway.yaml")

    assert '{"booted": true}\n' == page(url(cloud, "slipway", "/slow-start"))


@pytest.mark.full
def test_turns_sick_is_replaced_again_and_again(cloud: LocalCloud) -> None:
    """A service that turns sick later has deployed well; its tasks are replaced since their checks fail."""
    deployed(cloud, "actors/turns_sick/slipway.yaml")
    [first, *_] = wait_for(lambda: stopped(cloud, "turns-sick") or None)

    assert "Task failed ELB health checks in (target-group" in first["stoppedReason"]
    assert "due to (reason Health checks failed with these codes: [500])" in messages(cloud, "turns-sick")


@pytest.mark.full
def test_ignores_sigterm_is_killed(cloud: LocalCloud) -> None:
    """A service that ignores SIGTERM deploys, and its tasks are killed when they are told to go: exit code 137."""
    deployed(cloud, "actors/ignores_sigterm/slipway.yaml")
    [task] = tasks(cloud, "ignores-sigterm", "ignores-sigterm")
    cloud.client("ecs").stop_task(cluster="ignores-sigterm", task=task["taskArn"])
    [killed] = wait_for(lambda: stopped(cloud, "ignores-sigterm") or None)

    assert (task["taskArn"], 137) == (killed["taskArn"], killed["containers"][0]["exitCode"])
    assert "reason" not in killed["containers"][0]
