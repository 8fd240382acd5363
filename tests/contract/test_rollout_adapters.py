"""Adapters of what a rollout proves: which service deployment is ours, what is gone, and what is registered again."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws

from chalicelib.aws.clusters import Clusters
from chalicelib.aws.ecs import Ecs
from chalicelib.aws.task_definitions import CONTENT_TAG, TaskDefinitions
from chalicelib.deployment import ServiceProgress
from chalicelib.errors import AwsRefused

if TYPE_CHECKING:
    from mypy_boto3_ecs import ECSClient

MADE = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
FOLLOWED = ServiceProgress(
    name="home", rolls_out=True, ecs_deployment_id="ecs-svc/2", ecs_deployment_created_at=MADE, called_at=MADE
)


def rollouts(primary: str, state: str, **others: str) -> dict[str, Any]:
    """Return a service as DescribeServices shows it, with its PRIMARY deployment and others by their states."""
    shown = [{"id": f"ecs-svc/{primary}", "status": "PRIMARY", "rolloutState": state, "createdAt": MADE}]
    shown += [
        {"id": f"ecs-svc/{each[1:]}", "status": "ACTIVE", "rolloutState": state, "rolloutStateReason": "why"}
        for each, state in others.items()
    ]
    service = {"status": "ACTIVE", "desiredCount": 1, "currentServiceDeployment": "arn:old", "deployments": shown}
    return {"services": [service]}


def brief(arn: str, seconds: float, finished: float | None = None) -> dict[str, Any]:
    """Return a service deployment as ListServiceDeployments shows it, by seconds since our ECS deployment was made."""
    ended = {} if finished is None else {"finishedAt": MADE + timedelta(seconds=finished)}
    return {"serviceDeploymentArn": arn, "createdAt": MADE + timedelta(seconds=seconds), "status": "SUCCESSFUL"} | ended


@pytest.fixture
def stub() -> Stubber:
    """Return what answers in ECS's place."""
    return Stubber(boto3.client("ecs", region_name="us-east-1"))


def ecs(stub: Stubber) -> Ecs:
    """Return ECS with the stub's answers."""
    stub.activate()
    client = cast("ECSClient", stub.client)
    return Ecs(client, client)


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        ([], None),
        ([brief("arn:old", -1.5)], None),
        ([brief("arn:old", -20), brief("arn:ours", 0)], "arn:ours"),
        ([brief("arn:ours", -0.9), brief("arn:old", -60)], "arn:ours"),
        ([brief("arn:next", 9), brief("arn:ours", 2), brief("arn:old", -2)], "arn:ours"),
        ([brief("arn:old", -0.9), brief("arn:ours", -0.1), brief("arn:next", 0.5)], "arn:ours"),
        ([brief("arn:old", -0.9, finished=-0.3), brief("arn:ours", 1.5)], "arn:ours"),
        ([brief("arn:old", -0.9, finished=-0.3)], None),
    ],
)
def test_ours_is_the_nearest_to_our_call(stub: Stubber, listed: list[dict[str, Any]], expected: str | None) -> None:
    """Ours is the service deployment that was made nearest to our ECS deployment, never one that ended before it."""
    asked = {"cluster": "shop", "service": "home", "createdAt": {"after": MADE - timedelta(seconds=1)}}
    stub.add_response("describe_services", rollouts("2", "COMPLETED"))
    stub.add_response("list_service_deployments", {"serviceDeployments": listed}, asked)
    found = ecs(stub).rollout("shop", "home", FOLLOWED)
    assert found is not None
    assert (expected, "SUCCESSFUL" if expected else None) == (
        found.service_deployment_arn,
        found.service_deployment_status,
    )


