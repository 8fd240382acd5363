"""Calls that are counted, and calls that come too fast, at the AWS endpoint."""

import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from localcloud.throttles import Throttles
from tests.local.doors import Cloud


def ecs(operation: str, request: dict[str, Any]) -> dict[str, Any]:
    """Answer nothing much."""
    assert operation
    assert request is not None
    return {}


@pytest.fixture(scope="module")
def running() -> Iterator[Cloud]:
    """Run one door, whose ECS is throttled in a second that does not pass: moto's memory belongs to the process."""
    cloud = Cloud({"ecs": ecs}, throttles=Throttles(lambda: 0.0))
    cloud.door.start()
    with cloud.closing:
        yield cloud
    cloud.door.stop()


@pytest.fixture
def cloud(running: Cloud) -> Cloud:
    """Return the door with its count at zero."""
    calls(running, method="DELETE")
    return running


def calls(cloud: Cloud, query: str = "", method: str = "GET") -> Any:
    """Ask the endpoint for its count."""
    request = urllib.request.Request(f"{cloud.door.url}/_slipway/calls{query}", method=method)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def test_calls_are_counted(cloud: Cloud) -> None:
    """Each call counts under its service and its operation, whoever answers it, until the count begins again."""
    for _ in range(2):
        cloud.client("ecs").describe_services(services=["web"])
    cloud.client("sqs").list_queues()

    assert {"ecs": {"DescribeServices": 2}, "sqs": {"ListQueues": 1}} == calls(cloud)
    assert {} == calls(cloud, method="DELETE")
    assert {} == calls(cloud)


def test_callers_are_told_apart(cloud: Cloud) -> None:
    """The calls of one caller are those that came with its access key."""
    peer = boto3.client(
        "ecs", "us-east-1", endpoint_url=cloud.door.url, aws_access_key_id="peer", aws_secret_access_key="x"
    )
    cloud.closing.callback(peer.close)
    peer.list_services()
    cloud.client("ecs").describe_clusters()

    assert {"ecs": {"ListServices": 1}} == calls(cloud, "?access_key_id=peer")
    assert {} == calls(cloud, "?access_key_id=nobody")
    assert {"ecs": {"ListServices": 1, "DescribeClusters": 1}} == calls(cloud)


def test_calls_that_come_too_fast(cloud: Cloud) -> None:
    """A throttled call is refused as AWS refuses it, and counts."""
    delete = cloud.client("ecs").delete_task_definitions
    for _ in range(5):
        delete(taskDefinitions=["web:1"])
    with pytest.raises(ClientError) as refused:
        delete(taskDefinitions=["web:1"])
    response: Any = refused.value.response

    assert {"Code": "ThrottlingException", "Message": "Rate exceeded"} == response["Error"]
    assert 400 == response["ResponseMetadata"]["HTTPStatusCode"]
    assert {"ecs": {"DeleteTaskDefinitions": 6}} == calls(cloud)
