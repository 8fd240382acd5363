"""RunTask: tasks that belong to no service, as real processes."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from localcloud.faults import AwsFault
from tests.local.ecs_support import SUBNETS, Cloud, running_cloud, until
from tests.local.test_ecs_tasks import WITH_LOGS, processes


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """Run one ECS for all these tests."""
    with running_cloud(tmp_path_factory.mktemp("run-task")) as cloud:
        yield cloud


def refusal(cloud: Cloud, **request: Any) -> tuple[str, str]:
    """Return the code and message of a RunTask that is refused."""
    with pytest.raises(AwsFault) as refused:
        cloud.run(**request)
    return refused.value.code, refused.value.message


def test_it_runs_and_ends(cloud: Cloud) -> None:
    """A task runs its program once and shows its exit code; nothing replaces it, and events tell of it."""
    started = cloud.run(startedBy="deploy/1", group="before-deploy")
    task = cloud.ended(started["taskArn"])
    until(
        lambda: [d for _, arns, d in list(cloud.events) if arns == [task["taskArn"]] and d["lastStatus"] == "STOPPED"]
    )
    told = [detail for _, arns, detail in cloud.events if arns == [task["taskArn"]]]

    assert ("EssentialContainerExited", 0) == (task["stopCode"], task["containers"][0]["exitCode"])
    assert {("deploy/1", "before-deploy")} == {(detail["startedBy"], detail["group"]) for detail in told}
    assert ["PROVISIONING", "STOPPED"] == [told[0]["lastStatus"], told[-1]["lastStatus"]]


def test_its_group_is_its_family(cloud: Cloud) -> None:
    """Without a group a task is in its family's, and has no startedBy."""
    task = cloud.run("server")

    assert "family:job" == task["group"]
    assert "startedBy" not in task
    assert [task["taskArn"]] == [each["taskArn"] for each in cloud.tasks(family="job")]

    cloud.call("StopTask", cluster="main", task=task["taskArn"], reason="enough")

    assert "UserInitiated" == cloud.ended(task["taskArn"])["stopCode"]


def test_several_are_found_by_who_started_them(cloud: Cloud) -> None:
    """`count` tasks start, over the subnets; ListTasks finds them by startedBy."""
    asked = {"cluster": "main", "launchType": "FARGATE", "networkConfiguration": SUBNETS, "startedBy": "three"}
    tasks = cloud.call("RunTask", taskDefinition=cloud.register("server"), count=3, **asked)["tasks"]

    assert {task["taskArn"] for task in tasks} == {task["taskArn"] for task in cloud.tasks(startedBy="three")}
    assert {"us-east-1a", "us-east-1b"} == {task["availabilityZone"] for task in tasks}


def test_overrides(cloud: Cloud) -> None:
    """A container's command and variables can be changed for one run, which the task shows."""
    greeting = [{"name": "GREETING", "value": "task definition"}, {"name": "KEPT", "value": "yes"}]
    definition = cloud.register("server", "overridden", environment=greeting, **WITH_LOGS)
    override = {
        "name": "app",
        "command": ["python", "environment.py"],
        "environment": [{"name": "GREETING", "value": "override"}],
    }
    task = cloud.run(taskDefinition=definition, overrides={"containerOverrides": [override]})
    stream = f"ecs/app/{task['taskArn'].rsplit('/')[-1]}"
    seen = json.loads(until(lambda: cloud.logs.streams.get(stream))[0])

    assert [override] == task["overrides"]["containerOverrides"]
    assert ("override", "yes") == (seen["GREETING"], seen["KEPT"])


def test_a_token_runs_once(cloud: Cloud) -> None:
    """The same request with the same token answers the same task; another request with it is a conflict."""
    definition = cloud.register("once", "once")
    first = cloud.run(taskDefinition=definition, clientToken="token-1")

    assert first["taskArn"] == cloud.run(taskDefinition=definition, clientToken="token-1")["taskArn"]
    assert "ConflictException" == refusal(cloud, taskDefinition=definition, clientToken="token-1", count=2)[0]
    assert first["taskArn"] != cloud.run(taskDefinition=definition, clientToken="token-2")["taskArn"]


def test_tags(cloud: Cloud) -> None:
    """A task has its own tags, its task definition's when it asks for them, and its cluster's name from ECS."""
    definition = cloud.define("tagged", {"name": "app"}, tags=[{"key": "a", "value": "1"}, {"key": "b", "value": "1"}])
    tags: dict[str, Any] = {
        "tags": [{"key": "b", "value": "2"}],
        "propagateTags": "TASK_DEFINITION",
        "enableECSManagedTags": True,
    }
    task = cloud.task(cloud.run(taskDefinition=definition, **tags)["taskArn"])

    assert {"a": "1", "b": "2", "aws:ecs:clusterName": "main"} == {tag["key"]: tag["value"] for tag in task["tags"]}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"count": 11}, "Count must be between 1 and 10."),
        (
            {"overrides": {"containerOverrides": [{"name": "app", "command": ["x" * 8_192]}]}},
            "Container Overrides length must be at most 8192",
        ),
        ({"startedBy": "a b"}, "startedBy contains invalid characters."),
        (
            {"overrides": {"containerOverrides": [{"name": "no", "command": ["x"]}]}},
            "Override for container named no is not a container in the TaskDefinition.",
        ),
        ({"launchType": "EC2"}, "No Container Instances were found in your cluster."),
        (
            {"capacityProviderStrategy": [{"capacityProvider": "FARGATE"}]},
            "Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again.",
        ),
        (
            {"networkConfiguration": {}},
            "Network Configuration must be provided when networkMode 'awsvpc' is specified.",
        ),
    ],
)
def test_what_is_refused(cloud: Cloud, change: dict[str, Any], message: str) -> None:
    """A request that cannot be carried out is refused in AWS's words."""
    assert ("InvalidParameterException", message) == refusal(cloud, **change)


def test_a_task_that_cannot_start(cloud: Cloud) -> None:
    """A task whose image is missing is stopped with the reason."""
    task = cloud.ended(cloud.run(taskDefinition=cloud.register("nothing:1", "nothing"))["taskArn"])

    assert "TaskFailedToStart" == task["stopCode"]
    assert task["stoppedReason"].startswith("CannotPullContainerError")


def test_stopping_leaves_nothing(tmp_path: Path) -> None:
    """A local cloud that stops ends tasks of RunTask too."""
    with running_cloud(tmp_path) as cloud:
        cloud.run("server")
        until(lambda: len(processes(tmp_path)) == 1)

    assert until(lambda: not processes(tmp_path))  # a killed process is there for a moment longer
