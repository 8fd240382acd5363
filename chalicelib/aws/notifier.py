"""Has the function `notify` tell GitHub what becomes of its deliveries; nobody waits for it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from chalicelib.aws.calls import call

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


class Notifier:
    """The `notify` function, invoked asynchronously: Lambda queues it, and tries twice more when it fails.

    https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
    """

    def __init__(self, client: LambdaClient, function_name: str) -> None:
        self._client = client
        self._function_name = function_name

    def notify(self, notice: Mapping[str, Any]) -> None:
        """Have GitHub told what a notice is about: `notices` makes them, `notify.run` reads them."""
        payload = json.dumps(notice).encode()
        call(self._client.invoke, FunctionName=self._function_name, InvocationType="Event", Payload=payload)
