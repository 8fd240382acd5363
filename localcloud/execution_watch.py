"""Step Functions' status change events, which moto does not send: seen by looking at its executions.

https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
"""

from collections.abc import Callable
from datetime import datetime
from threading import Event, Thread
from typing import Any

from moto.stepfunctions.parser.models import stepfunctions_parser_backends

Emit = Callable[[str, str, list[str], dict[str, Any]], None]
"""(source, detail type, resources, detail), e.g. EventBus.put."""

RUNNING = "RUNNING"


class ExecutionWatch:
    """Look every `interval_seconds` and `emit` RUNNING and then the end of each execution, once each."""

    def __init__(
        self,
        emit: Emit,
        *,
        account: str = "000000000000",
        region: str = "us-east-1",
        interval_seconds: float = 0.1,
    ) -> None:
        self._emit = emit
        self._account = account
        self._region = region
        self._interval_seconds = interval_seconds
        self._told: dict[str, str] = {}
        self._stopping = Event()
        self._thread = Thread(target=self._watch, name="execution-watch", daemon=True)

    def start(self) -> None:
        """Watch in the background."""
        self._thread.start()

    def stop(self) -> None:
        """Stop watching."""
        self._stopping.set()
        self._thread.join()

    def look(self) -> None:
        """Emit what changed since the last look."""
        backend = stepfunctions_parser_backends[self._account][self._region]
        for machine in list(backend.state_machines):
            for execution in list(machine.executions):
                self._notice(execution)

    def _watch(self) -> None:
        while not self._stopping.wait(self._interval_seconds):
            self.look()

    def _notice(self, execution: Any) -> None:
        if execution.exec_status is None:  # being made
            return
        if execution.exec_arn not in self._told:
            self._tell(execution, RUNNING)
        status = str(execution.status)
        if status != self._told[execution.exec_arn]:
            self._tell(execution, status)

    def _tell(self, execution: Any, status: str) -> None:
        arn = execution.exec_arn
        self._told[arn] = status
        self._emit("aws.states", "Step Functions Execution Status Change", [arn], detail_of(execution, status))


def detail_of(execution: Any, status: str) -> dict[str, Any]:
    """Return the event's detail: times in milliseconds since the epoch, null until it has ended."""
    ended = status != RUNNING
    return {
        "executionArn": execution.exec_arn,
        "stateMachineArn": execution.state_machine_arn,
        "name": execution.name,
        "status": status,
        "startDate": _milliseconds(execution.start_date),
        "stopDate": _milliseconds(execution.stop_date) if ended else None,
    }


def _milliseconds(instant: datetime | None) -> int | None:
    return None if instant is None else int(instant.timestamp() * 1000)
