"""GitHub is told how its deployments go, and whatever becomes of that touches none of them."""

import json
from functools import partial
from typing import Any, cast

import pytest

from chalicelib import notify
from chalicelib.api import deployments
from chalicelib.api.deployments import Request
from chalicelib.deployment import Deployment, Status
from chalicelib.errors import AwsRefused, GitHubRefused, GitHubUnavailable, Throttled, TransientAws
from chalicelib.manifest import Manifest, parse
from chalicelib.store import Store
from tests.deliveries import SHA
from tests.fake_github import FakeGitHub, FakeNotifier
from tests.faults import Breaks
from tests.machine.slipway import Slipway, two_services, with_service

SOURCE = {"type": "github", "repository": "acme/shop", "event": "push", "ref": "refs/heads/main", "sha": SHA}
ON_GITHUB = {**SOURCE, "event": "deployment", "deployment_id": "42", "environment": "production"}
RELEASED = {**SOURCE, "event": "release", "ref": "refs/tags/v1", "sha": ""}
THROTTLED = Throttled("invoke", "TooManyRequestsException", "Rate exceeded")
CALLS = [THROTTLED, TransientAws("invoke", "ServiceException", "x"), AwsRefused("invoke", "ResourceNotFound", "x")]


class Told(Slipway):
    """An installation whose `notify` tells a GitHub in memory."""

    def __init__(self, store: Store, breaks: Breaks | None = None, **world: Any) -> None:
        super().__init__(store, breaks, **world)
        self.github = cast("FakeGitHub", self.cloud.parts["github"])
        self.notifier = cast("FakeNotifier", self.cloud.parts["notifier"])
        self.notifier.function = partial(notify.run, self.cloud)

    def accept(self, manifest: dict[str, Any], source: dict[str, str]) -> Deployment:
        """Accept a manifest as a delivery of GitHub's does."""
        body = json.dumps(manifest).encode()

        def new() -> tuple[Deployment, Manifest]:
            asked = parse(body, "application/json", {})
            made = deployments.new_deployment(self.cloud, "github:acme/shop", asked)
            return made.model_copy(update={"source": source}), asked

        return deployments.accept(self.cloud, Request(body, None, "github:acme/shop"), new)[0]

    def run(self, manifest: dict[str, Any], source: dict[str, str] = ON_GITHUB) -> Deployment:
        """Accept a manifest from GitHub, and let time pass until its workflow has ended."""
        accepted = self.accept(manifest, source)
        self.machine.run(accepted.id)
        return self.record(accepted)

    def given_up(self, deployment: Deployment) -> list[str]:
        """Return what the timeline says of GitHub."""
        return [event.message for event in self.timeline(deployment) if event.phase == "github"]


def test_deployment_is_told_from_beginning_to_end(store: Store) -> None:
    """GitHub's deployment is queued, in progress, and ends with the verdict, where it can be visited."""
    slipway = Told(store)
    ended = slipway.run(two_services())

    assert ["queued", "in_progress", "success"] == slipway.github.states
    path, last = slipway.github.posted[-1]
    assert "/repos/acme/shop/deployments/42/statuses" == path
    assert (ended.verdict, ended.services["home"].url) == (last["description"], last["environment_url"])
    assert {"text-of-slipway/github-token"} == set(slipway.github.tokens)


@pytest.mark.parametrize("source", [SOURCE, RELEASED], ids=["push", "release"])
def test_commit_is_told(store: Store, source: dict[str, str]) -> None:
    """What a push or a release deployed is told at its commit."""
    slipway = Told(store)
    slipway.run(two_services(), source)

    assert ["pending", "pending", "success"] == slipway.github.states
    assert {f"/repos/acme/shop/statuses/{SHA}"} == {path for path, _ in slipway.github.posted}


def test_failure_is_told(store: Store) -> None:
    """A deployment that fails ends in GitHub as `failure`, with the verdict as far as it fits."""
    slipway = Told(store, broken={"home:2"})
    ended = slipway.run(with_service(two_services(), "home", image="home:2"))
    last = slipway.github.posted[-1][1]

    assert "failure" == last["state"]
    assert str(ended.verdict)[:50] == last["description"][:50]
    assert len(last["description"]) <= 140


def test_superseded_while_it_waited(store: Store) -> None:
    """A deployment that ends before it began is told, too."""
    slipway = Told(store)
    manifest = two_services()
    slipway.accept(manifest, ON_GITHUB)
    body = json.dumps(manifest).encode()
    deployments.create(slipway.cloud, Request(body, "application/json", "tester", supersede=True))
    for _ in range(2):
        slipway.machine.run(next(iter(slipway.machine.executions)))
    assert ("queued", "inactive") == (slipway.github.states[0], slipway.github.states[-1])


