"""The one AWS endpoint, asked by real boto3 clients."""

import json
import logging
import sys
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from threading import Barrier, Event
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.faults import AwsFault
from localcloud.front_door import THREADS, FrontDoor
from localcloud.lambdas import Lambdas
from localcloud.ports import listen
from tests.local.doors import Cloud

CREATED_AT = datetime(2026, 11, 20, 18, 50, tzinfo=UTC)


class OutOfStock(Exception):
    """What a function of these tests raises."""


def ecs(operation: str, request: dict[str, Any]) -> dict[str, Any]:
    """Stand for the control plane: one operation answers, one refuses, the rest crash."""
    if operation == "DescribeServices":
        return {"services": [{"serviceName": request["services"][0], "createdAt": CREATED_AT}]}
    if operation == "DescribeClusters":
        raise AwsFault("ClusterNotFoundException", "The referenced cluster was inactive.", 400)
    raise RuntimeError("a fault of our own")


def data_plane(operation: str, request: dict[str, Any]) -> dict[str, Any]:
    """Stand for the load balancers: every target that is asked for drains; nothing registers."""
    if operation == "RegisterTargets":
        raise AwsFault("TargetGroupNotFound", "Target groups '<none>' not found")
    health = {"State": "draining", "Reason": "Target.DeregistrationInProgress"}
    return {"TargetHealthDescriptions": [{"Target": target, "TargetHealth": health} for target in request["Targets"]]}


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    """Return one running door for all tests: moto's memory belongs to the process."""
    cloud = Cloud({"ecs": ecs}, data_plane)
    cloud.door.start()
    with cloud.closing:
        yield cloud
    cloud.door.stop()


def refusal(ask: Callable[[], Any]) -> tuple[int, str, str]:
    """Return status, code and message of the error that `ask` meets."""
    with pytest.raises(ClientError) as caught:
        ask()
    response: Any = caught.value.response
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"], response["Error"]["Message"]


def test_invoke(cloud: Cloud) -> None:
    """A function gets its payload and a context, and its answer comes back as JSON."""
    cloud.lambdas.add("echo", lambda event, context: {"event": event, "name": context.function_name})
    for name in ("echo", "arn:aws:lambda:us-east-1:000000000000:function:echo:$LATEST"):
        answer = cloud.client("lambda").invoke(FunctionName=name, Payload=b'{"a": [1]}')
        assert json.load(answer["Payload"]) == {"event": {"a": [1]}, "name": "echo"}
        assert "FunctionError" not in answer


def test_usage(cloud: Cloud) -> None:
    """Each invocation is counted, and its milliseconds, also of a function that raises."""

    def work(_event: Any, _context: Any) -> None:
        Event().wait(0.02)
        raise OutOfStock("no more")

    cloud.lambdas.add("work", work)
    for _ in range(2):
        cloud.client("lambda").invoke(FunctionName="work")
    with urllib.request.urlopen(f"{cloud.door.url}/_slipway/lambdas", timeout=10) as answer:
        used = json.load(answer)["work"]

    assert 2 == used["invocations"]
    assert 40 <= used["milliseconds"] < 10_000


def test_invoke_failing(cloud: Cloud) -> None:
    """A function that raises answers 200 with FunctionError, its class name and its own stack."""

    def sell(_event: Any, _context: Any) -> None:
        raise OutOfStock("no more")

    cloud.lambdas.add("sell", sell)
    answer = cloud.client("lambda").invoke(FunctionName="sell")
    error = json.load(answer["Payload"])
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    assert (error["errorType"], error["errorMessage"]) == ("OutOfStock", "no more")
    assert len(error["stackTrace"]) == 1


def test_invoke_unserialisable(cloud: Cloud) -> None:
    """A function whose answer is not JSON fails as on Lambda."""
    cloud.lambdas.add("now", lambda _event, _context: CREATED_AT)
    error = json.load(cloud.client("lambda").invoke(FunctionName="now")["Payload"])
    assert error["errorType"] == "Runtime.MarshalError"


def test_invoke_unknown(cloud: Cloud) -> None:
    """A function that is not deployed is a 404, also when it is invoked as an event."""
    arn = "arn:aws:lambda:us-east-1:000000000000:function:nobody"
    for invocation_type in ("RequestResponse", "Event"):
        invoke = partial(cloud.client("lambda").invoke, FunctionName="nobody", InvocationType=invocation_type)
        refused = refusal(invoke)
        assert (404, "ResourceNotFoundException", f"Function not found: {arn}") == refused


def test_invoke_event(cloud: Cloud) -> None:
    """InvocationType Event answers 202 at once and runs the function afterwards."""
    answered, ran = Event(), Event()

    def later(_event: Any, _context: Any) -> None:
        if answered.wait(60):
            ran.set()

    cloud.lambdas.add("later", later)
    answer = cloud.client("lambda").invoke(FunctionName="later", InvocationType="Event")
    answered.set()
    assert answer["StatusCode"] == 202
    assert ran.wait(60)


