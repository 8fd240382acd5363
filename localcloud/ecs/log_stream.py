"""A container's output, as lines in CloudWatch Logs."""

from typing import Any

from localcloud.clock import Clock
from localcloud.ecs.ports import Logs
from localcloud.faults import AwsFault


class LogStream:
    """Turn chunks of output into timed lines. What arrives while a batch is being put makes the next one."""

    def __init__(self, logs: Logs, clock: Clock, group: str, stream: str) -> None:
        self._logs = logs
        self._clock = clock
        self._group = group
        self._stream = stream
        self._rest = b""

    def write(self, chunk: bytes) -> None:
        """Take output; b"" is its end, which completes an unfinished line."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        if not chunk and self._rest:
            lines, self._rest = [self._rest], b""
        now = int(self._clock.now().timestamp() * 1000)
        batch = [(now, line.decode(errors="replace").rstrip("\r")) for line in lines if line.strip()]
        if not batch:
            return
        try:
            self._logs.put(self._group, self._stream, batch)
        except AwsFault:
            # As the awslogs driver does: a group that was deleted under a running task costs its lines, not the task.
            return


def log_group(container: dict[str, Any]) -> str | None:
    """Return the log group that a container definition asks for, or None."""
    configuration = container.get("logConfiguration", {})
    if configuration.get("logDriver") != "awslogs":
        return None
    return str(configuration.get("options", {}).get("awslogs-group", ""))


def makes_its_group(container: dict[str, Any]) -> bool:
    """Tell whether the driver of a container makes the log group that is not there.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/specify-log-config.html
    """
    options = container["logConfiguration"].get("options", {})
    return bool(options.get("awslogs-create-group") == "true")


def stream_name(container: dict[str, Any], task_id: str) -> str:
    """Return the stream of a container's lines: prefix/container/task."""
    prefix = container["logConfiguration"].get("options", {}).get("awslogs-stream-prefix", "ecs")
    return f"{prefix}/{container['name']}/{task_id}"
