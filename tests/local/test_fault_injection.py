"""Faults on demand, asked of the AWS endpoint over HTTP."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError, ConnectionClosedError

from localcloud.fault_injection import Fault, FaultInjection
from localcloud.lambdas import Lambdas
from tests.aws_passing import PASSING, Passing
from tests.local.doors import Cloud

TABLE: dict[str, Any] = {
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
}
THROTTLED = {"kind": "fail", "code": "ThrottlingException", "message": "Rate exceeded", "status": 400}


def ecs(operation: str, request: dict[str, Any]) -> dict[str, Any]:
    """Answer what was asked."""
    return {"cluster": {"clusterName": f"{operation} {request['clusterName']}"}}


@pytest.fixture(scope="module")
def running() -> Iterator[Cloud]:
    """Run one door for all tests: moto's memory belongs to the process."""
    cloud = Cloud({"ecs": ecs})
    cloud.door.start()
    with cloud.closing:
        yield cloud
    cloud.door.stop()


@pytest.fixture
def cloud(running: Cloud) -> Cloud:
    """Return the door with no fault waiting."""
    ask(running, "DELETE")
    return running


def ask(cloud: Cloud, method: str, body: Any = None) -> dict[str, Any]:
    """Send one request to /_slipway/faults."""
    sent = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{cloud.door.url}/_slipway/faults", sent, method=method)
    with urllib.request.urlopen(request, timeout=10) as answer:
        document: dict[str, Any] = json.load(answer)
    return document


def refusal(call: Any, **request: Any) -> str:
    """Return the code of a call that fails."""
    with pytest.raises(ClientError) as refused:
        call(**request)
    code: str = refused.value.response["Error"]["Code"]
    return code


def test_the_next_calls_fail(cloud: Cloud) -> None:
    """An operation fails as often as asked, without effect; others do not."""
    ask(cloud, "POST", {**THROTTLED, "service": "ecs", "operation": "CreateCluster", "times": 2})
    create = cloud.client("ecs").create_cluster

    assert ["ThrottlingException"] * 2 == [refusal(create, clusterName="a") for _ in range(2)]
    assert "CreateCluster a" == create(clusterName="a")["cluster"]["clusterName"]
    assert {"faults": []} == ask(cloud, "GET")


def test_a_call_fails_after_its_effect(cloud: Cloud) -> None:
    """With `after` the call takes effect and its answer is the failure."""
    ask(cloud, "POST", {"kind": "fail", "service": "dynamodb", "operation": "CreateTable", "after": True})
    dynamodb = cloud.client("dynamodb")

    assert "InternalFailure" == refusal(dynamodb.create_table, TableName="faulty", **TABLE)
    assert "ACTIVE" == dynamodb.describe_table(TableName="faulty")["Table"]["TableStatus"]


def test_a_call_is_delayed(cloud: Cloud) -> None:
    """A delayed call waits, and is then carried out; any operation of any service can be meant."""
    ask(cloud, "POST", {"kind": "delay", "seconds": 0.3})
    began = time.monotonic()
    cloud.client("ecs").create_cluster(clusterName="late")

    assert time.monotonic() - began >= 0.3


def test_a_lost_answer(cloud: Cloud) -> None:
    """A Lambda function whose answer is lost has run, and its caller sees a crash, once."""
    ran: list[Any] = []
    cloud.lambdas.add("act", lambda event, _context: ran.append(event))
    ask(cloud, "POST", [{"kind": "lose_answer", "function": "act"}])
    invoke = cloud.client("lambda").invoke
    answers = [invoke(FunctionName="act", Payload=b'{"n": 1}') for _ in range(2)]

    assert ["Unhandled", None] == [answer.get("FunctionError") for answer in answers]
    assert "Runtime.ExitError" == json.load(answers[0]["Payload"])["errorType"]
    assert [{"n": 1}] * 2 == ran


def test_a_connection_breaks(cloud: Cloud) -> None:
    """A call whose connection breaks has no answer; `after` says whether it took effect."""
    dynamodb = cloud.client("dynamodb")
    for number, after in enumerate((False, True)):
        ask(cloud, "POST", {"kind": "reset", "service": "dynamodb", "operation": "CreateTable", "after": after})
        with pytest.raises(ConnectionClosedError):
            dynamodb.create_table(TableName=f"broken-{number}", **TABLE)

    assert ["broken-1"] == [name for name in dynamodb.list_tables()["TableNames"] if name.startswith("broken")]


