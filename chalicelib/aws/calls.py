"""How every call to AWS is made, and how its refusals become our errors."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.aws.passing import passing
from chalicelib.errors import AwsError, AwsRefused, Throttled, TransientAws
from chalicelib.metrics import count_call

if TYPE_CHECKING:
    from botocore.config import Config
    from botocore.model import OperationModel

P = ParamSpec("P")
R = TypeVar("R")
Q = TypeVar("Q")

THROTTLES = {
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "SlowDown",
    "ProvisionedThroughputExceededException",
    "LimitExceededException",
}

ATTEMPTS = 3
READ_SECONDS = 20
AT_ONCE = 8  # of the same question; ECS answers 50 DescribeTaskDefinition in a burst, then 20 a second


def config(attempts: int, read_seconds: int = READ_SECONDS) -> Config:
    """Return how clients ask: steps are retried by the state machine, and a Lambda that waits is paid for.

    What AWS would do twice is asked with one attempt: where its answer is lost, the step looks first, and then asks
    again. Threads share a client where functions share a process, and where a function asks side by side.
    """
    from botocore.config import Config

    retries: Any = {"mode": "standard", "total_max_attempts": attempts}
    return Config(retries=retries, connect_timeout=5, read_timeout=read_seconds, max_pool_connections=200)


def call(method: Callable[P, R], *args: P.args, **request: P.kwargs) -> R:
    """Call AWS and return its answer; raise Throttled, TransientAws, Unsettled or AwsRefused in AWS's own words."""
    operation = getattr(method, "__name__", "aws")
    try:
        return method(*args, **request)
    except ClientError as error:
        raise translated(operation, error) from error
    except BotoCoreError as error:
        raise TransientAws(operation, type(error).__name__, str(error)) from error


def listed(client: Any, operation: str, member: str, **request: Any) -> list[Any]:
    """Return what all pages of an answer have in a member; raises as `call` does."""

    def pages() -> list[Any]:
        return [each for page in client.get_paginator(operation).paginate(**request) for each in page[member]]

    pages.__name__ = operation
    return call(pages)


def batched(items: Sequence[R], size: int) -> list[list[R]]:
    """Return items in lists of at most `size`, as AWS takes them at once."""
    return [list(items[start : start + size]) for start in range(0, len(items), size)]


def side_by_side(ask: Callable[[Q], R], asked: Sequence[Q]) -> list[R]:
    """Ask AWS for each of several things of which it tells one at a time; return the answers in their order.

    Raises what the first of them raises that fails, once no question is under way any more.
    """
    from concurrent.futures import ThreadPoolExecutor

    contexts = [copy_context() for _ in asked]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(lambda context, each: context.run(ask, each), contexts, asked))


def call_once(method: Callable[P, R], *args: P.args, **request: P.kwargs) -> R:
    """Call AWS by a client with one attempt, for what AWS would do twice; what it throttled had no effect, and waits.

    Each wait is botocore's own: up to one second, then two (boto3 guide, "Retries", standard mode).
    """
    for attempt in range(ATTEMPTS - 1):
        try:
            return call(method, *args, **request)
        except Throttled:
            time.sleep(random.random() * 2**attempt)  # noqa: S311  jitter, no secret
    return call(method, *args, **request)


def translated(operation: str, error: ClientError) -> AwsError:
    """Return our error for a ClientError: asking again helps, or does not (AwsRefused)."""
    code = error.response.get("Error", {}).get("Code", "Unknown")
    message = error.response.get("Error", {}).get("Message", "")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
    if _is_throttle(code, message):
        return Throttled(operation, code, message)
    if status >= 500:
        return TransientAws(operation, code, message)
    return (passing(operation, code, message) or AwsRefused)(operation, code, message)


def _is_throttle(code: str, message: str) -> bool:
    return code in THROTTLES or "Rate exceeded" in message


def counted(client: Any) -> Any:
    """Have each attempt of a client's calls counted: after every one botocore asks whether it needs another."""
    client.meta.events.register("needs-retry", _count)
    return client


def _count(operation: OperationModel, response: tuple[Any, dict[str, Any]] | None, **_: Any) -> None:
    """Count an attempt; there is no response where the network failed."""
    error = response[1].get("Error", {}) if response else {}
    throttled = _is_throttle(error.get("Code", ""), error.get("Message", ""))
    count_call(operation.service_model.service_name, throttled=throttled)


def refused_member(error: AwsError, member: str) -> str | None:
    """Return a member that AWS put beside the message of its refusal, such as the NamespaceId of one that exists."""
    cause = error.__cause__
    answer: Mapping[str, object] = cause.response if isinstance(cause, ClientError) else {}
    value = answer.get(member) or (answer.get("Error") or {}).get(member)  # type: ignore[attr-defined]
    return value if isinstance(value, str) else None


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Return tags as ECS spells them: `[{"key", "value"}]`."""
    return [{"key": key, "value": value} for key, value in tags.items()]


def tags_of(listed: Sequence[Any]) -> dict[str, str]:
    """Return listed tags by their keys, whichever way the service spells them."""
    lower = ({name.lower(): text for name, text in tag.items()} for tag in listed)
    return {tag["key"]: tag.get("value", "") for tag in lower}


def capital_tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Return tags as the other services spell them: `[{"Key", "Value"}]`."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]
