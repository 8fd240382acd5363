"""What Slipway refuses of GitHub's deliveries is told on GitHub: there it would be pending for ever."""

from collections.abc import Iterator
from functools import partial
from typing import Any, cast

import pytest

import app
from chalicelib import notify
from chalicelib.cloud import Cloud
from chalicelib.errors import AwsRefused, GitHubError, GitHubRefused, GitHubUnavailable
from tests.deliveries import SHA, deployment, push, release, workflow_run
from tests.fake_github import FakeGitHub, FakeNotifier
from tests.faults import Faults, Watched
from tests.machine.api import Api, Table, end, problem
from tests.machine.webhook import PUSH, deliver, pushed, register, webhook_secrets

PRODUCTION = {"event": "deployment", "repository": "acme/shop", "environment": "production"}
STATUSES = "/repos/acme/shop/deployments/{}/statuses"
OF_COMMIT = f"/repos/acme/shop/statuses/{SHA}"
NAMELESS = "home:{branch}"  # which a deployment of a commit has no value for


@pytest.fixture(autouse=True)
def cloud(table: Table) -> Iterator[Cloud]:
    """Return a cloud that tells a GitHub in memory."""
    assert not table.throttled
    with webhook_secrets(SLIPWAY_NOTIFY_FUNCTION="notify", SLIPWAY_GITHUB_TOKEN="slipway/token"):
        made = app.cloud()
        # A cached_property keeps its value in the instance's own dictionary: here it is there before it is asked.
        made.__dict__.update(github=FakeGitHub(), notifier=FakeNotifier())
        made.remembered("secret slipway/token", 60, lambda: "ghp_token")
        notifier(made).function = partial(notify.run, made)
        yield made


def github(cloud: Cloud) -> FakeGitHub:
    """Return the GitHub that a cloud tells."""
    return cast("FakeGitHub", cloud.github)


def notifier(cloud: Cloud) -> FakeNotifier:
    """Return who tells it."""
    return cast("FakeNotifier", cloud.notifier)


def states(cloud: Cloud, path: str) -> list[str]:
    """Return the states that came to a path of GitHub's, oldest first."""
    return [str(body["state"]) for each, body in github(cloud).posted if each == path]


def numbered(number: int, **fields: Any) -> dict[str, Any]:
    """Return one of several deployments of GitHub's."""
    return deployment(id=number, **fields)


def test_busy(api: Api, cloud: Cloud) -> None:
    """A deployment of GitHub's whose service is busy is an error there, in the words of the answer."""
    register(api, PRODUCTION)
    deliver(api, "deployment", numbered(1), "d-1")
    found = problem(deliver(api, "deployment", numbered(2), "d-2"), 409, "deployment_in_progress")

    assert ["queued"] == states(cloud, STATUSES.format(1))
    path, body = github(cloud).posted[-1]
    assert (STATUSES.format(2), {"state": "error", "description": found["detail"]}) == (path, body)


def test_manifest_that_does_not_hold(api: Api, cloud: Cloud) -> None:
    """What is wrong with the manifest is told by its faults, as far as GitHub takes them."""
    register(api, PRODUCTION, image=NAMELESS)
    found = problem(deliver(api, "deployment", deployment(ref=SHA)), 422, "invalid_manifest")
    [(path, body)] = github(cloud).posted

    assert (STATUSES.format(42), "error") == (path, body["state"])
    assert str(body["description"]).startswith(f"{found['title']}: /services/home/image ")
    assert len(str(body["description"])) <= 140


@pytest.mark.parametrize(
    ("event", "payload", "trigger"),
    [("push", push(), {}), ("release", release(), {}), ("workflow_run", workflow_run(), {"workflow": "CI"})],
    ids=["push", "release", "workflow_run"],
)
def test_commit(api: Api, cloud: Cloud, event: str, payload: dict[str, Any], trigger: dict[str, str]) -> None:
    """What else is refused is an error of its commit, in the context that a deployment of it would have."""
    on_tag = event == "release"  # which has no branch
    name = register(
        api, {**trigger, "event": event, "repository": "acme/shop"}, image=NAMELESS if on_tag else "home:{tag}"
    )
    problem(deliver(api, event, payload), 422, "invalid_manifest")
    [(path, body)] = github(cloud).posted
    assert (OF_COMMIT, "error", f"slipway/{name}/default") == (path, body["state"], body["context"])


def test_door(api: Api, cloud: Cloud) -> None:
    """An environment that another door deploys alone ignores the delivery, and GitHub is told by which."""
    name = register(api, PRODUCTION, only=("person",))
    assert "ignored" in deliver(api, "deployment", deployment()).json_body
    [(path, body)] = github(cloud).posted
    assert (STATUSES.format(42), "error") == (path, body["state"])
    assert f"{name} in default is deployed by person only." == body["description"]


def test_push_at_a_closed_door(api: Api, cloud: Cloud) -> None:
    """A push asked for no deployment, so that its commit is not marked when another door deploys alone."""
    register(api, PUSH, only=("deployment",))
    assert "ignored" in deliver(api, "push", push()).json_body
    assert [] == github(cloud).posted


def test_door_beside_an_open_one(api: Api, cloud: Cloud) -> None:
    """Where the delivery deploys another environment, a closed door says nothing."""
    register(api, PRODUCTION, only=("person",))
    register(api, PRODUCTION)
    assert 202 == deliver(api, "deployment", deployment()).status_code
    assert ["queued"] == github(cloud).states


