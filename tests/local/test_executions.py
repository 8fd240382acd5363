"""State machines that run behind the front door, and the events that tell of them."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from localcloud.execution_watch import ExecutionWatch
from tests.local.doors import Cloud, wait_until


class OutOfStock(Exception):
    """What a function of these tests raises."""


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    """Return one running door for all tests: moto's memory belongs to the process."""
    cloud = Cloud()
    cloud.door.start()
    with cloud.closing:
        yield cloud
    cloud.door.stop()


def test_state_machine_waits_for_a_token(cloud: Cloud) -> None:
    """A task that waits for its token times out into another look, and ends when the token is completed."""
    tokens: list[str] = []
    cloud.lambdas.add("look", lambda event, _context: tokens.append(event["token"]))
    look = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "TimeoutSeconds": 1,
        "Parameters": {"FunctionName": "look", "Payload": {"token.$": "$$.Task.Token"}},
        "ResultPath": "$.look",
        "Catch": [{"ErrorEquals": ["States.Timeout"], "ResultPath": "$.look", "Next": "Decided?"}],
        "Next": "Decided?",
    }
    decided = {"Variable": "$.look.decided", "IsPresent": True, "Next": "Done"}
    execution = cloud.run(
        "waits",
        {
            "Look": look,
            "Decided?": {"Type": "Choice", "Choices": [decided], "Default": "Look"},
            "Done": {"Type": "Pass", "End": True},
        },
    )
    wait_until(lambda: len(tokens) == 2)
    cloud.client("stepfunctions").send_task_success(taskToken=tokens[1], output='{"decided": true}')
    ended = cloud.ended(execution)
    assert (ended["status"], json.loads(ended["output"])) == ("SUCCEEDED", {"look": {"decided": True}})


def test_state_machine_catches_by_class_name(cloud: Cloud) -> None:
    """A function's exception is caught by its class name."""

    def sell(_event: Any, _context: Any) -> None:
        raise OutOfStock("no more")

    cloud.lambdas.add("sell", sell)
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": "sell", "Payload": {}},
        "Catch": [{"ErrorEquals": ["OutOfStock"], "Next": "Caught"}],
        "End": True,
    }
    execution = cloud.run(
        "catches", {"Sell": task, "Caught": {"Type": "Pass", "Result": {"caught": True}, "End": True}}
    )
    assert json.loads(cloud.ended(execution)["output"]) == {"caught": True}


def test_execution_watch(cloud: Cloud) -> None:
    """Each execution is told of twice: that it runs, and how it ended."""
    told: list[tuple[str, list[str], str]] = []
    watch = ExecutionWatch(lambda source, _type, arns, detail: told.append((source, arns, detail["status"])))
    watch.look()
    told.clear()
    execution = cloud.run("watched", {"Fail": {"Type": "Fail", "Error": "Broken"}})
    cloud.ended(execution)
    watch.start()
    wait_until(lambda: len(told) == 2)
    watch.stop()
    watch.look()
    assert [("aws.states", [execution], "RUNNING"), ("aws.states", [execution], "FAILED")] == told
