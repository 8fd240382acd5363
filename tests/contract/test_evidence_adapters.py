"""Adapters of what a diagnosis asks: stopped tasks, service events, alarms, the health of targets."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws

from chalicelib.aws.ecs import Ecs
from chalicelib.aws.load_balancers import LoadBalancers
from chalicelib.deployment import ServiceProgress
from chalicelib.diagnosis import ServiceEvent, StoppedContainer, StoppedTask, TargetHealth
from chalicelib.errors import TransientAws

NOW = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)
REASON = "Essential container in task exited"


@pytest.fixture(autouse=True)
def aws() -> Iterator[None]:
    """Lend an AWS in this process."""
    with mock_aws():
        yield


def asked(*answers: tuple[str, dict[str, Any]]) -> Ecs:
    """Return ECS with these answers, in this order: moto says no events, no alarms, and no instants of tasks."""
    client = boto3.client("ecs", region_name="us-east-1")
    stub = Stubber(client)
    for operation, answer in answers:
        stub.add_response(operation, answer)
    stub.activate()
    return Ecs(client, client)


def task(number: int, started_by: str = "ecs-svc/1") -> dict[str, Any]:
    """Return a stopped task as DescribeTasks shows it."""
    return {
        "taskArn": f"arn:{number}",
        "taskDefinitionArn": "shop-home:1",
        "startedBy": started_by,
        "createdAt": NOW + timedelta(seconds=number),
        "stoppedAt": NOW + timedelta(minutes=1),
        "stopCode": "EssentialContainerExited",
        "stoppedReason": REASON,
        "containers": [
            {"name": "redis", "exitCode": 137, "healthStatus": "UNKNOWN"},
            {"name": "web", "exitCode": 1, "reason": "OutOfMemoryError: killed", "healthStatus": "UNHEALTHY"},
        ],
    }


@pytest.mark.parametrize(
    ("service_deployment", "expected"),
    [
        ({"status": "IN_PROGRESS", "startedAt": NOW}, None),
        ({"status": "SUCCESSFUL", "finishedAt": LATER}, LATER),
        ({"status": "STOPPED", "stoppedAt": LATER}, LATER),
        ({"status": "ROLLBACK_IN_PROGRESS", "rollback": {"startedAt": NOW}}, NOW),
        ({"status": "ROLLBACK_SUCCESSFUL", "rollback": {"startedAt": NOW}, "finishedAt": LATER}, NOW),
    ],
)
def test_rollout_is_settled(service_deployment: dict[str, Any], expected: datetime | None) -> None:
    """How a rollout ends is settled when ECS has finished or stopped it, and already when it begins to go back."""
    service = {"status": "ACTIVE", "desiredCount": 1, "deployments": [{"id": "ecs-svc/1", "status": "PRIMARY"}]}
    ecs = asked(
        ("describe_services", {"services": [service]}),
        ("describe_service_deployments", {"serviceDeployments": [service_deployment]}),
    )
    arn = "arn:aws:ecs:us-east-1:000000000000:service-deployment/shop/home/1"
    found = ecs.rollout("shop", "home", ServiceProgress(name="home", service_deployment_arn=arn))
    assert found is not None
    assert expected == found.settled_at


def test_stopped_tasks_are_of_one_rollout() -> None:
    """The stopped tasks of our rollout come newest first, each with all of its containers and the one that tells."""
    described = {"tasks": [task(1), task(2, "ecs-svc/0"), task(3)]}
    ecs = asked(("list_tasks", {"taskArns": ["arn:1", "arn:2", "arn:3"]}), ("describe_tasks", described))
    found = ecs.stopped_tasks("shop", "home", "ecs-svc/1")
    redis = StoppedContainer("redis", None, 137)
    web = StoppedContainer("web", "OutOfMemoryError: killed", 1, "UNHEALTHY")
    newest = StoppedTask(
        "arn:3",
        "EssentialContainerExited",
        REASON,
        "OutOfMemoryError: killed",
        1,
        NOW + timedelta(minutes=1),
        "shop-home:1",
        "web",
        (redis, web),
    )
    assert (newest, "arn:1", 2) == (found[0], found[1].arn, len(found))


def test_events_since_an_instant() -> None:
    """A service's events are those since the instant, newest first."""
    events = [{"id": str(minute), "createdAt": NOW + timedelta(minutes=minute), "message": "x"} for minute in (2, 0, 1)]
    service = {"serviceName": "home", "status": "ACTIVE", "events": events}
    ecs = asked(("describe_services", {"services": [service]}))
    expected = tuple(ServiceEvent(NOW + timedelta(minutes=minute), "x") for minute in (2, 1))
    assert expected == ecs.events("shop", "home", NOW + timedelta(minutes=1))


@pytest.mark.parametrize(
    ("described", "expected"),
    [
        ([{"alarms": {"status": "TRIGGERED", "triggeredAlarmNames": ["home-5xx"]}}], ("home-5xx",)),
        ([{"alarms": {"status": "MONITORING"}}], ()),
        ([{}], ()),
        ([], ()),
    ],
)
def test_triggered_alarms(described: list[dict[str, Any]], expected: tuple[str, ...]) -> None:
    """The alarms that went off are those that the service deployment names."""
    ecs = asked(("describe_service_deployments", {"serviceDeployments": described}))
    assert expected == ecs.triggered_alarms("arn:1")


def test_target_health() -> None:
    """A target's health is its state, and why; a target group that is gone is refused."""
    client = boto3.client("elbv2", region_name="us-east-1")
    with Stubber(client) as stub:
        health = {"State": "unhealthy", "Reason": "Target.Timeout", "Description": "Request timed out"}
        targets = [
            {"Target": {"Id": "10.0.0.1", "Port": 80}, "TargetHealth": health},
            {"Target": {"Id": "10.0.0.2", "Port": 80}, "TargetHealth": {"State": "healthy"}},
        ]
        stub.add_response("describe_target_health", {"TargetHealthDescriptions": targets})
        found = LoadBalancers(client, client).target_health("arn:targetgroup/home")
    timed_out = TargetHealth("10.0.0.1:80", "unhealthy", "Target.Timeout", "Request timed out")
    assert (timed_out, TargetHealth("10.0.0.2:80", "healthy")) == found
    with pytest.raises(TransientAws, match="TargetGroupNotFound"):
        LoadBalancers(client, client).target_health(
            "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/gone/0123456789abcdef"
        )