def test_only_itself_tells_of_one_that_does_not_succeed(stub: Stubber) -> None:
    """The list does not say when a service deployment began to go back: what has not succeeded is asked for itself."""
    listed = {**brief("arn:ours", 0), "status": "ROLLBACK_IN_PROGRESS"}
    went_back = {"status": "ROLLBACK_IN_PROGRESS", "rollback": {"startedAt": MADE}}
    stub.add_response("describe_services", rollouts("2", "COMPLETED"))
    stub.add_response("list_service_deployments", {"serviceDeployments": [listed]})
    stub.add_response("describe_service_deployments", {"serviceDeployments": [went_back]})
    found = ecs(stub).rollout("shop", "home", FOLLOWED)
    assert found is not None
    assert ("arn:ours", "ROLLBACK_IN_PROGRESS", MADE) == (
        found.service_deployment_arn,
        found.service_deployment_status,
        found.settled_at,
    )


def test_service_that_is_not_seen_has_no_service_deployment(stub: Stubber) -> None:
    """One reader of ECS may know a service that the next does not know yet: then nothing is known of its rollout."""
    stub.add_response("describe_services", rollouts("2", "COMPLETED"))
    stub.add_client_error("list_service_deployments", "ServiceNotFoundException")
    found = ecs(stub).rollout("shop", "home", FOLLOWED)
    assert found is not None
    assert (None, None) == (found.service_deployment_arn, found.service_deployment_status)


def test_other_refusals_are_told(stub: Stubber) -> None:
    """What is refused otherwise is refused."""
    stub.add_response("describe_services", rollouts("2", "COMPLETED"))
    stub.add_client_error("list_service_deployments", "AccessDeniedException")
    with pytest.raises(AwsRefused):
        ecs(stub).rollout("shop", "home", FOLLOWED)


@pytest.mark.parametrize(
    ("shown", "followed"),
    [
        (rollouts("2", "IN_PROGRESS"), FOLLOWED),
        (rollouts("2", "COMPLETED"), None),
        (rollouts("2", "COMPLETED"), FOLLOWED.model_copy(update={"rolls_out": False})),
        (rollouts("2", "COMPLETED"), FOLLOWED.model_copy(update={"ecs_deployment_created_at": None})),
    ],
)
def test_what_could_tell_nothing_is_not_asked(
    stub: Stubber, shown: dict[str, Any], followed: ServiceProgress | None
) -> None:
    """No service deployment is looked for while ours is in progress, nor where our call started none."""
    stub.add_response("describe_services", shown)
    found = ecs(stub).rollout("shop", "home", followed)
    assert found is not None
    assert (None, None) == (found.service_deployment_arn, found.service_deployment_status)


def test_what_ecs_says_and_may_do(stub: Stubber) -> None:
    """The service's events come newest first, beside the percentages that it goes by."""
    shown = rollouts("2", "IN_PROGRESS")
    shown["services"][0] |= {
        "deploymentConfiguration": {"minimumHealthyPercent": 50, "maximumPercent": 150},
        "events": [{"createdAt": MADE + timedelta(seconds=at), "message": f"after {at}"} for at in (1, 2)],
    }
    stub.add_response("describe_services", shown)
    found = ecs(stub).rollout("shop", "home", FOLLOWED)
    assert found is not None
    assert (50, 150) == (found.minimum_healthy_percent, found.maximum_percent)
    assert ["after 2", "after 1"] == [each.message for each in found.events]


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (rollouts("2", "IN_PROGRESS"), ("IN_PROGRESS", "")),
        (rollouts("1", "COMPLETED", _2="FAILED"), ("FAILED", "why")),
        (rollouts("1", "COMPLETED", _3="FAILED"), (None, "")),
    ],
)
def test_state_of_our_own_deployment(stub: Stubber, shown: dict[str, Any], expected: tuple[str | None, str]) -> None:
    """What ECS says of our own ECS deployment is read, also when another is PRIMARY; None where it lists it not."""
    stub.add_response("describe_services", shown)
    found = ecs(stub).rollout("shop", "home", FOLLOWED.model_copy(update={"rolls_out": False}))
    assert found is not None
    assert expected == (found.own_state, found.own_reason)
    assert MADE == found.primary_created_at


