"""Adapters of who tells GitHub: the asynchronous invocation, and the signature of a GitHub App."""

import json
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key
from moto import mock_aws

from chalicelib.aws.kms import Kms
from chalicelib.aws.notifier import Notifier
from chalicelib.cloud import Cloud
from chalicelib.errors import AwsRefused, GitHubRefused
from chalicelib.github_token import app_jwt, token_for
from chalicelib.settings import Settings
from chalicelib.store import Store
from tests.github_server import MADE_TOKEN, github_server

SETTINGS = Settings("table", "arn:aws:states:us-east-1:000000000000:stateMachine:x", "resolve", "us-east-1", "x", "x")
NOW = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


@pytest.fixture
def key() -> Iterator[str]:
    """Lend the alias of an RSA key in an AWS in this process."""
    with mock_aws():
        kms = boto3.client("kms", region_name="us-east-1")
        made = kms.create_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
        kms.create_alias(AliasName="alias/slipway-github", TargetKeyId=made)
        yield "alias/slipway-github"


def public_key(key: str) -> RSAPublicKey:
    """Return the public half of a key, which GitHub has of an App."""
    found = load_der_public_key(boto3.client("kms", region_name="us-east-1").get_public_key(KeyId=key)["PublicKey"])
    assert isinstance(found, RSAPublicKey)
    return found


def decoded(part: str) -> bytes:
    """Return what base64url without padding stands for."""
    assert "=" not in part
    return urlsafe_b64decode(part + "=" * (-len(part) % 4))


def test_invocation_is_asynchronous() -> None:
    """`notify` is invoked as an event, with the notice."""
    client = boto3.client("lambda", region_name="us-east-1")
    expected: dict[str, Any] = {
        "FunctionName": "slipway-dev-notify",
        "InvocationType": "Event",
        "Payload": b'{"deployment_id": "dep_1"}',
    }
    with Stubber(client) as stub:
        stub.add_response("invoke", {"StatusCode": 202}, expected)
        Notifier(client, "slipway-dev-notify").notify({"deployment_id": "dep_1"})
        stub.assert_no_pending_responses()


def test_jwt_of_an_app(key: str) -> None:
    """An App shows a JWT that its key has signed by RS256, good for minutes, by a clock that is behind, too."""
    cloud = Cloud(SETTINGS)
    header, claims, signature = app_jwt(cloud, "Iv1.abc", key).split(".")
    told, now = json.loads(decoded(claims)), cloud.now().timestamp()

    public_key(key).verify(decoded(signature), f"{header}.{claims}".encode(), PKCS1v15(), SHA256())
    assert {"alg": "RS256", "typ": "JWT"} == json.loads(decoded(header))
    assert "Iv1.abc" == told["iss"]
    assert told["iat"] <= now - 55
    assert told["exp"] - told["iat"] <= 600
    assert told["exp"] > now


def test_key_that_is_not_there(key: str) -> None:
    """A key that KMS does not have is refused in its words."""
    assert key
    with pytest.raises(AwsRefused, match="NotFoundException"):
        Kms(boto3.client("kms", region_name="us-east-1")).sign_rs256("alias/nobody", b"x")


def test_app_gets_a_token_for_one_repository(key: str) -> None:
    """An App asks for its installation in the repository, and for a token that is good there alone."""
    with github_server(r"[\w-]+\.[\w-]+\.[\w-]+") as server:
        cloud = Cloud(replace(SETTINGS, github_api=server.url, github_app="7", github_app_key=key))
        assert MADE_TOKEN == token_for(cloud, "acme/shop")
        assert [("/app/installations/7/access_tokens", {"repositories": ["shop"]})] == server.told


def test_nothing_configured() -> None:
    """Without a token and an App, what is missing is named."""
    with pytest.raises(GitHubRefused, match="SLIPWAY_GITHUB_TOKEN"):
        token_for(Cloud(SETTINGS), "acme/shop")


def test_attempts_are_counted(store: Store) -> None:
    """Vain attempts count by invocation, each for itself."""
    asked = [("dep_1", "a"), ("dep_1", "a"), ("dep_1", "b"), ("dep_2", "a"), ("dep_1", "a")]
    counted = [store.count_attempt(*each, NOW + timedelta(minutes=at)) for at, each in enumerate(asked)]
    assert [1, 2, 1, 1, 3] == counted
