"""What GitHub is told of a deployment: state, words and links, by how it goes."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.deployment import Deployment, Failure, ServiceProgress, Status
from chalicelib.errors import DeploymentInProgress, Fault, InvalidManifest
from chalicelib.github.statuses import Refusal, comes_from_github, refusal_report, report_of, shortened, words_of

NOW = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
ASKED = {"type": "github", "repository": "acme/shop", "event": "deployment", "ref": "main", "sha": "a" * 40}
ON_GITHUB = {**ASKED, "deployment_id": "42", "environment": "production"}
PUSHED = {**ASKED, "event": "push", "ref": "refs/heads/main"}
ID = "dep_01M7XHAPC51PNWQVYV7V03GB3K"


def deployment(source: dict[str, str], status: Status, code: str | None = None, **changes: Any) -> Deployment:
    """Return a deployment of `shop`, with a failure of that code."""
    return Deployment(
        id=ID,
        application="shop",
        environment="staging",
        cluster="shop",
        status=status,
        requested_by="github:acme/shop",
        source=source,
        created_at=NOW,
        updated_at=NOW,
        deadline_at=NOW + timedelta(minutes=15),
        failure=Failure(code=code, cause="AWS's words", fix="…") if code else None,
        **changes,
    )


@pytest.mark.parametrize(
    ("status", "code", "of_deployment", "of_commit"),
    [
        (Status.PENDING, None, "queued", "pending"),
        (Status.RUNNING, None, "in_progress", "pending"),
        (Status.SUCCEEDED, None, "success", "success"),
        (Status.FAILED, "image_not_found", "failure", "failure"),
        (Status.ROLLED_BACK, "application_exited", "failure", "failure"),
        (Status.ROLLED_BACK, "no_capacity", "error", "error"),
        (Status.TIMED_OUT, "deployment_timed_out", "failure", "failure"),
        (Status.FAILED, "execution_ended", "error", "error"),
        (Status.FAILED, "step_failed", "error", "error"),
        (Status.FAILED, None, "error", "error"),
        (Status.CANCELLED, "deployment_cancelled", "error", "error"),
        (Status.SUPERSEDED, "deployment_superseded", "inactive", "error"),
    ],
)
def test_states(status: Status, code: str | None, of_deployment: str, of_commit: str) -> None:
    """`failure` is for its user to mend, `error` is AWS's, ours or nobody's; what gave way is `inactive`."""
    reports = [report_of(deployment(source, status, code), None) for source in (ON_GITHUB, PUSHED)]
    assert [of_deployment, of_commit] == [each.body["state"] for each in reports]


def test_of_a_deployment() -> None:
    """GitHub's deployment is told the verdict, and where to read and to visit it, when it has succeeded."""
    services = {name: ServiceProgress(name=name, url=url) for name, url in (("api", None), ("home", "http://x/home"))}
    ended = deployment(ON_GITHUB, Status.SUCCEEDED, verdict="home deployed and stable.", services=services)
    report = report_of(ended, "https://slipway.example/api/")

    assert "/repos/acme/shop/deployments/42/statuses" == report.path("")
    assert {
        "state": "success",
        "description": "home deployed and stable.",
        "log_url": f"https://slipway.example/api/?deployment={ID}",
        "environment_url": "http://x/home",
    } == report.body
    failed = ended.model_copy(update={"status": Status.ROLLED_BACK})
    assert {"state", "description"} == set(report_of(failed, None).body)


def test_of_a_commit() -> None:
    """What a push or a workflow deployed is told at its commit, by application and environment."""
    report = report_of(deployment(PUSHED, Status.PENDING), "https://slipway.example")

    assert f"/repos/acme/shop/statuses/{'a' * 40}" == report.path(report.sha)
    assert {
        "state": "pending",
        "description": "shop in staging is accepted.",
        "context": "slipway/shop/staging",
        "target_url": f"https://slipway.example/?deployment={ID}",
    } == report.body


