"""Several containers in one task, on a network where they may share an address."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from localcloud.faults import AwsFault
from tests.local.ecs_support import Cloud, SharedAddress, definition, running_cloud, until
from tests.local.test_ecs_tasks import processes


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    """Run an ECS for one test."""
    with running_cloud(tmp_path, SharedAddress) as cloud:
        yield cloud


def note(text: str, then: str = "sleep 600") -> list[str]:
    """Return a command that adds a line to the file `notes` when it starts, and one when it is told to end."""
    ending = f"trap 'echo -{text} >> notes; kill $!; exit 0' TERM"
    return ["sh", "-c", f"{ending}; echo +{text} >> notes; {then} & wait"]


def after(**conditions: str) -> list[dict[str, str]]:
    """Return `dependsOn` of conditions by container name."""
    return [{"containerName": name, "condition": condition} for name, condition in conditions.items()]


def notes(directory: Path) -> list[str]:
    """Return the lines of the file `notes`."""
    file = directory / "notes"
    return file.read_text().split() if file.exists() else []


def containers(task: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return a task's containers by name."""
    return {container["name"]: container for container in task["containers"]}


def running(cloud: Cloud, *definitions: dict[str, Any]) -> dict[str, Any]:
    """Run a task of these containers and return it once it is RUNNING."""
    arn = cloud.run(taskDefinition=cloud.define("several", *definitions))["taskArn"]
    until(lambda: cloud.task(arn)["lastStatus"] in ("RUNNING", "STOPPED"))
    return cloud.task(arn)


def test_they_start_in_order_and_stop_in_reverse(cloud: Cloud, tmp_path: Path) -> None:
    """A container starts after those that it depends on, and ends before them."""
    task = running(
        cloud,
        {"name": "web", "command": note("web"), "dependsOn": after(api="START")},
        {"name": "api", "command": note("api"), "dependsOn": after(db="START")},
        {"name": "db", "command": note("db")},
    )
    until(lambda: len(notes(tmp_path)) == 3)
    cloud.call("StopTask", cluster="main", task=task["taskArn"])
    cloud.ended(task["taskArn"])

    assert ["-web", "-api", "-db"] == notes(tmp_path)[3:]
    assert until(lambda: not processes(tmp_path))  # a killed process is there for a moment longer


def test_a_container_waits_for_health(cloud: Cloud, tmp_path: Path) -> None:
    """HEALTHY waits until the other container's own check passes; meanwhile the task is PENDING."""
    check = {"command": ["CMD-SHELL", "test -e ready"], "interval": 5, "retries": 10, "startPeriod": 300}
    arn = cloud.run(
        taskDefinition=cloud.define(
            "several",
            {"name": "db", "healthCheck": check},
            {"name": "web", "command": note("web"), "dependsOn": after(db="HEALTHY")},
        )
    )["taskArn"]
    until(lambda: containers(cloud.task(arn))["db"]["lastStatus"] == "RUNNING")
    time.sleep(0.2)  # long enough for several checks, which fail

    assert [] == notes(tmp_path)
    assert "PENDING" == cloud.task(arn)["lastStatus"]

    (tmp_path / "ready").touch()
    until(lambda: cloud.task(arn)["lastStatus"] == "RUNNING")

    assert {"db": "HEALTHY", "web": "UNKNOWN"} == {
        name: container["healthStatus"] for name, container in containers(cloud.task(arn)).items()
    }


def test_health_from_before_the_task_ran_counts(cloud: Cloud) -> None:
    """A task whose only check passed while another container still waited is HEALTHY once it runs."""
    check = {"command": ["CMD", "true"], "interval": 5}
    web = {"name": "web", "dependsOn": after(db="HEALTHY")}
    cloud.create(taskDefinition=cloud.define("several", {"name": "db", "healthCheck": check}, web))
    cloud.until_steady()

    assert ["HEALTHY"] == [task["healthStatus"] for task in cloud.tasks()]


def test_a_migration_runs_first(cloud: Cloud) -> None:
    """SUCCESS waits for a container that ends with 0; the task runs on without it, and shows its exit code."""
    task = running(
        cloud,
        {"name": "migrate", "image": "once", "essential": False},
        {"name": "web", "dependsOn": after(migrate="SUCCESS")},
    )
    seen = containers(task)

    assert "RUNNING" == task["lastStatus"]
    assert ("STOPPED", 0) == (seen["migrate"]["lastStatus"], seen["migrate"]["exitCode"])
    assert "RUNNING" == seen["web"]["lastStatus"]


