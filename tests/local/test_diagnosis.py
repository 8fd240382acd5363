"""Deployments that fail for one cause each, all at once: the code, AWS's own words, and what was seen."""

from typing import Any

import pytest

from tests.local.local_cloud import PATIENCE_SECONDS, LocalCloud, hello

PYTHON = "actors-hello:1"
SERVE = ["python", "-m", "http.server", "--bind", "0.0.0.0", "8080"]  # noqa: S104  a task has an address of its own
LOGLESS = {
    "networkMode": "awsvpc",
    "requiresCompatibilities": ["FARGATE"],
    "cpu": "256",
    "memory": "512",
    "executionRoleArn": "arn:aws:iam::000000000000:role/ecsTaskExecutionRole",
    "containerDefinitions": [
        {
            "name": "hello",
            "image": PYTHON,
            "logConfiguration": {
                "logDriver": "awslogs",
                "options": {
                    "awslogs-group": "/ecs/nobody-made-it",
                    "awslogs-region": "us-east-1",
                    "awslogs-stream-prefix": "hello",
                },
            },
        }
    ],
}


def service(**changes: Any) -> dict[str, Any]:
    """Return a service that nobody routes to."""
    return {"image": PYTHON, **changes}


def routed(name: str, path: str = "/", **changes: Any) -> dict[str, Any]:
    """Return a service behind the load balancer, asked for this path every five seconds."""
    route = {
        "path": f"/{name}*",
        "health_check": {"path": path, "interval": 5, "timeout": 2},
        "deregistration_delay": 1,
    }
    found: dict[str, Any] = hello(name, **{"route": route, **changes})["services"]["hello"]
    return found


CHECK = {"command": ["CMD-SHELL", "exit 1"], "interval": 5, "timeout": 2, "retries": 1}
CASES: dict[str, tuple[dict[str, Any], str]] = {
    "image_not_found": (
        service(image="no-such-image:1"),
        "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref",
    ),
    "application_exited": (
        service(image="actors-crash-loop:1"),
        "Essential container in task exited; exit code 1",
    ),
    "exited_with_success": (
        service(command=["python", "-c", "pass"]),
        "Essential container in task exited; exit code 0",
    ),
    "command_not_runnable": (
        service(command=["no-such-program"]),
        "CannotStartContainerError: Error response from daemon",
    ),
    "container_unhealthy": (
        service(health_check=CHECK),
        "Task failed container health checks",
    ),
    "port_not_listening": (
        routed("port", environment={"PORT": "9090"}),
        "Task failed ELB health checks in (target-group arn:aws:elasticloadbalancing:",
    ),
    "health_check_path_wrong": (
        routed("path", "/no-such-file", command=SERVE),
        "Task failed ELB health checks in (target-group arn:aws:elasticloadbalancing:",
    ),
    "log_driver_failed": (
        {"task_definition": LOGLESS},
        "ResourceInitializationError: failed to validate logger args",
    ),
}

# One stopped task proves these: ECS's circuit breaker is off, so that nothing else ends them before their timeout.
HOPELESS = ("image_not_found", "command_not_runnable", "port_not_listening", "health_check_path_wrong")
ALONE = {"rollout": {"circuit_breaker": False}}


@pytest.fixture(scope="module")
def failed(cloud: LocalCloud) -> dict[str, dict[str, Any]]:
    """Return how each case ended. They go on at once, so the first may take as long as all."""
    manifests = {
        code: hello(code.replace("_", "-")) | {"services": {"hello": case | (ALONE if code in HOPELESS else {})}}
        for code, (case, _) in CASES.items()
    }
    accepted = {code: cloud.post(manifest) for code, manifest in manifests.items()}
    assert {202} == {each.status for each in accepted.values()}, [each.document for each in accepted.values()]
    patience = PATIENCE_SECONDS * 3
    return {code: cloud.ended(each.document["id"], patience) for code, each in accepted.items()}


@pytest.mark.parametrize("code", CASES)
def test_cause(failed: dict[str, dict[str, Any]], code: str) -> None:
    """A rollout fails with the code of its cause, and in AWS's own words."""
    failure = failed[code]["failure"]
    assert (code, CASES[code][1]) == (failure["code"], failure["cause"][: len(CASES[code][1])])
    assert "stopped_task" == failure["evidence"][0]["kind"]


@pytest.mark.parametrize("code", HOPELESS)
def test_the_first_proof_ends_it(failed: dict[str, dict[str, Any]], code: str) -> None:
    """What is hopeless fails where no circuit breaker of ECS's would end it."""
    assert code == failed[code]["failure"]["code"]


def test_last_words_are_evidence(failed: dict[str, dict[str, Any]]) -> None:
    """The last lines of the container that died stand in the evidence."""
    evidence = failed["application_exited"]["failure"]["evidence"]
    lines = [each["message"] for each in evidence if each["kind"] == "log"]
    assert ["cannot reach the database at db.internal:5432"] == lines


def test_targets_reason_is_told(failed: dict[str, dict[str, Any]]) -> None:
    """What the load balancer says of the target ends the cause, and stands in the service's event."""
    failure = failed["health_check_path_wrong"]["failure"]
    words = "Health checks failed with these codes: [404]"
    assert f"; {words}" in failure["cause"]
    assert any(f"due to (reason {words})" in each["message"] for each in failure["evidence"] if each["kind"] == "event")


def test_no_room(cloud: LocalCloud) -> None:
    """A deployment that waits for room until its deadline is timed out, and says what it waited for."""
    manifest = {**hello("no-room"), "cluster": "default", "timeout_seconds": 3}
    manifest["services"] = {"hello": service(launch_type="EC2", cpu=4096, memory=4096, desired_count=3)}
    ended = cloud.deploy(manifest)
    assert ("timed_out", "deployment_timed_out") == (ended["status"], ended["failure"]["code"])
    assert "no container instance met all of its requirements" in ended["failure"]["cause"]
