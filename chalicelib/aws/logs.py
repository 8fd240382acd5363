"""Amazon CloudWatch Logs: the log group of a task, there before the task definition names it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from chalicelib.aws.calls import call
from chalicelib.errors import AwsRefused

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient


class Logs:
    """The log groups of an account and region."""

    def __init__(self, client: CloudWatchLogsClient) -> None:
        self._client = client

    def ensure_group(self, name: str, retention_days: int, tags: Mapping[str, str]) -> None:
        """Create the log group unless it exists, and keep its events for `retention_days`."""
        try:
            call(self._client.create_log_group, logGroupName=name, tags=tags)
        except AwsRefused as refusal:
            if refusal.aws_code != "ResourceAlreadyExistsException":
                raise
        call(self._client.put_retention_policy, logGroupName=name, retentionInDays=retention_days)