def test_of_a_release() -> None:
    """A release names no commit: it is asked for by the tag."""
    source = {**ASKED, "event": "release", "sha": "", "ref": "refs/tags/v1.5.0"}
    report = report_of(deployment(source, Status.RUNNING), None)

    assert ("", "/repos/acme/shop/commits/tags/v1.5.0") == (report.sha, report.commit_path)
    assert "shop in staging is being deployed." == report.body["description"]


def test_of_a_refusal() -> None:
    """A refusal is an error with its words: of GitHub's deployment, or of the commit, as its deployment would be."""
    words = "x" * 200
    of_deployment, of_commit = (
        refusal_report(Refusal("shop", "staging", "github:acme/shop", "body 1", words, source))
        for source in (ON_GITHUB, PUSHED)
    )
    told = {"state": "error", "description": "x" * 139 + "…"}

    assert ("/repos/acme/shop/deployments/42/statuses", told) == (of_deployment.path(""), of_deployment.body)
    context = {"context": "slipway/shop/staging"}
    assert (f"/repos/acme/shop/statuses/{'a' * 40}", told | context) == (of_commit.path(of_commit.sha), of_commit.body)


def test_words_of_a_refusal() -> None:
    """A person reads the faults where there are any, else the detail, and no more than GitHub takes."""
    busy = DeploymentInProgress("shop/home is being deployed by dep_1.", holder="dep_1", hint="Send it again.")
    faults = [Fault("/services/home/image", "has no value for {tag}"), Fault("/services", "x" * 200)]
    invalid = words_of(InvalidManifest("The body has 2 faults.", faults=tuple(faults)))

    assert "shop/home is being deployed by dep_1." == words_of(busy)
    assert "The manifest has faults: /services/home/image has no value for {tag}; /services…" == invalid


@pytest.mark.parametrize("strange", ["a?b", "a#b", "a/b", "ä b"])
def test_paths_are_quoted(strange: str) -> None:
    """Nothing that a delivery says leads anywhere else in GitHub's API."""
    source = {**PUSHED, "sha": strange, "ref": strange}
    report = report_of(deployment(source, Status.RUNNING), None)
    of_deployment = report_of(deployment({**ON_GITHUB, "deployment_id": strange}, Status.RUNNING), None)
    assert (5, 6) == (report.path(strange).count("/"), of_deployment.path("").count("/"))
    assert not set("?# ä") & set(report.path(strange) + report.commit_path)


def test_where_it_came_from() -> None:
    """Only what came from GitHub is told there."""
    sources = [PUSHED, ON_GITHUB, {"type": "api"}, {"type": "rollback", "of": ID, "to": ID}]
    assert [True, True, False, False] == [comes_from_github(deployment(each, Status.RUNNING)) for each in sources]


@given(st.text(), st.integers(min_value=2, max_value=140))
def test_never_too_long(text: str, length: int) -> None:
    """No description is longer than GitHub takes, and a short one stays as it is."""
    short = shortened(text, length)
    assert len(short) <= length
    assert short == text or (len(text) > length and short.endswith("…"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("home never became healthy: 404", "home never became…"),
        ("a" * 20, "a" * 20),
        ("a" * 21, "a" * 19 + "…"),
        ("a" * 30, "a" * 19 + "…"),
        ("a" * 10 + " " + "b" * 30, "a" * 10 + " " + "b" * 8 + "…"),
        ("a" * 11 + " " + "b" * 30, "a" * 11 + "…"),
        ("it never came up: 404 and more", "it never came up…"),
        ("it came, it saw, and it went", "it came, it saw…"),
        (", it came and then it went", ", it came and then…"),
        ("this is platform X and more", "this is platform X…"),
        ("home: " + "a" * 30, "home: " + "a" * 13 + "…"),
    ],
)
def test_cut_after_a_word(text: str, expected: str) -> None:
    """What is too long ends after a word, unless that would leave less than half."""
    assert expected == shortened(text, 20)