@pytest.mark.parametrize("source", [{"type": "api"}, {"type": "rollback", "of": "dep_1", "to": "dep_2"}])
def test_others_are_not_told(store: Store, source: dict[str, str]) -> None:
    """What came from elsewhere asks nothing of GitHub."""
    slipway = Told(store)
    slipway.run(two_services(), source)
    assert [] == slipway.github.posted
    assert "notifier.notify" not in slipway.faults.calls


@pytest.mark.parametrize("error", CALLS, ids=lambda error: type(error).__name__)
def test_invocation_fails(store: Store, error: Exception) -> None:
    """However AWS refuses to invoke `notify`, the deployment goes on as without it."""
    slipway = Told(store, {"notifier.notify": error})
    ended = slipway.run(two_services())

    assert (Status.SUCCEEDED, []) == (ended.status, slipway.locks(ended))
    assert [] == slipway.github.posted
    assert slipway.faults.struck == ["notifier.notify"] * 3


def test_outage_passes(store: Store) -> None:
    """An outage that ends before the last attempt is not told of: GitHub hears what it has to."""
    slipway = Told(store, {"github.post": [GitHubUnavailable("502"), GitHubUnavailable("502"), None]})
    ended = slipway.run(two_services())

    assert (2, []) == (slipway.notifier.failed, slipway.given_up(ended))
    assert ["queued", "in_progress", "success"] == slipway.github.states


@pytest.mark.parametrize(
    ("error", "attempts"),
    [(GitHubUnavailable("POST /x: 502"), 3), (GitHubRefused("POST /x: 404 Not Found"), 1)],
    ids=["outage", "refusal"],
)
def test_github_is_given_up(store: Store, error: Any, attempts: int) -> None:
    """After the last attempt, or one that no other would mend, the timeline says what GitHub was not told."""
    slipway = Told(store)
    slipway.github.down = error
    ended = slipway.run(two_services())

    assert Status.SUCCEEDED == ended.status
    assert [f"GitHub could not be told how this goes: {error}."] * 3 == slipway.given_up(ended)
    assert 3 * attempts == len(slipway.github.tokens)


@pytest.mark.parametrize(
    ("error", "attempts"), [(THROTTLED, 3), (AwsRefused("get_secret_value", "ResourceNotFoundException", "gone"), 1)]
)
def test_token_cannot_be_read(store: Store, error: Exception, attempts: int) -> None:
    """Without its token GitHub is given up as with an outage, and the deployment goes on."""
    slipway = Told(store, {"secrets.value": error})
    ended = slipway.run(two_services())

    assert (Status.SUCCEEDED, 3) == (ended.status, len(slipway.given_up(ended)))
    assert 3 * attempts == slipway.faults.struck.count("secrets.value")


@pytest.mark.parametrize("text", ["", "two\nlines", "gh p", "tökén"])
def test_secret_without_a_token(store: Store, text: str) -> None:
    """What cannot be a token is not sent, and not shown either."""
    slipway = Told(store)
    slipway.cloud.remembered("secret slipway/github-token", 60, lambda: text)
    accepted = slipway.accept(two_services(), ON_GITHUB)

    assert [] == slipway.github.tokens
    message = "GitHub could not be told how this goes: slipway/github-token holds no token: store the token alone"
    assert [f"{message}, on one line."] == slipway.given_up(accepted)


def test_late_and_double_invocations(store: Store) -> None:
    """An invocation that comes late or twice tells what is true by then: after `success` nothing else is told."""
    slipway = Told(store)
    ended = slipway.run(two_services())
    for number in range(3):
        notify.run(slipway.cloud, {"deployment_id": ended.id}, f"late {number}")
    assert ["queued", "in_progress", *["success"] * 4] == slipway.github.states


def test_change_while_it_is_told(store: Store) -> None:
    """What changed while GitHub was told something else is told after it: what it hears last is true."""
    slipway = Told(store)
    slipway.notifier.function = None
    accepted = slipway.accept(two_services(), ON_GITHUB)
    take = slipway.github.post

    def meanwhile(path: str, body: Any, token: str) -> dict[str, Any]:
        slipway.machine.run(accepted.id)
        return take(path, body, token)

    slipway.cloud.__dict__["github"].post = meanwhile
    notify.run(slipway.cloud, {"deployment_id": accepted.id}, "slow")
    assert ["queued", "success"] == slipway.github.states
