"""GitHub, and those that tell it, in memory: fakes as those in `fakes`."""

import json
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

from chalicelib.errors import AwsError, GitHubError
from tests.deliveries import SHA


class FakeGitHub:
    """GitHub's API; `posted` is what it was told, `down` how it fails meanwhile."""

    def __init__(self) -> None:
        self.posted: list[tuple[str, Mapping[str, Any]]] = []
        self.tokens: list[str] = []
        self.down: GitHubError | None = None

    def get(self, path: str, token: str) -> dict[str, Any]:
        """Return a commit, or the App's installation in a repository."""
        self._answer(token)
        return {"id": 7} if path.endswith("/installation") else {"sha": SHA}

    def post(self, path: str, body: Mapping[str, Any], token: str) -> dict[str, Any]:
        """Take a status, or make a token of an installation."""
        self._answer(token)
        if path.endswith("/access_tokens"):
            return {"token": f"token of {', '.join(body['repositories'])}"}
        self.posted.append((path, body))
        return {"id": len(self.posted)}

    @property
    def states(self) -> list[str]:
        """Return the states that were told, oldest first."""
        return [str(body["state"]) for _, body in self.posted]

    def _answer(self, token: str) -> None:
        assert token, "GitHub was asked without a token"
        self.tokens.append(token)
        if self.down:
            raise self.down


class FakeKms:
    """Keys that sign with the key's own name."""

    def sign_rs256(self, key: str, message: bytes) -> bytes:
        """Return a signature."""
        assert len(message) <= 4096, "KMS signs no longer message"
        return key.encode()


class FakeNotifier:
    """The function `notify`, once it is deployed: it runs at once, and twice more when it fails, as Lambda has it."""

    def __init__(self) -> None:
        self.function: Callable[[dict[str, Any], str], None] | None = None
        self.failed = 0
        self._numbers = count(1)

    def notify(self, notice: Mapping[str, Any]) -> None:
        """Run the function."""
        if self.function is None:
            return
        request_id = f"request {next(self._numbers)}"
        for _ in range(3):
            try:
                self.function(json.loads(json.dumps(notice)), request_id)
            except (GitHubError, AwsError):
                self.failed += 1
            else:
                return
