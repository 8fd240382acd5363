"""The tokens by which transactions are told to be the same: whoever lost an answer asks again.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html#DDB-TransactWriteItems-request-ClientRequestToken
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from localcloud.faults import AwsFault

VALID_SECONDS = 600
MISMATCH = "retried a request with a different payload but with an idempotent token that was already used."


@dataclass(frozen=True)
class Done:
    """A transaction that was carried out."""

    request: Mapping[str, Any]
    until_seconds: float


class Tokens:
    """Remembers what was carried out under which ClientRequestToken; not thread-safe."""

    def __init__(self, now_seconds: Callable[[], float]) -> None:
        self._now_seconds = now_seconds
        self._done: dict[str, Done] = {}

    def known(self, request: Mapping[str, Any]) -> bool:
        """Tell whether this was carried out; raises AwsFault when another request was, with this token."""
        now = self._now_seconds()
        self._done = {token: done for token, done in self._done.items() if now < done.until_seconds}
        done = self._done.get(request.get("ClientRequestToken", ""))
        if done and done.request != request:
            raise AwsFault(
                "IdempotentParameterMismatchException", f"DynamoDB rejected the request because you {MISMATCH}"
            )
        return done is not None

    def keep(self, request: Mapping[str, Any]) -> None:
        """Remember what was carried out, if it has a token."""
        if token := request.get("ClientRequestToken"):
            self._done[token] = Done(request, self._now_seconds() + VALID_SECONDS)
