"""Adapters of what is asked for logs: the tasks of one rollout."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import boto3
import pytest
from botocore.stub import Stubber

from chalicelib.aws.ecs import Ecs
from chalicelib.aws.task_document import RolloutTask
from chalicelib.errors import AwsRefused

if TYPE_CHECKING:
    from mypy_boto3_ecs import ECSClient

NOW = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
REVISION = "arn:aws:ecs:us-east-1:000000000000:task-definition/shop-home:7"


def task(number: int, status: str, started_by: str = "ecs-svc/1") -> dict[str, Any]:
    """Return a task as DescribeTasks shows it."""
    return {
        "taskArn": f"arn:{number}",
        "taskDefinitionArn": REVISION,
        "lastStatus": status,
        "startedBy": started_by,
        "createdAt": NOW + timedelta(seconds=number),
        "containers": [{"name": "web"}, {"name": "redis"}],
    }


def listed(status: str) -> dict[str, Any]:
    """Return what ListTasks is asked."""
    return {"cluster": "shop", "family": "shop-home", "desiredStatus": status}


@pytest.fixture
def stub() -> Stubber:
    """Return what answers in ECS's place."""
    return Stubber(boto3.client("ecs", region_name="us-east-1"))


def ecs(stub: Stubber) -> Ecs:
    """Return ECS with the stub's answers."""
    stub.activate()
    client = cast("ECSClient", stub.client)
    return Ecs(client, client)


def test_tasks_of_a_rollout(stub: Stubber) -> None:
    """They are the rollout's own, of its family, running and stopped, newest first, with all containers."""
    stub.add_response("list_tasks", {"taskArns": ["arn:1", "arn:3"]}, listed("RUNNING"))
    stub.add_response("describe_tasks", {"tasks": [task(1, "RUNNING"), task(3, "PENDING", "ecs-svc/0")]})
    stub.add_response("list_tasks", {"taskArns": ["arn:2"]}, listed("STOPPED"))
    stub.add_response("describe_tasks", {"tasks": [task(2, "STOPPED")]})
    found = ecs(stub).rollout_tasks("shop", REVISION, "ecs-svc/1")

    containers = ("redis", "web")
    stopped, running = (("arn:2", "STOPPED"), ("arn:1", "RUNNING"))
    assert tuple(RolloutTask(*each, REVISION, containers) for each in (stopped, running)) == found


def test_cluster_is_gone(stub: Stubber) -> None:
    """Without its cluster a rollout has no tasks; any other refusal is told."""
    stub.add_client_error("list_tasks", "ClusterNotFoundException")
    stub.add_client_error("list_tasks", "AccessDeniedException")
    assert () == ecs(stub).rollout_tasks("shop", REVISION, "ecs-svc/1")
    with pytest.raises(AwsRefused, match="AccessDenied"):
        ecs(stub).rollout_tasks("shop", REVISION, "ecs-svc/1")
