"""What the policies allow, and no deployment in the local cloud is sure to ask for."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from chalicelib.cloud import Cloud
from chalicelib.github_token import app_jwt
from chalicelib.own_secrets import own_secret
from chalicelib.settings import Settings
from localcloud.lambdas import running
from localcloud.request_log import RequestLog
from localcloud.settings import ACCOUNT
from tests.iam.calls import asked
from tests.iam.evaluation import allowing
from tests.iam.memory import Memory
from tests.iam.policies import policy

PARAMETER = "/slipway/github"
ALIAS = "alias/slipway-github"


@pytest.fixture
def account() -> Iterator[None]:
    """Lend an account with a parameter and a key of Slipway's."""
    with mock_aws():
        boto3.client("ssm").put_parameter(Name=PARAMETER, Value="text", Type="SecureString")
        kms = boto3.client("kms")
        key = kms.create_key(KeyUsage="SIGN_VERIFY", KeySpec="RSA_2048")["KeyMetadata"]["KeyId"]
        kms.create_alias(AliasName=ALIAS, TargetKeyId=key)
        yield


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize("function", ["api", "notify"])
def test_parameter(tmp_path: Path, function: str) -> None:
    """A parameter whose name begins with slipway/ may be read."""
    [statements] = judged(tmp_path, function, lambda cloud: own_secret(cloud, PARAMETER))

    assert statements in ({"GitHubSecrets"}, {"GitHubToken"})


@pytest.mark.usefixtures("account")
def test_key_of_a_github_app(tmp_path: Path) -> None:
    """A key may sign that has an alias of Slipway's."""
    assert [{"GitHubAppKey"}] == judged(tmp_path, "notify", lambda cloud: app_jwt(cloud, "7", ALIAS))


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize("function", ["api", "on_event", "sweep"])
def test_executions(tmp_path: Path, function: str) -> None:
    """Whoever may recover a deployment may see whether its execution runs."""
    assert [{"Recover"}] == judged(tmp_path, function, lambda cloud: cloud.workflow.status("dep_1", "deploy"))


def judged(directory: Path, function: str, act: Any) -> list[set[str] | None]:
    """Return which statements of a function's policy allow each call that an act makes."""
    log = RequestLog(directory / "calls.jsonl")
    machine = f"arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:slipway-deployment"
    log.start()
    with running(function):
        act(Cloud(Settings("slipway", machine, "resolve", "us-east-1", machine, "observe")))
    log.stop()
    calls = [json.loads(line) for line in (directory / "calls.jsonl").read_text().splitlines()]
    return [allowing(policy(function), each) for call in calls for each in asked(call, Memory({}))]