@pytest.mark.parametrize("after", [False, True])
def test_a_connection_to_lambda_breaks(cloud: Cloud, after: bool) -> None:
    """To a state machine that is Lambda.SdkClientException, as on AWS: who retries that gets through."""
    ran: list[Any] = []
    cloud.lambdas.add("observe", lambda event, _context: ran.append(event))
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": "observe", "Payload": {}},
        "Retry": [{"ErrorEquals": ["Lambda.SdkClientException"], "IntervalSeconds": 1, "MaxAttempts": 1}],
        "End": True,
    }
    ask(cloud, "POST", {"kind": "reset", "service": "lambda", "operation": "Invoke", "after": after})
    ended = cloud.ended(cloud.run(f"broken-{after}", {"Invoke": task}))

    assert "SUCCEEDED" == ended["status"]
    assert [{}] * (2 if after else 1) == ran


def test_a_function_dies() -> None:
    """A function that dies has done nothing, whoever invoked it; the next time it runs."""
    faults, lambdas, ran = FaultInjection(), Lambdas(), list[Any]()
    lambdas.add("on_event", faults.on_function("on_event", lambda event, _context: ran.append(event)))
    faults.add(Fault("crash", function="on_event"))
    first, second = (lambdas.invoke("on_event", b'{"n": 1}') for _ in range(2))

    assert ("Runtime.ExitError", True, False) == (json.loads(first.body)["errorType"], first.failed, second.failed)
    assert [{"n": 1}] == ran


def test_events_are_dropped() -> None:
    """The next events of a source are dropped, or all of them until the faults are cleared."""
    faults, seen = FaultInjection(), list[str]()
    emit = faults.on_events(lambda source, kind, _resources, _detail: seen.append(f"{source} {kind}"))
    faults.add(Fault("drop_events", source="aws.ecs", times=1))
    emit("aws.states", "first", [], {})
    emit("aws.ecs", "second", [], {})
    emit("aws.ecs", "third", [], {})
    faults.add(Fault("drop_events", times=None))
    emit("aws.ecs", "fourth", [], {})
    faults.clear()
    emit("aws.ecs", "fifth", [], {})

    assert ["aws.states first", "aws.ecs third", "aws.ecs fifth"] == seen


@pytest.mark.parametrize("passing", PASSING, ids=lambda each: f"{each.operation} {each.code} {each.message[:20]}")
def test_what_passes_can_be_asked_for(cloud: Cloud, passing: Passing) -> None:
    """Each refusal of AWS that passes reaches its caller, with its code and words, as often as it was asked for."""
    ask(cloud, "POST", passing.fault(times=2))
    client = cloud.client(passing.client)
    call, shape = (
        getattr(client, xform_name(passing.operation)),
        client.meta.service_model.operation_model(passing.operation),
    )

    for _ in range(2):
        with pytest.raises(ClientError) as refused:
            call(**least(shape.input_shape))
        error = refused.value.response["Error"]
        assert (passing.code, passing.message) == (error["Code"], error["Message"])
    assert {"faults": []} == ask(cloud, "GET")


def least(shape: Any) -> Any:
    """Return the least that botocore takes for a shape: of a structure its required members alone."""
    if shape.type_name == "structure":
        return {name: least(shape.members[name]) for name in shape.required_members}
    if shape.type_name == "list":
        return [least(shape.member)] * int(shape.metadata.get("min", 0))
    return {"string": "x" * int(shape.metadata.get("min", 1)), "integer": 1}[shape.type_name]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"kind": "break"}, "write one of fail, delay, drop_events, lose_answer"),
        ({"kind": "fail", "colour": "red"}, "colour"),
        ("fail", "not a fault"),
    ],
)
def test_what_is_no_fault(cloud: Cloud, body: Any, words: str) -> None:
    """A fault that is not understood is refused, saying why."""
    with pytest.raises(urllib.error.HTTPError) as refused:
        ask(cloud, "POST", body)
    with refused.value as answer:
        assert 400 == answer.status
        assert words in json.load(answer)["message"]
