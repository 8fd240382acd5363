"""GitHub's REST API over HTTPS: one request, one answer; asking again is left to whoever invoked us."""

import json
from collections.abc import Mapping
from typing import Any

import urllib3

from chalicelib.errors import GitHubRefused, GitHubUnavailable

# https://docs.github.com/en/rest/using-the-rest-api/getting-started-with-the-rest-api#headers
HEADERS = {
    "Accept": "application/vnd.github+json",
    "Content-Type": "application/json",
    "User-Agent": "slipway",
    "X-GitHub-Api-Version": "2022-11-28",
}
CONNECT_SECONDS, READ_SECONDS = 3.0, 10.0
WORDS_LENGTH = 200


class GitHub:
    """What answers under a base URL such as https://api.github.com, or https://HOST/api/v3 of an Enterprise Server."""

    def __init__(self, api: str, *, read_seconds: float = READ_SECONDS) -> None:
        self._api = api.rstrip("/")
        # Neither asked again nor redirected: a repository that was renamed is told as what GitHub answers, 301.
        self._pool = urllib3.PoolManager(
            timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=read_seconds), retries=False
        )

    def get(self, path: str, token: str) -> dict[str, Any]:
        """Return what is there; raises GitHubUnavailable and GitHubRefused."""
        return self._ask("GET", path, None, token)

    def post(self, path: str, body: Mapping[str, Any], token: str) -> dict[str, Any]:
        """Make something, and return it; raises GitHubUnavailable and GitHubRefused."""
        return self._ask("POST", path, json.dumps(body).encode(), token)

    def _ask(self, method: str, path: str, body: bytes | None, token: str) -> dict[str, Any]:
        headers = {**HEADERS, "Authorization": f"Bearer {token}"}
        try:
            answer = self._pool.request(method, self._api + path, body=body, headers=headers)
        except urllib3.exceptions.HTTPError as error:
            raise GitHubUnavailable(f"{method} {path}: {type(error).__name__}") from error
        document = _document(answer.data)
        if 200 <= answer.status < 300:
            return document
        words = f"{method} {path}: {answer.status} {str(document.get('message', ''))[:WORDS_LENGTH]}".rstrip()
        raise GitHubUnavailable(words) if _passes(answer.status, answer.headers) else GitHubRefused(words)


def _document(data: bytes) -> dict[str, Any]:
    """Return an answer's object; what is none, such as a gateway's own page, says nothing."""
    try:
        document = json.loads(data)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _passes(status: int, headers: Mapping[str, str]) -> bool:
    """Tell whether asking later may help: 403 is a limit of rates, too, and then its headers say so.

    https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
    """
    limited = "retry-after" in headers or headers.get("x-ratelimit-remaining") == "0"
    return status >= 500 or status in (408, 429) or (status == 403 and limited)