def test_own_service(cloud: Cloud) -> None:
    """A service of ours gets boto3's parameters; datetimes in its answer arrive as datetimes."""
    services = cloud.client("ecs").describe_services(services=["home"])["services"]
    assert [(one["serviceName"], one["createdAt"]) for one in services] == [("home", CREATED_AT)]


def test_own_service_refuses(cloud: Cloud) -> None:
    """An AwsFault arrives as boto3's ClientError, word for word."""
    expected = (400, "ClusterNotFoundException", "The referenced cluster was inactive.")
    assert expected == refusal(lambda: cloud.client("ecs").describe_clusters())


def test_own_service_crashes(cloud: Cloud, caplog: pytest.LogCaptureFixture) -> None:
    """An unexpected exception is a 500 InternalFailure, and the log has its traceback."""
    with caplog.at_level(logging.ERROR):
        status, code, _ = refusal(lambda: cloud.client("ecs").list_clusters())
    assert (status, code) == (500, "InternalFailure")
    assert "RuntimeError: a fault of our own" in caplog.text


def test_data_plane(cloud: Cloud) -> None:
    """Target health comes from the data plane, whose refusals arrive word for word."""
    balancing = cloud.client("elbv2")
    target = {"Id": "10.0.0.1", "Port": 80}
    [found] = balancing.describe_target_health(TargetGroupArn="tg", Targets=[target])["TargetHealthDescriptions"]
    assert (target, "draining") == (found["Target"], found["TargetHealth"]["State"])
    expected = (400, "TargetGroupNotFound", "Target groups '<none>' not found")
    assert expected == refusal(lambda: balancing.register_targets(TargetGroupArn="tg", Targets=[target]))


def test_moto_answers_the_rest(cloud: Cloud) -> None:
    """What is not ours is moto's, in the local account."""
    vpc = cloud.client("ec2").create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    [group] = cloud.client("elbv2").create_target_group(Name="home", Protocol="HTTP", Port=80, VpcId=vpc)[
        "TargetGroups"
    ]
    assert group["TargetGroupArn"].startswith("arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/home/")


def test_not_implemented(cloud: Cloud, caplog: pytest.LogCaptureFixture) -> None:
    """What moto lacks is a refusal that names the operation, with a status that boto3 does not retry."""
    with caplog.at_level(logging.CRITICAL):
        status, code, message = refusal(lambda: cloud.client("ec2").describe_bundle_tasks())
    assert (status, code) == (501, "InternalFailure")
    assert message.startswith("ec2 DescribeBundleTasks: NotImplementedError")


@pytest.fixture
def eager_threads() -> Iterator[None]:
    """Let threads take turns so often that what is not thread-safe shows it."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("eager_threads")
def test_dynamodb_loses_nothing(cloud: Cloud) -> None:
    """Concurrent writes to one item all count."""
    table = cloud.client("dynamodb")
    table.create_table(
        TableName="counts",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )

    def add(_: int) -> None:
        table.update_item(
            TableName="counts",
            Key={"id": {"S": "a"}},
            UpdateExpression="ADD n :one",
            ExpressionAttributeValues={":one": {"N": "1"}},
        )

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(add, range(160)))
    assert table.get_item(TableName="counts", Key={"id": {"S": "a"}})["Item"]["n"]["N"] == "160"


def test_observer(cloud: Cloud) -> None:
    """The observer hears of each call once, whoever answers it."""
    cloud.lambdas.add("quiet", lambda _event, _context: None)
    cloud.calls.clear()
    cloud.client("lambda").invoke(FunctionName="quiet")
    cloud.client("ecs").describe_services(services=["home"])
    cloud.client("elbv2").describe_load_balancers()
    assert cloud.calls == {
        ("lambda", "Invoke"): 1,
        ("ecs", "DescribeServices"): 1,
        ("elasticloadbalancing", "DescribeLoadBalancers"): 1,
    }


def test_functions_that_call_aws_never_wait_for_threads(cloud: Cloud) -> None:
    """More functions than the door has threads can all be under way and all call AWS."""
    count = THREADS + 6
    everybody_in = Barrier(count, timeout=60)
    client = cloud.client("lambda")
    cloud.lambdas.add("inner", lambda _event, _context: "done")

    def outer(_event: Any, _context: Any) -> Any:
        everybody_in.wait()
        return json.load(client.invoke(FunctionName="inner")["Payload"])

    cloud.lambdas.add("outer", outer)
    with ThreadPoolExecutor(count) as pool:
        asked = [pool.submit(client.invoke, FunctionName="outer") for _ in range(count)]
        assert ["done"] * count == [json.load(one.result()["Payload"]) for one in asked]


def test_door_opens_again() -> None:
    """A door that stopped leaves its port free, and a taken port is named in the error."""
    first = FrontDoor(lambdas=Lambdas(), services={}, listening=listen(0))
    first.start()
    port = int(first.url.rpartition(":")[2])
    with pytest.raises(OSError, match=f"cannot listen on 127.0.0.1:{port}"):
        listen(port)
    first.stop()
    second = FrontDoor(lambdas=Lambdas(), services={}, listening=listen(port))
    second.start()
    second.stop()