def test_what_is_not_there_is_no_rollout(stub: Stubber) -> None:
    """A service that is MISSING or INACTIVE has no rollout."""
    stub.add_response("describe_services", {"services": []})
    stub.add_response("describe_services", {"services": [{"status": "INACTIVE"}]})
    asked = ecs(stub)
    assert [None, None] == [asked.rollout("shop", "home"), asked.rollout("shop", "home", FOLLOWED)]


@pytest.mark.parametrize(
    ("services", "unseen_is_gone", "expected"),
    [
        ([{"status": "INACTIVE"}], False, True),
        ([{"status": "DRAINING"}], True, False),
        ([], False, False),
        ([], True, True),
    ],
)
def test_what_is_gone(stub: Stubber, services: list[dict[str, Any]], unseen_is_gone: bool, expected: bool) -> None:
    """A service is gone when it is INACTIVE; one that is not shown may be one that is not shown yet."""
    stub.add_response("describe_services", {"services": services})
    for _ in range(2 if expected else 0):
        stub.add_response("list_tasks", {"taskArns": []})
    stub.activate()
    clusters = Clusters(cast("ECSClient", stub.client))
    assert expected is clusters.service_is_gone("shop", "home", "shop-home", unseen_is_gone=unseen_is_gone)


@pytest.mark.parametrize("unseen_is_gone", [True, False])
def test_what_is_gone_with_its_cluster(stub: Stubber, unseen_is_gone: bool) -> None:
    """A cluster that is not shown may be one that is not shown yet."""
    stub.add_client_error("describe_services", "ClusterNotFoundException")
    stub.activate()
    clusters = Clusters(cast("ECSClient", stub.client))
    assert unseen_is_gone is clusters.service_is_gone("shop", "home", "shop-home", unseen_is_gone=unseen_is_gone)


@pytest.fixture
def family() -> Any:
    """Lend ECS's client, with a family of one revision that no manifest of ours could say."""
    with mock_aws():
        client = boto3.client("ecs", region_name="us-east-1")
        container: Any = {"name": "web", "image": "home:1", "memory": 64, "hostname": "theirs", "essential": True}
        tags: Any = [{"key": CONTENT_TAG, "value": "abc"}, {"key": "Team", "value": "shop"}]
        client.register_task_definition(family="shop-home", containerDefinitions=[container], tags=tags)
        yield client


def test_content_is_registered_again(family: Any) -> None:
    """The content of an INACTIVE revision comes back as AWS has it, with its tags and ours, and is registered once."""
    definitions = TaskDefinitions(family, family, "us-east-1")
    old = family.describe_task_definition(taskDefinition="shop-home:1", include=["TAGS"])["taskDefinition"]
    definitions.deregister(old["taskDefinitionArn"])
    again = definitions.register_again(old["taskDefinitionArn"], {"slipway:deployment": "dep_2"})
    assert again == definitions.register_again(old["taskDefinitionArn"], {"slipway:deployment": "dep_2"})
    assert again is not None
    assert again.endswith("shop-home:2")
    new = family.describe_task_definition(taskDefinition=again)["taskDefinition"]
    assert old["containerDefinitions"] == new["containerDefinitions"]
    assert (again, "abc") == definitions.content_hash("shop-home")
    assert {CONTENT_TAG: "abc", "Team": "shop", "slipway:deployment": "dep_2"} == definitions.tags(again)


def test_what_is_not_there_is_not_registered_again(stub: Stubber) -> None:
    """A revision that was deleted has no content."""
    words = "Unable to describe task definition."
    stub.add_client_error("describe_task_definition", "ClientException", words)
    stub.activate()
    client = cast("ECSClient", stub.client)
    assert TaskDefinitions(client, client, "us-east-1").register_again("shop-home:1", {}) is None
