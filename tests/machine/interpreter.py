"""Executions of a state machine in virtual time, as far as ours needs the Amazon States Language.

A branch is a generator. What it yields says how it goes on: a function that is given `resume`, and calls it with an
outcome, now or later. Nothing runs but through the clock, so a test of an hour takes a moment, and always the same one.
"""

import json
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from tests.machine.states_language import StatesError, choose, fill, find, matches, only, put, retry_seconds, wire
from tests.machine.virtual_time import VirtualClock

Function = Callable[[dict[str, Any]], Any]
Outcome = Any  # a value, or a StatesError
Resume = Callable[[Outcome], None]
Branch = Generator[Callable[[Resume], object], Outcome, Any]

# The events of an execution's history, and the quota at which Step Functions fails it:
# https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html and dg/service-quotas.html
EVENTS_AT_MOST = 25_000
OF_AN_EXECUTION = 2  # started, ended
OF_A_STATE = 2  # entered, exited
OF_A_CALL = 3  # scheduled, started, ended
OF_A_WAIT = 4  # and submitted in between
OF_A_MAP = 2  # started, ended
OF_AN_ITEM = 2  # its iteration started, ended
INVOKE = "arn:aws:states:::lambda:invoke"
WAIT = f"{INVOKE}.waitForTaskToken"


@dataclass
class Scope:
    """What ends together: an execution, or one branch of a Map."""

    parent: "Scope | None" = None
    ended: bool = False

    def lives(self) -> bool:
        """Tell whether this and all that it is part of go on."""
        return not self.ended and (self.parent is None or self.parent.lives())


@dataclass
class Execution:
    """One run of the machine; `entered` holds each state with the service that its input names.

    `events` is how many there are in its history.
    """

    scope: Scope = field(default_factory=Scope)
    status: str = "RUNNING"
    output: Any = None
    error: StatesError | None = None
    entered: list[tuple[str, str | None]] = field(default_factory=list)
    events: int = OF_AN_EXECUTION

    def happened(self, events: int) -> None:
        """Count events; raises OverflowError where Step Functions would fail the execution."""
        self.events += events
        if self.events > EVENTS_AT_MOST:
            raise OverflowError(f"history overflow: {self.path}")

    @property
    def path(self) -> list[str]:
        """Return the names of the states that were entered, in order, each at its first time."""
        return list(dict.fromkeys(name for name, _ in self.entered))

    def path_of(self, service: str) -> list[str]:
        """Return the names of the states that one service went through, each at its first time."""
        return list(dict.fromkeys(name for name, each in self.entered if each == service))

    def looks(self, state: str) -> int:
        """Return how many times a state was entered."""
        return [name for name, _ in self.entered].count(state)


class TokenWait:
    """A wait for a token. The first outcome counts: a completion, even before the task's own call returned, or time.

    It is over `seconds` after it began, or with heartbeats after the last of them, also while the call goes on.
    """

    def __init__(self, clock: VirtualClock, seconds: float, late: str) -> None:
        self._clock = clock
        self._seconds = seconds
        self._late = late
        self._resume: Resume | None = None
        self._outcome: list[Outcome] = []
        self._until = 0.0
        self.beat()
        self._watch()

    def beat(self) -> None:
        """Let the seconds begin anew."""
        self._until = self._clock.seconds + self._seconds

    def _watch(self) -> None:
        left = round(self._until - self._clock.seconds, 3)
        if left <= 0:
            self.end(StatesError(self._late))
        elif not self.over:
            self._clock.call_later(left, self._watch)

    @property
    def over(self) -> bool:
        """Tell whether it has its outcome."""
        return bool(self._outcome)

    def end(self, outcome: Outcome) -> None:
        """Give the wait its outcome, unless it has one."""
        if self._outcome:
            return
        self._outcome.append(outcome)
        if self._resume:
            self._resume(outcome)

    def __call__(self, resume: Resume) -> None:
        """Go on with the outcome, once it is there."""
        self._resume = resume
        if self._outcome:
            resume(self._outcome[0])


