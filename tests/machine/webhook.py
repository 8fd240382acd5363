"""GitHub's webhook as GitHub uses it, on the app through Chalice's test client."""

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from chalice.test import HTTPResponse

import app
from chalicelib.github.signature import signature
from tests.deliveries import push
from tests.machine.api import Api
from tests.machine.slipway import two_services, with_service

CURRENT, NEXT = b"current secret", b"next secret"
PUSH = {"event": "push", "repository": "acme/shop"}


@contextlib.contextmanager
def webhook_secrets(**variables: str) -> Iterator[None]:
    """Give the app's next cloud these variables, and two secrets of its webhook: one a secret, one a parameter."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("SLIPWAY_GITHUB_SECRETS", "slipway/github, /slipway/github-next")
        for name, value in variables.items():
            environment.setenv(name, value)
        app.cloud.cache_clear()
        secrets = boto3.client("secretsmanager", region_name="us-east-1")
        secrets.create_secret(Name="slipway/github", SecretString=CURRENT.decode())
        parameters = boto3.client("ssm", region_name="us-east-1")
        parameters.put_parameter(Name="/slipway/github-next", Value=NEXT.decode(), Type="SecureString")
        yield
        secrets.delete_secret(SecretId="slipway/github", ForceDeleteWithoutRecovery=True)
        parameters.delete_parameter(Name="/slipway/github-next")


def deliver(
    api: Api, event: str, payload: Any, delivery: str = "d-1", secret: bytes = CURRENT, **headers: str | None
) -> HTTPResponse:
    """Deliver an event as GitHub does, without a token; a header that is None is not sent."""
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    sent = {
        "Authorization": None,
        "Content-Type": "application/json",
        "User-Agent": "GitHub-Hookshot/044aadd",
        "X-GitHub-Delivery": delivery,
        "X-GitHub-Event": event,
        "X-Hub-Signature-256": signature(body, secret),
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    told = {name: value for name, value in sent.items() if value is not None}
    return api._client.http.request("POST", "/webhooks/github", told, body)


def register(api: Api, *triggers: dict[str, Any], only: tuple[str, ...] = (), **changes: Any) -> str:
    """Register an application whose `home` has the commit in its image; return its name."""
    manifest = with_service(two_services(**changes), "home", image=changes.get("image", "home:{sha}"))
    manifest.pop("image", None)
    body = {"manifest": manifest, "triggers": list(triggers), "only": list(only)}
    answer = api.request("PUT", f"/applications/{manifest['application']}", {}, body)
    assert 201 == answer.status_code, answer.body
    return str(manifest["application"])


def pushed(number: int) -> dict[str, Any]:
    """Return one of several pushes: GitHub says when each was."""
    payload = push()
    return {**payload, "repository": {**payload["repository"], "pushed_at": 1_800_000_000 + number}}
