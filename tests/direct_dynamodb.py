"""The local cloud's DynamoDB, called without a socket: the machine floor makes thousands of deployments.

botocore builds each request and reads each answer as on AWS; `contract/` compares this DynamoDB with moto's.
"""

import json
import os
from dataclasses import dataclass
from typing import Any

from botocore.parsers import create_parser
from moto.core import DEFAULT_ACCOUNT_ID

from localcloud.dynamodb import OPERATIONS, DynamoDb
from localcloud.faults import AwsFault

PARSER = create_parser("json")


@dataclass(frozen=True)
class Sent:
    """What botocore looks at of an HTTP answer."""

    status_code: int


class DirectDynamoDb:
    """Answers a client's calls on items; the tables are moto's."""

    def __init__(self) -> None:
        # A front door that this process had before leaves its account to moto.
        self._dynamodb = DynamoDb(account=os.environ.get("MOTO_ACCOUNT_ID", DEFAULT_ACCOUNT_ID))

    def listen(self, events: Any) -> None:
        """Answer a client's calls, or those of a session's clients to come, by botocore's event before-call."""
        for operation in OPERATIONS:
            events.register(f"before-call.dynamodb.{operation}", self._answer)

    def _answer(self, model: Any, params: dict[str, Any], **_: Any) -> tuple[Sent, dict[str, Any]]:
        try:
            status, body = 200, self._dynamodb.handle(model.name, json.loads(params["body"]))
        except AwsFault as fault:
            status, body = fault.status, {"__type": fault.code, "message": fault.message, **fault.members}
        answer = {"status_code": status, "headers": {}, "body": json.dumps(body).encode()}
        parsed = PARSER.parse(answer, model.output_shape)
        fault = model.service_model.shape_for_error_code(body["__type"]) if status != 200 else None
        return Sent(status), {**parsed, **(PARSER.parse(answer, fault) if fault else {})}
