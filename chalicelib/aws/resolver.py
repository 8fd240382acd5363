"""Asks DNS from inside the VPC, by way of the `resolve` function: it has the network, and no right in AWS."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from chalicelib.aws.calls import call
from chalicelib.decide import Answer
from chalicelib.errors import TransientAws

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


class Resolver:
    """The `resolve` function, invoked and waited for."""

    def __init__(self, client: LambdaClient, function_name: str) -> None:
        self._client = client
        self._function_name = function_name

    def ask(self, name: str, *, srv: bool) -> Answer:
        """Return what the VPC's resolver answers for a name, by SRV records (and their targets) or by A records."""
        payload = json.dumps({"name": name, "record_type": "SRV" if srv else "A"})
        answer = call(self._client.invoke, FunctionName=self._function_name, Payload=payload.encode())
        body = json.loads(answer["Payload"].read())
        if answer.get("FunctionError"):
            raise TransientAws("resolve", body.get("errorType", "Unhandled"), body.get("errorMessage", ""))
        return Answer(tuple(body["addresses"]), tuple(body["ports"]))