def test_a_migration_that_fails(cloud: Cloud) -> None:
    """When the container before it fails, the next one is not started, and the task stops saying which."""
    task = running(
        cloud,
        {"name": "migrate", "image": "crash", "essential": False},
        {"name": "web", "dependsOn": after(migrate="SUCCESS")},
    )
    task = cloud.ended(task["taskArn"])
    seen = containers(task)

    assert "TaskFailedToStart" == task["stopCode"]
    assert "ordering dependency [migrate] for target [web]" in task["stoppedReason"]
    assert (3, None) == (seen["migrate"].get("exitCode"), seen["web"].get("exitCode"))
    assert seen["web"]["reason"] == task["stoppedReason"]


def test_complete_takes_any_end(cloud: Cloud) -> None:
    """COMPLETE waits for the end, however it is."""
    task = running(
        cloud,
        {"name": "warm", "image": "crash", "essential": False},
        {"name": "web", "dependsOn": after(warm="COMPLETE")},
    )

    assert ("RUNNING", 3) == (task["lastStatus"], containers(task)["warm"]["exitCode"])


def test_waiting_has_an_end(cloud: Cloud) -> None:
    """A container whose condition is not reached within the other's startTimeout is given up."""
    task = running(
        cloud,
        {"name": "migrate", "essential": False, "startTimeout": 2},
        {"name": "web", "dependsOn": after(migrate="COMPLETE")},
    )
    task = cloud.ended(task["taskArn"])

    assert "it did not reach COMPLETE" in task["stoppedReason"]


def test_a_side_container_may_end(cloud: Cloud, tmp_path: Path) -> None:
    """The task outlives a container that is not essential, and ends with one that is."""
    gate = ["sh", "-c", "while ! test -e gate; do sleep 0.02; done; exit 5"]
    task = running(cloud, {"name": "side", "image": "once", "essential": False}, {"name": "main", "command": gate})
    until(lambda: containers(cloud.task(task["taskArn"]))["side"]["lastStatus"] == "STOPPED")

    assert "RUNNING" == cloud.task(task["taskArn"])["lastStatus"]

    (tmp_path / "gate").touch()
    ended = cloud.ended(task["taskArn"])

    assert "EssentialContainerExited" == ended["stopCode"]
    assert {"side": 0, "main": 5} == {name: each["exitCode"] for name, each in containers(ended).items()}


def test_each_has_its_log(cloud: Cloud) -> None:
    """Each container's output is in a stream of its own."""
    options = {"awslogs-group": "/ecs/web", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "ecs"}
    logged = {"logConfiguration": {"logDriver": "awslogs", "options": options}}
    task = running(cloud, {"name": "a", **logged}, {"name": "b", "image": "once", "essential": False, **logged})
    task_id = task["taskArn"].rsplit("/")[-1]
    until(lambda: len(cloud.logs.streams) == 2)

    assert {f"ecs/a/{task_id}": ["up"], f"ecs/b/{task_id}": ["done"]} == cloud.logs.streams


def test_stopping_does_not_wait_for_what_has_not_started(cloud: Cloud) -> None:
    """A task that is stopped while a container waits ends at once."""
    arn = cloud.run(
        taskDefinition=cloud.define(
            "several",
            {"name": "migrate", "essential": False},
            {"name": "web", "dependsOn": after(migrate="COMPLETE")},
        )
    )["taskArn"]
    until(lambda: containers(cloud.task(arn))["migrate"]["lastStatus"] == "RUNNING")
    cloud.call("StopTask", cluster="main", task=arn, reason="enough")

    assert "enough" == cloud.ended(arn)["stoppedReason"]


@pytest.mark.parametrize(
    ("dependency", "message"),
    [
        (after(no="START"), "Container 'web' depends on 'no', which is not in the task."),
        (
            after(db="SUCCESS"),
            (
                "Container 'web' depends on 'db' with the condition SUCCESS, "
                "which cannot be set on an essential container."
            ),
        ),
        (
            after(db="HEALTHY"),
            "Container 'web' depends on 'db' with the condition HEALTHY, but it has no health check.",
        ),
        (after(loop="START"), "Cyclic dependency found in the container dependencies of the task definition."),
    ],
)
def test_impossible_orders(cloud: Cloud, dependency: list[dict[str, str]], message: str) -> None:
    """An order that can never come about is refused when the task definition is registered."""
    whole = [
        {"name": "web", "image": "server", "dependsOn": dependency},
        {"name": "db", "image": "server"},
        {"name": "loop", "image": "server", "dependsOn": after(web="START")},
    ]
    with pytest.raises(AwsFault) as refused:
        cloud.call("RegisterTaskDefinition", **{**definition(), "containerDefinitions": whole})

    assert message == refused.value.message
