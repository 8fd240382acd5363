"""ministack's DynamoDB, called without a socket: one more that the local cloud's is compared with."""

import asyncio
import json
from typing import Any

from ministack.services import dynamodb

PREFIX = "DynamoDB_20120810"


class MinistackDynamoDb:
    """Answers calls; its tables and items belong to the process."""

    def handle(self, operation: str, body: str) -> tuple[int, str]:
        """Carry out what the JSON `body` asks; return status and body of the answer."""
        headers = {"x-amz-target": f"{PREFIX}.{operation}"}
        status, _, answer = asyncio.run(dynamodb.handle_request("POST", "/", headers, body.encode(), {}))
        told = json.loads(answer)
        if "__type" in told:
            told["__type"] = told["__type"].rpartition("#")[2]
        return status, json.dumps(told)

    def create_table(self, **request: Any) -> None:
        """Create a table."""
        status, body = self.handle("CreateTable", json.dumps(request))
        assert 200 == status, body

    def forget(self) -> None:
        """Forget all tables and items."""
        dynamodb.reset()
