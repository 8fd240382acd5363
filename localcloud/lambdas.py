"""Lambda, in process: JSON in, JSON out, the error's class name out.

The payload and the answer really become bytes on the way, so that nothing passes here which would not pass on AWS.
All functions share this process, its environment variables and its modules.
"""

import json
import os
import threading
import time
import traceback
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass, field
from typing import Any

from chalice.app import Chalice

from localcloud.faults import AwsFault

LambdaFunction = Callable[[dict[str, Any], Any], Any]

FUNCTION_ARN = "arn:aws:lambda:us-east-1:000000000000:function:"
RUNNING: ContextVar[str | None] = ContextVar("RUNNING", default=None)
"""The name of the function that runs in this thread."""
TIMEOUT_SECONDS = 60  # Chalice's default lambda_timeout; told to the function, not enforced


@dataclass(frozen=True)
class Invocation:
    """What an invocation gave: `body` is JSON; `failed` says that the body describes an error."""

    body: bytes
    failed: bool


@dataclass(frozen=True)
class LambdaContext:
    """What a Python handler gets as its second argument.

    https://docs.aws.amazon.com/lambda/latest/dg/python-context.html
    """

    function_name: str
    aws_request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    function_version: str = "$LATEST"
    memory_limit_in_mb: int = 512
    log_stream_name: str = "local"
    deadline: float = field(default_factory=lambda: time.monotonic() + TIMEOUT_SECONDS)

    @property
    def invoked_function_arn(self) -> str:
        """Return the function's ARN."""
        return FUNCTION_ARN + self.function_name

    @property
    def log_group_name(self) -> str:
        """Return the log group that Lambda would write to."""
        return f"/aws/lambda/{self.function_name}"

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until the function's timeout."""
        return max(0, int((self.deadline - time.monotonic()) * 1000))


@dataclass(frozen=True)
class Usage:
    """What Lambda would bill of one function: how often it was invoked, and for how long in all."""

    invocations: int = 0
    milliseconds: float = 0.0


class Lambdas:
    """The functions that are deployed. `environment` is set for the whole process, since they share it."""

    def __init__(self, *, environment: Mapping[str, str] | None = None) -> None:
        self._functions: dict[str, LambdaFunction] = {}
        self._usage: dict[str, Usage] = {}
        self._usage_lock = threading.Lock()
        os.environ.update(environment or {})

    def add(self, name: str, function: LambdaFunction) -> None:
        """Deploy `function` as `name`, replacing one of that name."""
        self._functions[name] = function

    def require(self, name: str) -> LambdaFunction:
        """Return the function that `name`, a name or an ARN, means.

        Raises AwsFault ResourceNotFoundException when it is not deployed.
        """
        found = self._functions.get(name_in(name))
        if found is None:
            raise AwsFault("ResourceNotFoundException", f"Function not found: {FUNCTION_ARN}{name_in(name)}", 404)
        return found

    def invoke(self, name: str, payload: bytes, request_id: str | None = None) -> Invocation:
        """Call a function, by name or ARN, with JSON `payload` (empty means `{}`) and wait for its answer.

        `request_id` is that of an earlier attempt; without it this is the first.
        Raises AwsFault ResourceNotFoundException, or InvalidRequestContentException when `payload` is not JSON.
        """
        function = self.require(name)
        event = _event_in(payload)
        context = LambdaContext(name_in(name), request_id or str(uuid.uuid4()))
        begun = time.monotonic()
        try:
            with running(name_in(name)):
                result = function(event, context)
        except Exception as error:
            own_frames = traceback.format_tb(error.__traceback__)[1:]  # the first is ours
            return _failure(type(error).__name__, str(error), own_frames)
        finally:
            self._count(name_in(name), time.monotonic() - begun)
        return _success(result)

    def usage(self) -> dict[str, dict[str, Any]]:
        """Return the Usage of each function that was invoked so far, by name, as JSON."""
        with self._usage_lock:
            return {name: asdict(usage) for name, usage in self._usage.items()}

    def _count(self, name: str, seconds: float) -> None:
        with self._usage_lock:
            before = self._usage.get(name, Usage())
            self._usage[name] = Usage(before.invocations + 1, before.milliseconds + seconds * 1000)


@contextmanager
def running(name: str) -> Iterator[None]:
    """Let what is called meanwhile be called by this function."""
    before = RUNNING.set(name)
    try:
        yield
    finally:
        RUNNING.reset(before)


def functions_of(app: Chalice) -> dict[str, LambdaFunction]:
    """Return every Lambda function that Chalice would deploy from `app` beside the API's own handler, by name."""
    names = [one.name for one in app.pure_lambda_functions] + [one.name for one in app.event_sources]
    functions: dict[str, Any] = {name: app.handler_map[name] for name in names}
    for function in functions.values():
        # Chalice leaves the middleware in a generator until the first call; two first calls at once would break it.
        function.middleware_handlers = list(function.middleware_handlers)
    return functions


def name_in(name_or_arn: str) -> str:
    """Return the bare name in a function's name, partial ARN or ARN, with or without a qualifier.

    https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#API_Invoke_RequestSyntax
    """
    _, marker, after = name_or_arn.rpartition("function:")
    return (after if marker else name_or_arn).split(":")[0]


def _event_in(payload: bytes) -> dict[str, Any]:
    try:
        event: dict[str, Any] = json.loads(payload or b"{}")
    except ValueError as error:
        message = f"Could not parse request body into json: {error}"
        raise AwsFault("InvalidRequestContentException", message) from error
    return event


def _success(result: Any) -> Invocation:
    try:
        return Invocation(json.dumps(result).encode(), failed=False)
    except (TypeError, ValueError) as error:
        return _failure("Runtime.MarshalError", f"Unable to marshal response: {error}", [])


def _failure(error_type: str, message: str, stack_trace: list[str]) -> Invocation:
    error = {"errorMessage": message, "errorType": error_type, "stackTrace": stack_trace}
    return Invocation(json.dumps(error).encode(), failed=True)
