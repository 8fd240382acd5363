"""Least privilege, both ways: whatever a function calls its policy allows, and whatever it allows is called."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from localcloud.account import GITHUB_TOKEN_VALUE
from tests.github_server import github_server
from tests.iam.calls import asked_by_function
from tests.iam.evaluation import Asked, allowing
from tests.iam.policies import FUNCTIONS, policy
from tests.local.local_cloud import local_cloud
from tests.local.replay import TAGGED, replay
from tests.strict_model import faults

pytestmark = pytest.mark.full

BESIDE_CALLS = {"OwnLog", "NetworkInterface", "NetworkInterfaceByLambdaAlone"}
"""What Lambda needs, not our code: its log, and its interface in a VPC."""
OTHERWISE = {
    # Where ECS has gone back by itself, and does not list our deployment any more.
    "act": {("EcsLook", "ecs:DescribeServiceDeployments"), ("EcsLook", "ecs:ListServiceDeployments")},
    # Where somebody asks for a deployment that was left pending a minute ago, and the sweep did not meet it first.
    "api": {("Recover", "states:DescribeExecution"), ("GitHubSecrets", "ssm:GetParameters")},
    # Where no look can end a deployment whose deadline has passed; where one gave way, and its end the sweep writes.
    "sweep": {("Tokens", "states:SendTaskSuccess"), ("Record", "dynamodb:BatchGetItem")},
    "notify": {("GitHubToken", "ssm:GetParameters"), ("GitHubAppKey", "kms:Sign")},
}
"""Allowed, and not always called here; GitHub's secrets may be kept elsewhere: contract/test_own_permissions.py."""


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Return every call that Slipway's functions make in a replay of all that they do."""
    file: Path = tmp_path_factory.mktemp("calls") / "calls.jsonl"
    with (
        github_server(GITHUB_TOKEN_VALUE) as github,
        local_cloud(SLIPWAY_REQUESTS=str(file), SLIPWAY_GITHUB_API=github.url) as cloud,
    ):
        replay(cloud, github)
    return [json.loads(line) for line in file.read_text().splitlines()]


@pytest.fixture(scope="module")
def asks(calls: list[dict[str, Any]]) -> dict[str, list[Asked]]:
    """Return what each function asked of IAM, in the order of its calls."""
    return asked_by_function(calls, TAGGED)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_what_is_called_is_allowed(asks: dict[str, list[Asked]], function: str) -> None:
    """Each call of a function is allowed by its policy: the action, on this resource, under these conditions."""
    refused = [each for each in asks[function] if allowing(policy(function), each) is None]

    assert [] == refused


@pytest.mark.parametrize("function", FUNCTIONS)
def test_what_is_allowed_is_called(asks: dict[str, list[Asked]], function: str) -> None:
    """Each action of each statement of a policy allowed some call; what none needs is not there."""
    used = {(sid, each.action) for each in asks[function] for sid in allowing(policy(function), each) or ()}

    assert set() == set(allowed(function)) - used - OTHERWISE.get(function, set())


def test_every_request_is_as_aws_models_it(calls: list[dict[str, Any]]) -> None:
    """Each request has the members, lengths, patterns, numbers and words that botocore's model of the service has."""
    assert len(calls) > 1_000
    assert [] == [fault for each in calls for fault in faults(each["service"], each["operation"], each["request"])]


def allowed(function: str) -> Iterator[tuple[str, str]]:
    """Yield what a policy allows, by statement and action."""
    for statement in policy(function)["Statement"]:
        if statement["Sid"] not in BESIDE_CALLS:
            yield from ((statement["Sid"], action) for action in statement["Action"])
