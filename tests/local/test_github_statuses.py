"""A signed delivery deploys, and GitHub, told at its own address, hears how it goes; also after an outage."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.request import urlopen
from uuid import uuid4

import pytest

from chalicelib.github.signature import signature
from localcloud.account import GITHUB_SECRET_VALUE, GITHUB_TOKEN_VALUE
from tests.deliveries import SHA, deployment, push
from tests.github_server import GitHubServer, github_server
from tests.local.faults import going_wrong
from tests.local.local_cloud import HttpAnswer, LocalCloud, hello, local_cloud, wait_for

JSON = {"Content_Type": "application/json"}


@pytest.fixture(scope="module")
def github() -> Iterator[GitHubServer]:
    """Run a GitHub that knows the local account's token."""
    with github_server(GITHUB_TOKEN_VALUE) as running:
        yield running


@pytest.fixture(scope="module")
def telling(github: GitHubServer) -> Iterator[LocalCloud]:
    """Run a local cloud that tells it."""
    with local_cloud(SLIPWAY_GITHUB_API=github.url) as running:
        yield running


def register(cloud: LocalCloud, event: str, repository: str) -> None:
    """Register the repository's application, which the event deploys."""
    application = repository.rpartition("/")[2]
    trigger = {"event": event, "repository": repository}
    trigger |= {"environment": "production"} if event == "deployment" else {}
    registration = json.dumps({"manifest": hello(application), "triggers": [trigger]}).encode()
    assert 201 == cloud.ask("PUT", f"/applications/{application}", registration, **JSON).status


def send(cloud: LocalCloud, event: str, payload: dict[str, Any]) -> HttpAnswer:
    """Deliver an event as GitHub does."""
    body = json.dumps(payload).encode()
    told = {"X_GitHub_Event": event, "X_GitHub_Delivery": str(uuid4()), **JSON}
    signed = {"X_Hub_Signature_256": signature(body, GITHUB_SECRET_VALUE.encode())}
    return cloud.ask("POST", "/webhooks/github", body, token=None, **told, **signed)


def deliver(cloud: LocalCloud, event: str, payload: dict[str, Any]) -> dict[str, Any]:
    """Register the repository's application, deliver an event, and return the deployment."""
    register(cloud, event, payload["repository"]["full_name"])
    answer = send(cloud, event, payload)
    assert 202 == answer.status, answer.document
    return answer.document


def ended_states(github: GitHubServer, path: str, end: str = "success") -> list[str]:
    """Return the states that came to a path, when the end did."""
    return wait_for(lambda: states if (states := github.states(path))[-1:] == [end] else None)


def test_deployment_is_told(telling: LocalCloud, github: GitHubServer) -> None:
    """A deployment on GitHub is queued, in progress and a success, in that order, with its verdict and its links."""
    late = {"kind": "delay", "service": "states", "operation": "StartExecution", "seconds": 1.0}
    with going_wrong(telling, late):  # so that it is queued for a while
        accepted = deliver(telling, "deployment", deployment("acme/told"))
    path = "/repos/acme/told/deployments/42/statuses"

    assert ["queued", "in_progress", "success"] == ended_states(github, path)
    ended = telling.ended(accepted["id"])
    [last] = [body for each, body in github.told if each == path and body["state"] == "success"]
    assert (ended["verdict"], ended["services"]["hello"]["url"]) == (last["description"], last["environment_url"])
    assert f"{telling.url}/?deployment={ended['id']}" == last["log_url"]
    with urlopen(last["log_url"]) as shown:  # as a browser, without a token
        assert (200, True) == (shown.status, ended["id"] in shown.read().decode())
    assert [] == github.refused


def test_outage_is_survived(telling: LocalCloud, github: GitHubServer) -> None:
    """While GitHub is out a deployment succeeds as ever; what is told is told once more when it is back."""
    github.broken = 503, {}
    ended = telling.ended(deliver(telling, "push", push(repository="acme/outage"))["id"])
    github.broken = None
    told = ended_states(github, f"/repos/acme/outage/statuses/{SHA}")

    assert "succeeded" == ended["status"], ended["failure"]
    assert {"success"} == set(told)


def test_refusal_is_in_the_timeline(telling: LocalCloud, github: GitHubServer) -> None:
    """What GitHub does not take from us is in the timeline, in its words, and the deployment succeeds."""
    github.broken = 404, {}
    ended = telling.ended(deliver(telling, "push", push(repository="acme/refused"))["id"])
    path = f"/deployments/{ended['id']}/events"

    def said() -> list[str] | None:
        events = telling.ask("GET", path).document["events"]
        found = [event["message"] for event in events if event["phase"] == "github"]
        return found if len(found) == 3 else None

    try:
        messages = wait_for(said)
    finally:
        github.broken = None
    assert "succeeded" == ended["status"], ended["failure"]
    assert {
        f"GitHub could not be told how this goes: POST /repos/acme/refused/statuses/{SHA}: 404 Something is wrong."
    } == set(messages)


@pytest.mark.full
def test_refused_delivery_is_told(telling: LocalCloud, github: GitHubServer) -> None:
    """A deployment of GitHub's that finds its service busy is an error there; delivered again it succeeds."""
    held = deliver(telling, "deployment", deployment("acme/busy"))
    path = "/repos/acme/busy/deployments/43/statuses"
    refused = send(telling, "deployment", deployment("acme/busy", id=43))

    assert 409 == refused.status, refused.document
    assert ["error"] == ended_states(github, path, "error")
    [words] = [body["description"] for each, body in github.told if each == path]
    assert refused.document["detail"] == words
    telling.ended(held["id"])
    again = send(telling, "deployment", deployment("acme/busy", id=43))
    assert 202 == again.status, again.document
    assert (1, "error") == ((told := ended_states(github, path)).count("error"), told[0])
    assert [] == github.refused
