"""What is measured: verdicts, with duration and lag, and the calls of an invocation."""

import json
from contextlib import suppress
from datetime import timedelta
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.exceptions import ClientError

from chalicelib.aws.calls import counted
from chalicelib.deployment import Deployment, ServiceProgress, Status
from chalicelib.metrics import calls_counted, count_call, lag_seconds, tell_verdict
from tests.unit.deployments import NOW, deployment, failure, proven


def after(seconds: float) -> Any:
    """Return the instant so many seconds later."""
    return NOW + timedelta(seconds=seconds)


def settled(name: str, seconds: float | None, **changes: Any) -> ServiceProgress:
    """Return a service whose rollout was settled after so many seconds."""
    return proven(name).model_copy(update={"settled_at": None if seconds is None else after(seconds), **changes})


def failed(*services: ServiceProgress, of: str | None = "home", at: float | None = 50) -> Deployment:
    """Return a deployment that failed, because of a service, after so many seconds."""
    found = deployment(*services, failure=failure("image_not_found", of))
    return found.model_copy(update={"failed_at": None if at is None else after(at)})


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """Return the lines that were printed, each as JSON."""
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize(
    ("ended", "expected"),
    [
        (deployment(settled("redis", 20), settled("home", 41)), 59),
        (deployment(settled("redis", 20), settled("home", None)), 80),
        (deployment(settled("home", None)), None),
        (deployment(), None),
        (deployment(settled("home", 100.4)), 0),
        (failed(settled("redis", 48), settled("home", 47)), 3),
        (failed(settled("redis", 48), settled("home", None)), None),
        (failed(settled("home", 47), of=None), None),
        (failed(settled("home", 47), at=None), None),
    ],
)
def test_lag(ended: Deployment, expected: float | None) -> None:
    """A success is late by its last rollout's end, a failure by what settled its own service; else nobody knows."""
    assert expected == lag_seconds(ended, after(100))


def test_verdict_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """A verdict is one line of three metrics, with few dimensions, and the id beside them."""
    tell_verdict(deployment(settled("home", 41)), Status.SUCCEEDED, "slipway-dev", after(60))
    [line] = lines(capsys)
    [directive] = line.pop("_aws")["CloudWatchMetrics"]
    metrics = [{"Name": "Deployments", "Unit": "Count"}]
    metrics += [{"Name": name, "Unit": "Seconds"} for name in ("DurationSeconds", "LagSeconds")]
    expected = {"Namespace": "Slipway", "Dimensions": [["installation", "kind", "status"]], "Metrics": metrics}
    assert expected == directive
    dimensions = {"installation": "slipway-dev", "kind": "deploy", "status": "succeeded"}
    values = {"Deployments": [1.0], "DurationSeconds": [60.0], "LagSeconds": [19.0]}
    assert {**dimensions, "deployment_id": "dep_1", **values} == line


def test_lag_that_nobody_knows_is_not_told(capsys: pytest.CaptureFixture[str]) -> None:
    """Where ECS did not say when, there is no lag, rather than one of zero."""
    tell_verdict(deployment(settled("home", None)), Status.FAILED, "slipway-dev", after(60))
    [line] = lines(capsys)
    assert {"Deployments", "DurationSeconds"} == {
        each["Name"] for each in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]
    }


def test_calls_of_an_invocation(capsys: pytest.CaptureFixture[str]) -> None:
    """Calls are told when an invocation ends, also when it fails: a line for each service; throttles only if any."""
    with suppress(RuntimeError), calls_counted():
        for service, throttled in (("ecs", False), ("dynamodb", False), ("ecs", True)):
            count_call(service, throttled=throttled)
        assert "" == capsys.readouterr().out
        raise RuntimeError
    told = lines(capsys)
    assert [[["aws_service"]]] * 2 == [each.pop("_aws")["CloudWatchMetrics"][0]["Dimensions"] for each in told]
    ecs = {"aws_service": "ecs", "AwsCalls": [2.0], "AwsThrottles": [1.0]}
    assert [{"aws_service": "dynamodb", "AwsCalls": [1.0]}, ecs] == told


def test_invocations_count_for_themselves(capsys: pytest.CaptureFixture[str]) -> None:
    """An invocation does not tell what an earlier one asked, and outside of one nothing is counted."""
    for service in ("ecs", "dynamodb"):
        with calls_counted():
            count_call(service, throttled=False)
    count_call("ec2", throttled=False)
    with calls_counted():
        pass
    assert ["ecs", "dynamodb"] == [each["aws_service"] for each in lines(capsys)]


class Answers:
    """AWS's answers in their order, in place of the network (botocore's event before-send)."""

    def __init__(self, *answers: tuple[int, dict[str, Any]]) -> None:
        self._answers = list(answers)

    def send(self, request: Any, **_: Any) -> Any:
        """Answer the next request."""
        status, body = self._answers.pop(0)
        headers: Any = {"content-type": "application/x-amz-json-1.1"}
        found: Any = AWSResponse(request.url, status, headers, None)
        found._content = json.dumps(body).encode()
        return found


THROTTLED = (400, {"__type": "ThrottlingException", "message": "Rate exceeded"})


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ([(200, {"clusters": []})], {"AwsCalls": [1.0]}),
        ([THROTTLED, (200, {"clusters": []})], {"AwsCalls": [2.0], "AwsThrottles": [1.0]}),
        ([THROTTLED, THROTTLED], {"AwsCalls": [2.0], "AwsThrottles": [2.0]}),
        ([(400, {"__type": "ClientException", "message": "no such cluster"})], {"AwsCalls": [1.0]}),
    ],
)
def test_each_attempt_is_a_call(
    capsys: pytest.CaptureFixture[str], answers: list[Any], expected: dict[str, list[float]]
) -> None:
    """What AWS counts is counted: botocore's second attempt, too, and the refusal that it hides from us."""
    once_more = Config(retries={"mode": "standard", "total_max_attempts": 2})
    client = counted(boto3.client("ecs", region_name="us-east-1", config=once_more))
    client.meta.events.register("before-send", Answers(*answers).send)
    with calls_counted(), suppress(ClientError):
        client.describe_clusters()
    client.close()
    [line] = lines(capsys)
    assert {"aws_service": "ecs", **expected} == {key: value for key, value in line.items() if key != "_aws"}