@pytest.mark.parametrize(
    ("event", "payload", "headers"),
    [
        ("push", push(), {"secret": b"wrong"}),
        ("push", push(repository="mallory/shop"), {}),
        ("push", push("another"), {}),
        ("push", b"{", {}),
        ("deployment", deployment(environment="another"), {}),
        ("ping", {}, {}),
    ],
    ids=["signature", "repository", "branch", "body", "environment", "ping"],
)
def test_strangers(api: Api, cloud: Cloud, event: str, payload: Any, headers: dict[str, Any]) -> None:
    """What is not signed, not registered, or named by no trigger is not told."""
    register(api, PUSH, PRODUCTION, image="home:{tag}")
    assert deliver(api, event, payload, **headers).status_code in (200, 400, 401)
    assert [] == github(cloud).posted


def test_what_passes(api: Api, cloud: Cloud, table: Table) -> None:
    """What AWS throttles is not refused: delivered again it may be accepted."""
    register(api, PRODUCTION)
    table.throttled = True
    problem(deliver(api, "deployment", deployment()), 429, "too_many_requests")
    table.throttled = False
    assert [] == github(cloud).posted
    assert 202 == deliver(api, "deployment", deployment()).status_code
    assert ["queued"] == github(cloud).states


def test_accepted_when_it_comes_again(api: Api, cloud: Cloud) -> None:
    """A refused delivery that is accepted when it comes again is queued then."""
    register(api, PRODUCTION)
    holder = deliver(api, "deployment", numbered(1), "d-1").json_body["id"]
    for _ in range(2):
        deliver(api, "deployment", numbered(2), "d-2")
    end(cloud, holder)
    deliver(api, "deployment", numbered(2), "d-2")
    assert ["error", "error", "queued"] == states(cloud, STATUSES.format(2))


@pytest.mark.parametrize("again", ["d-2", "d-3"])
def test_late_notice_of_a_refusal(api: Api, cloud: Cloud, again: str) -> None:
    """A notice that comes after its delivery was accepted after all, under any id, does not set that back."""
    kept: list[dict[str, Any]] = []
    register(api, PUSH)
    holder = deliver(api, "push", pushed(1), "d-1").json_body["id"]
    notifier(cloud).function = lambda notice, _: kept.append(notice)
    deliver(api, "push", pushed(2), "d-2")
    end(cloud, holder)
    deliver(api, "push", pushed(2), again)
    for number, notice in enumerate(reversed(kept)):
        notify.run(cloud, notice, f"late {number}")

    assert [["refusal"], ["deployment_id"]] == [list(each) for each in kept]
    assert ["pending", "pending", "pending"] == github(cloud).states


def test_accepted_while_the_refusal_is_told(api: Api, cloud: Cloud) -> None:
    """What is accepted while its refusal is told is told after it: what GitHub hears last is true."""
    register(api, PRODUCTION)
    holder = deliver(api, "deployment", numbered(1), "d-1").json_body["id"]
    take = github(cloud).post

    def meanwhile(path: str, body: Any, token: str) -> dict[str, Any]:
        if body["state"] == "error" and not cloud.store.get(holder).status.ended:
            end(cloud, holder)
            deliver(api, "deployment", numbered(2), "d-2")
        return take(path, body, token)

    cloud.__dict__["github"].post = meanwhile
    deliver(api, "deployment", numbered(2), "d-2")
    assert ["queued", "error", "queued"] == states(cloud, STATUSES.format(2))


def test_replay_of_what_was_deployed(api: Api, cloud: Cloud) -> None:
    """A body that was deployed and comes again under an id of another is refused, and what it made stays as told."""
    register(api, {**PUSH, "on_busy": "supersede"})
    for number in (1, 2):
        deliver(api, "push", pushed(number), f"d-{number}")
    problem(deliver(api, "push", pushed(2), "d-1"), 422, "idempotency_key_reused")
    assert "error" not in github(cloud).states[1:]


@pytest.mark.parametrize(
    ("error", "attempts"), [(GitHubUnavailable("502"), 3), (GitHubRefused("404 Not Found"), 1)], ids=["outage", "no"]
)
def test_github_is_given_up(api: Api, cloud: Cloud, error: GitHubError, attempts: int) -> None:
    """An outage is asked again, twice; then, or where that would not help, the delivery alone shows the refusal."""
    register(api, PRODUCTION, image=NAMELESS)
    github(cloud).down = error
    problem(deliver(api, "deployment", deployment(ref=SHA)), 422, "invalid_manifest")
    assert (attempts, attempts - 1) == (len(github(cloud).tokens), notifier(cloud).failed)


def test_invocation_fails(api: Api, cloud: Cloud) -> None:
    """Where AWS does not take the invocation, the delivery is answered as ever."""
    register(api, PRODUCTION, image=NAMELESS)
    faults = Faults({"notifier.notify": AwsRefused("invoke", "ResourceNotFoundException", "gone")})
    cloud.__dict__["notifier"] = Watched("notifier", cloud.notifier, faults)
    problem(deliver(api, "deployment", deployment(ref=SHA)), 422, "invalid_manifest")


def test_notice_is_bounded(api: Api, cloud: Cloud) -> None:
    """Of an endless text a notice carries no more than an invocation takes."""
    kept: list[dict[str, Any]] = []
    notifier(cloud).function = lambda notice, _: kept.append(notice)
    register(api, PRODUCTION, image="home:{tag}-{branch}-{version}")
    answer = deliver(api, "deployment", deployment(sha="ä" * 100_000, ref=""))
    assert (422, 1) == (answer.status_code, len(kept))
    assert len(repr(kept)) < 5_000
