"""Amazon CloudWatch Logs: the log group of a task, there before the task definition names it, and what is in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from os.path import commonprefix
from typing import TYPE_CHECKING

from chalicelib.aws.calls import call, listed
from chalicelib.diagnosis import LogLine
from chalicelib.errors import AwsRefused

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_logs.type_defs import LogGroupTypeDef


@dataclass(frozen=True)
class LogStream:
    """Where one container of one task writes."""

    group: str
    name: str


@dataclass(frozen=True)
class LogGroup:
    """A log group; `retention_days` None keeps its events forever."""

    retention_days: int | None


class Logs:
    """The log groups of an account and region."""

    def __init__(self, client: CloudWatchLogsClient) -> None:
        self._client = client

    def ensure_group(self, name: str, retention_days: int, tags: Mapping[str, str]) -> None:
        """Have a log group that keeps its events for `retention_days`: made, or brought to that where it differs."""
        group = None if self._created(name, tags) else self._group(name)
        if group is None or group.get("retentionInDays") != retention_days:
            self.set_retention(name, retention_days)

    def set_retention(self, name: str, days: int | None) -> None:
        """Have a log group keep its events for so many days, None: forever."""
        if days is None:
            call(self._client.delete_retention_policy, logGroupName=name)
        else:
            call(self._client.put_retention_policy, logGroupName=name, retentionInDays=days)

    def groups(self, names: Sequence[str]) -> dict[str, LogGroup]:
        """Return the log groups of these names; those that are not there are left out.

        Those of an application begin alike, so that one question is enough.
        """
        alike = commonprefix(names)  # noqa: RUF071  letter by letter, as AWS compares
        found: list[LogGroupTypeDef] = (
            listed(self._client, "describe_log_groups", "logGroups", logGroupNamePrefix=alike) if alike else []
        )
        wanted = [each for each in found if each.get("logGroupName") in names]
        return {each.get("logGroupName", ""): LogGroup(each.get("retentionInDays")) for each in wanted}

    def tail(self, stream: LogStream, lines: int) -> tuple[LogLine, ...]:
        """Return the last lines of a stream, oldest first; none when nothing was written yet."""
        try:
            answer = call(
                self._client.get_log_events,
                logGroupName=stream.group,
                logStreamName=stream.name,
                limit=lines,
                startFromHead=False,
            )
        except AwsRefused as refusal:
            if refusal.aws_code == "ResourceNotFoundException":
                return ()
            raise
        return tuple(
            LogLine(datetime.fromtimestamp(event["timestamp"] / 1000, UTC), event["message"])
            for event in answer["events"]
        )

    def _group(self, name: str) -> LogGroupTypeDef | None:
        """Return the group of this name: among those that begin with it, in the order of ASCII, it is the first."""
        found = call(self._client.describe_log_groups, logGroupNamePrefix=name, limit=1)["logGroups"]
        return next((group for group in found if group.get("logGroupName") == name), None)

    def _created(self, name: str, tags: Mapping[str, str]) -> bool:
        """Make a log group; tell whether it was not there."""
        try:
            call(self._client.create_log_group, logGroupName=name, tags=tags)
        except AwsRefused as refusal:
            if refusal.aws_code != "ResourceAlreadyExistsException":
                raise
            return False
        return True