class Interpreter:
    """A state machine whose tasks call `functions` by name; `name` tells its tokens from another machine's."""

    def __init__(
        self,
        definition: Mapping[str, Any],
        functions: Mapping[str, Function],
        clock: VirtualClock,
        name: str = "machine",
    ) -> None:
        only(definition, "StartAt", "States")
        self._definition = definition
        self._functions = functions
        self._clock = clock
        self._name = name
        self._tokens: dict[str, TokenWait] = {}
        self._numbers = count(1)
        self.executions: dict[str, Execution] = {}

    def start(self, name: str, document: Mapping[str, Any]) -> None:
        """Start an execution; one of this name that exists stays as it is."""
        if name in self.executions:
            return
        execution = self.executions[name] = Execution()

        def done(outcome: Outcome) -> None:
            failed = isinstance(outcome, StatesError)
            execution.status = "FAILED" if failed else "SUCCEEDED"
            execution.output, execution.error = (None, outcome) if failed else (outcome, None)
            execution.scope.ended = True

        self._spawn(self._states(execution, execution.scope, self._definition, wire(document)), execution.scope, done)

    def stop(self, name: str) -> None:
        """Abort an execution, as a person does by hand."""
        self.executions[name].scope.ended = True
        self.executions[name].status = "ABORTED"

    def complete(self, token: str, output: str) -> bool:
        """End the wait of a token with a JSON output; False when nobody waits for it."""
        wait = self._tokens.get(token)
        if wait is None or wait.over:
            return False
        wait.end(wire(json.loads(output)))
        return True

    def heartbeat(self, token: str) -> None:
        """Let the seconds of a wait begin anew, if somebody waits."""
        if (wait := self._tokens.get(token)) and not wait.over:
            wait.beat()

    def run(self, name: str) -> Execution:
        """Let time pass until an execution has ended."""
        while self.executions[name].status == "RUNNING":
            assert self._clock.step(), f"{name} waits for nothing"
        return self.executions[name]

    def _spawn(self, branch: Branch, scope: Scope, done: Resume) -> None:
        """Run a branch to its end, each time after whatever else is due at that moment."""

        def resume(outcome: Outcome) -> None:
            self._clock.call_later(0, lambda: go_on(outcome))

        def go_on(outcome: Outcome) -> None:
            if not scope.lives():
                branch.close()
                return
            try:
                waits_for = branch.throw(outcome) if isinstance(outcome, StatesError) else branch.send(outcome)
            except StopIteration as end:
                done(end.value)
            except StatesError as error:
                done(error)
            else:
                waits_for(resume)

        resume(None)

    def _states(self, execution: Execution, scope: Scope, machine: Mapping[str, Any], document: Any) -> Branch:
        name: str | None = machine["StartAt"]
        while name is not None:
            if not scope.lives():
                yield lambda resume: resume(None)  # to nobody
            state = machine["States"][name]
            execution.entered.append((name, document.get("service") if isinstance(document, dict) else None))
            execution.happened(OF_A_STATE)
            if state["Type"] == "Choice":
                name = choose(state, document)
                continue
            try:
                result = yield from self._result(execution, scope, name, state, document)
                name, document = state.get("Next"), _output(state, result, document)
            except StatesError as error:
                name, document = self._caught(state, error, document)
        return document

    def _caught(self, state: Mapping[str, Any], error: StatesError, document: Any) -> tuple[str, Any]:
        for catcher in state.get("Catch", []):
            only(catcher, "ErrorEquals", "ResultPath", "Next")
            if matches(error, catcher["ErrorEquals"]):
                told = {"Error": error.name, "Cause": error.cause}
                return catcher["Next"], wire(put(catcher.get("ResultPath", "$"), told, document))
        raise error

    def _result(self, execution: Execution, scope: Scope, name: str, state: Mapping[str, Any], document: Any) -> Branch:
        kind = state["Type"]
        if kind == "Pass":
            only(state, "Parameters", "Next", "End")
            return fill(state["Parameters"], document) if "Parameters" in state else document
        if kind == "Map":
            result = yield from self._map(execution, scope, state, document)
        elif kind == "Task":
            result = yield from self._task(execution, name, state, document)
        else:
            raise NotImplementedError(f"{name} is a {kind}")
        return fill(state["ResultSelector"], result) if "ResultSelector" in state else result

    # ── Map ─────────────────────────────────────────────────────────────────────────────────────────

    def _map(self, execution: Execution, scope: Scope, state: Mapping[str, Any], document: Any) -> Branch:
        known = ("ItemsPath", "MaxConcurrency", "ItemProcessor", "ResultSelector", "ResultPath", "Catch", "Next", "End")
        only(state, *known)
        machine = state["ItemProcessor"]
        only(machine, "ProcessorConfig", "StartAt", "States")
        assert machine["ProcessorConfig"] == {"Mode": "INLINE"}
        items = find(state["ItemsPath"], document)
        execution.happened(OF_A_MAP + OF_AN_ITEM * len(items))
        own = Scope(scope)
        return (yield lambda resume: self._branches(execution, own, machine, items, state["MaxConcurrency"], resume))

    def _branches(
        self, execution: Execution, scope: Scope, machine: Any, items: list[Any], at_most: int, resume: Resume
    ) -> None:
        """Run a branch for each item; the first that fails ends the others."""
        results: dict[int, Any] = {}
        waiting = list(enumerate(items))

        def next_branch() -> None:
            at, item = waiting.pop(0)
            self._spawn(self._states(execution, scope, machine, item), scope, lambda outcome: ended(at, outcome))

        def ended(at: int, outcome: Outcome) -> None:
            results[at] = outcome
            if isinstance(outcome, StatesError):
                scope.ended = True
                resume(outcome)
            elif len(results) == len(items):
                resume([results[each] for each in range(len(items))])
            elif waiting:
                next_branch()

        for _ in range(min(at_most or len(items), len(items))):
            next_branch()
        if not items:
            resume([])

    # ── Task ────────────────────────────────────────────────────────────────────────────────────────

    def _task(self, execution: Execution, name: str, state: Mapping[str, Any], document: Any) -> Branch:
        known = (
            "Resource",
            "Parameters",
            "ResultSelector",
            "ResultPath",
            "OutputPath",
            "Retry",
            "Catch",
            "Next",
            "End",
        )
        # Releases before 2026-12 had TimeoutSecondsPath.
        only(state, *known, *(["TimeoutSecondsPath", "HeartbeatSecondsPath"] if state["Resource"] == WAIT else []))
        # The text of an instant sorts by time: chalicelib.store keeps the token of the later entry by it.
        entered_at = self._clock.now().isoformat(timespec="milliseconds")
        tries: dict[int, int] = {}
        for attempt in count():
            execution.happened(OF_A_WAIT if state["Resource"] == WAIT else OF_A_CALL)
            entered = {"EnteredTime": entered_at, "RetryCount": attempt}
            try:
                return (yield from self._attempt(name, state, document, entered))
            except StatesError as error:
                seconds = retry_seconds(state.get("Retry", []), error, tries)
                if seconds is None:
                    raise
                yield self._sleep(seconds)

    def _sleep(self, seconds: float) -> Callable[[Resume], object]:
        return lambda resume: self._clock.call_later(seconds, lambda: resume(None))

    def _attempt(self, name: str, state: Mapping[str, Any], document: Any, entered: Mapping[str, Any]) -> Branch:
        token = f"{self._name}-token-{next(self._numbers)}"
        context = {"State": {"Name": name, **entered}, "Task": {"Token": token}}
        request = wire(fill(state["Parameters"], document, context))
        only(request, "FunctionName", "Payload")
        if state["Resource"] == INVOKE:
            return {"Payload": self._invoke(request), "StatusCode": 200}
        if state["Resource"] != WAIT:
            raise NotImplementedError(f"{name} calls {state['Resource']}")
        heartbeats = "HeartbeatSecondsPath" in state
        seconds = find(state["HeartbeatSecondsPath" if heartbeats else "TimeoutSecondsPath"], document)
        late = "States.HeartbeatTimeout" if heartbeats else "States.Timeout"
        wait = self._tokens[token] = TokenWait(self._clock, seconds, late)
        return (yield lambda resume: self._begin(wait, request, resume))

    def _begin(self, wait: TokenWait, request: Mapping[str, Any], resume: Resume) -> None:
        """Call the function of a wait, which goes on beside it."""
        wait(resume)
        try:
            self._invoke(request)
        except StatesError as error:
            wait.end(error)

    def _invoke(self, request: Mapping[str, Any]) -> Any:
        try:
            answer = self._functions[request["FunctionName"]](request["Payload"])
        except AssertionError:  # the test's own world speaks
            raise
        except Exception as error:
            told = {"errorMessage": str(error), "errorType": type(error).__name__}
            raise StatesError(type(error).__name__, json.dumps(told)) from error
        return wire(answer)


def _output(state: Mapping[str, Any], result: Any, document: Any) -> Any:
    """Return a state's output: its input with the result, and of that the part that OutputPath names."""
    return wire(find(state.get("OutputPath", "$"), put(state.get("ResultPath", "$"), result, document)))
