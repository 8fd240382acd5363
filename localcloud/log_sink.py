"""CloudWatch Logs as the awslogs driver writes them: lines of a task into a stream of its own."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
BATCH_EVENTS = 10_000
BATCH_BYTES = 1_048_576
EVENT_OVERHEAD_BYTES = 26

Line = tuple[int, str]
"""(milliseconds since the epoch, text)"""


class LogSink:
    """Write lines through a boto3 logs client, remembering which groups and streams are there."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._groups: set[str] = set()
        self._streams: set[tuple[str, str]] = set()

    def exists(self, group: str) -> bool:
        """Say whether the log group is there."""
        if group not in self._groups:
            found = self._client.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
            self._groups |= {one["logGroupName"] for one in found}
        return group in self._groups

    def put(self, group: str, stream: str, lines: list[Line]) -> None:
        """Write `lines`, making the stream when it is missing. Empty lines are left out, as awslogs does.

        Raises botocore's ResourceNotFoundException when the group is missing.
        """
        self._make_stream(group, stream)
        for batch in batches(lines):
            events = [{"timestamp": timestamp, "message": text} for timestamp, text in batch]
            self._client.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)

    def _make_stream(self, group: str, stream: str) -> None:
        if (group, stream) in self._streams:
            return
        with suppress(self._client.exceptions.ResourceAlreadyExistsException):  # made before this sink was
            self._client.create_log_stream(logGroupName=group, logStreamName=stream)
        self._streams.add((group, stream))


def batches(lines: Iterable[Line]) -> Iterator[list[Line]]:
    """Divide lines, oldest first, into batches that one PutLogEvents takes."""
    batch: list[Line] = []
    size_bytes = 0
    for timestamp, text in sorted((line for line in lines if line[1]), key=lambda line: line[0]):
        event_bytes = len(text.encode()) + EVENT_OVERHEAD_BYTES
        if batch and (len(batch) == BATCH_EVENTS or size_bytes + event_bytes > BATCH_BYTES):
            yield batch
            batch, size_bytes = [], 0
        batch.append((timestamp, text))
        size_bytes += event_bytes
    if batch:
        yield batch
