"""GitHub's API as our client asks it, against a server that takes what GitHub's documented schema takes."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.errors import GitHubRefused, GitHubUnavailable
from chalicelib.github import client
from chalicelib.github.client import GitHub
from tests.github_server import GitHubServer, github_server

STATUSES = "/repos/acme/shop/deployments/42/statuses"
TOKEN = "a token"  # noqa: S105  of a server in this process


@pytest.fixture
def server() -> Iterator[GitHubServer]:
    """Lend a GitHub."""
    with github_server(TOKEN) as running:
        yield running


def tell(server: GitHubServer, token: str = TOKEN, **fields: object) -> None:
    """Tell it that a deployment is queued."""
    GitHub(f"{server.url}/").post(STATUSES, {"state": "queued", **fields}, token)


def test_status_is_taken(server: GitHubServer) -> None:
    """What is told has the headers that GitHub asks for, and arrives as it is."""
    tell(server, description="Accepted.", log_url="https://slipway.example/api/deployments/dep_1")
    expected = {
        "state": "queued",
        "description": "Accepted.",
        "log_url": "https://slipway.example/api/deployments/dep_1",
    }
    assert [(STATUSES, expected)] == server.told


def test_commit_of_a_tag(server: GitHubServer) -> None:
    """The commit of a tag is asked for by its name."""
    assert 40 == len(GitHub(server.url).get("/repos/acme/shop/commits/tags/v1", TOKEN)["sha"])


@pytest.mark.parametrize(
    "fields", [{"state": "cancelled"}, {"description": "x" * 141}, {"log_url": "not a URL"}, {"colour": "red"}]
)
def test_wrong_fields_are_refused(server: GitHubServer, fields: dict[str, Any]) -> None:
    """The server of these tests refuses what GitHub's schema does not have, so that they would notice."""
    with pytest.raises(GitHubRefused, match="422 Validation Failed"):
        tell(server, **fields)


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (500, {}),
        (502, {}),
        (503, {"Retry-After": "60"}),
        (504, {}),
        (408, {}),
        (429, {}),
        (403, {"Retry-After": "60"}),
        (403, {"X-RateLimit-Remaining": "0"}),
    ],
)
def test_what_passes(server: GitHubServer, status: int, headers: dict[str, str]) -> None:
    """An outage, and a limit on the rate however GitHub says it, is worth asking again; the client asks once."""
    server.broken = status, headers
    with pytest.raises(GitHubUnavailable, match=f"POST {STATUSES}: {status} Something is wrong"):
        tell(server)
    assert 1 == server.asked


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (301, {"Location": "/repositories/1/deployments/42/statuses"}),
        (400, {}),
        (401, {}),
        (403, {}),
        (404, {}),
        (422, {}),
    ],
)
def test_what_stays(server: GitHubServer, status: int, headers: dict[str, str]) -> None:
    """No repository, no right, a token that is over, another shape: asking again does not help."""
    server.broken = status, headers
    with pytest.raises(GitHubRefused, match=f"{status} Something is wrong"):
        tell(server)
    assert 1 == server.asked


def test_strange_token(server: GitHubServer) -> None:
    """A token that GitHub does not know is told by GitHub's words, and is not in ours."""
    with pytest.raises(GitHubRefused, match=r"401 Bad credentials$") as refusal:
        tell(server, token="another token")
    assert "another" not in str(refusal.value)


def test_nobody_listens() -> None:
    """A connection that is refused is an outage."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    with pytest.raises(GitHubUnavailable, match="NewConnectionError"):
        GitHub(f"http://127.0.0.1:{port}").get("/repos/acme/shop/installation", TOKEN)


def test_nobody_answers(server: GitHubServer) -> None:
    """A GitHub that takes the request and never answers is an outage, after a bounded while."""
    server.broken = "hangs"
    with pytest.raises(GitHubUnavailable, match="ReadTimeoutError"):
        GitHub(server.url, read_seconds=0.1).post(STATUSES, {"state": "queued"}, TOKEN)
    assert 15 > client.CONNECT_SECONDS + client.READ_SECONDS
