"""CloudWatch Logs as the awslogs driver writes them: lines of a task into a stream of its own, in moto's memory."""

from threading import Lock
from typing import Any, cast

from moto.logs.exceptions import ResourceNotFoundException
from moto.logs.models import logs_backends

from localcloud.faults import AwsFault

Line = tuple[int, str]
"""(milliseconds since the epoch, text)"""


class LogSink:
    """Writes lines into moto's log groups, in process: a service may write many a second."""

    def __init__(self, account: str = "000000000000", region: str = "us-east-1") -> None:
        self._logs = cast("Any", logs_backends[account][region])
        self._lock = Lock()

    def exists(self, group: str) -> bool:
        """Say whether the log group is there."""
        return group in self._logs.groups

    def create(self, group: str) -> None:
        """Make a log group that is not there, which keeps its lines forever."""
        with self._lock:
            self._logs.create_log_group(group, {})

    def put(self, group: str, stream: str, lines: list[Line]) -> None:
        """Write `lines`, making the stream when it is missing. Empty lines are left out, as awslogs does.

        Raises AwsFault ResourceNotFoundException when the group is missing.
        """
        events = [{"timestamp": timestamp, "message": text} for timestamp, text in sorted(lines, key=_time) if text]
        try:
            with self._lock:
                self._logs.ensure_log_stream(group, stream)
                self._logs.put_log_events(group, stream, events)
        except ResourceNotFoundException as refusal:
            raise AwsFault("ResourceNotFoundException", "The specified log group does not exist.") from refusal


def _time(line: Line) -> int:
    return line[0]
