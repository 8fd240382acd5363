"""Faults on demand: what a test asks the AWS endpoint to do wrong, over HTTP.

    POST   /_slipway/faults   add one or a list of FAULTS, each for the next `times` occasions (1 unless it says)
    DELETE /_slipway/faults   forget all
    GET    /_slipway/faults   list what is left

    {"kind": "fail", "service": "ecs", "operation": "UpdateService", "code": "ThrottlingException", "status": 400,
     "message": "Rate exceeded", "after": false}        `after`: it takes effect, and its answer is the failure
    {"kind": "delay", "service": "dynamodb", "operation": "*", "seconds": 0.5}
    {"kind": "drop_events", "source": "aws.ecs", "times": null}                null: every time until DELETE
    {"kind": "reset", "service": "ecs", "operation": "CreateService", "after": true}    the connection breaks
    {"kind": "crash", "function": "on_event"}           the Lambda function dies before it does anything
    {"kind": "lose_answer", "function": "act"}          the Lambda function runs, and its answer is a crash

`service` is the signing name, `operation` AWS's name or "METHOD /path" for REST services; "*" is any.
"""

import json
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

from localcloud.faults import AwsFault
from localcloud.lambdas import Invocation, LambdaFunction, name_in
from localcloud.wsgi_server import HttpAnswer

PATH = "/_slipway/faults"
KINDS = ("fail", "delay", "drop_events", "lose_answer", "crash", "reset")
JSON = (("Content-Type", "application/json"),)
# What a function that dies raises: https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html
Died = type("Runtime.ExitError", (Exception,), {})
Emit = Callable[[str, str, list[str], dict[str, Any]], None]


@dataclass(frozen=True)
class Fault:
    """One thing to do wrong, `times` more times; None is without end. What a kind does not need is left alone."""

    kind: str
    service: str = "*"
    operation: str = "*"
    code: str = "InternalFailure"
    message: str = "A fault that a test asked for."
    status: int = 500
    after: bool = False
    seconds: float = 0.0
    source: str = "*"
    function: str = "*"
    times: int | None = 1


class FaultInjection:
    """The faults that wait. Safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Let a fault wait for its occasions."""
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        """Forget all of them."""
        with self._lock:
            self._faults.clear()

    def failing(self, service: str, operation: str, *, after: bool) -> AwsFault | None:
        """Return how a call shall be refused, before it is carried out or `after` that; None when it shall not."""
        fault = self._take(kind="fail", service=service, operation=operation, after=after)
        return AwsFault(fault.code, fault.message, fault.status) if fault else None

    def resets(self, service: str, operation: str, *, after: bool) -> bool:
        """Tell whether the connection of a call shall break, before it is carried out or `after` that."""
        return self._take(kind="reset", service=service, operation=operation, after=after) is not None

    def delay_seconds(self, service: str, operation: str) -> float:
        """Return how long a call shall wait before it is carried out."""
        fault = self._take(kind="delay", service=service, operation=operation)
        return fault.seconds if fault else 0.0

    def of_answer(self, function: str, invocation: Invocation) -> Invocation:
        """Return an invocation's answer, or a crash in its place."""
        if self._take(kind="lose_answer", function=name_in(function)) is None:
            return invocation
        # https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html
        crash = {"errorType": "Runtime.ExitError", "errorMessage": "RequestId: lost Error: Runtime exited with error"}
        return Invocation(json.dumps(crash).encode(), failed=True)

    def on_function(self, name: str, function: LambdaFunction) -> LambdaFunction:
        """Return a function that dies before it does anything, as often as it shall."""

        def run_unless_crashed(event: dict[str, Any], context: Any) -> Any:
            if self._take(kind="crash", function=name):
                raise Died("RequestId: crashed Error: Runtime exited with error")
            return function(event, context)

        return run_unless_crashed

    def on_events(self, emit: Emit) -> Emit:
        """Return a way to emit events on which some get lost."""

        def emit_unless_dropped(source: str, kind: str, resources: list[str], detail: dict[str, Any]) -> None:
            if self._take(kind="drop_events", source=source) is None:
                emit(source, kind, resources, detail)

        return emit_unless_dropped

    def answer(self, method: str, body: bytes) -> HttpAnswer:
        """Answer a request to PATH."""
        if method == "DELETE":
            self.clear()
        elif method == "POST":
            try:
                for fault in faults_in(body):
                    self.add(fault)
            except ValueError as error:
                return HttpAnswer(400, JSON, json.dumps({"message": str(error)}).encode())
        with self._lock:
            left = [asdict(fault) for fault in self._faults]
        return HttpAnswer(200, JSON, json.dumps({"faults": left}).encode())

    def _take(self, **occasion: Any) -> Fault | None:
        """Return the first fault for an occasion, and use one of its times up."""
        with self._lock:
            for at, fault in enumerate(self._faults):
                if all(getattr(fault, name) in ("*", value) for name, value in occasion.items()):
                    left = None if fault.times is None else fault.times - 1
                    self._faults[at : at + 1] = [] if left == 0 else [replace(fault, times=left)]
                    return fault
        return None


def faults_in(body: bytes) -> list[Fault]:
    """Return the faults that a request describes. Raises ValueError saying what is wrong with it."""
    asked = json.loads(body)
    try:
        faults = [Fault(**each) for each in (asked if isinstance(asked, list) else [asked])]
    except TypeError as error:
        raise ValueError(f"not a fault: {error}") from error
    for fault in faults:
        if fault.kind not in KINDS:
            raise ValueError(f"kind {fault.kind!r}: write one of {', '.join(KINDS)}")
    return faults
