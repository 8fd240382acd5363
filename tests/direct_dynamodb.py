"""The local cloud's DynamoDB, called without a socket: the machine floor makes thousands of deployments.

The steps' record asks it as a client does, whose requests are checked by botocore's model; the app's own clients, made
by botocore, are listened to. `contract/` compares this DynamoDB with moto's, and runs the record through botocore.
"""

import base64
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, Protocol, cast

import botocore.session
from botocore.exceptions import ClientError, ParamValidationError
from botocore.model import OperationModel, Shape
from botocore.parsers import create_parser
from botocore.validate import ParamValidator
from moto.core.models import DEFAULT_ACCOUNT_ID

from localcloud.dynamodb import OPERATIONS, DynamoDb
from localcloud.faults import AwsFault

PARSER = create_parser("json")
VALIDATOR = ParamValidator()


@dataclass(frozen=True)
class Sent:
    """What botocore looks at of an HTTP answer."""

    status_code: int


class DirectDynamoDb:
    """Answers calls on items; the tables are moto's."""

    def __init__(self) -> None:
        # A front door that this process had before leaves its account to moto.
        self._dynamodb = DynamoDb(account=os.environ.get("MOTO_ACCOUNT_ID", DEFAULT_ACCOUNT_ID))
        self.operations: list[str] = []

    def listen(self, events: Any) -> None:
        """Answer a client's calls, or those of a session's clients to come, by botocore's event before-call."""
        for operation in OPERATIONS:
            events.register(f"before-call.dynamodb.{operation}", self._answer)

    def handle(self, operation: str, body: str) -> tuple[int, str]:
        """Carry out what the JSON `body` asks, and note it; return status and body of the answer."""
        self.operations.append(operation)
        try:
            return 200, json.dumps(self._dynamodb.handle(operation, json.loads(body)))
        except AwsFault as fault:
            return fault.status, json.dumps({"__type": fault.code, "message": fault.message, **fault.members})

    def _answer(self, model: Any, params: dict[str, Any], **_: Any) -> tuple[Sent, dict[str, Any]]:
        status, body = self.handle(model.name, params["body"])
        answer = {"status_code": status, "headers": {}, "body": body.encode()}
        parsed = PARSER.parse(answer, model.output_shape)
        fault = model.service_model.shape_for_error_code(json.loads(body)["__type"]) if status != 200 else None
        return Sent(status), {**parsed, **(PARSER.parse(answer, fault) if fault else {})}


class Answering(Protocol):
    """A DynamoDB that is called without a socket."""

    def handle(self, operation: str, body: str) -> tuple[int, str]:
        """Carry out what the JSON `body` asks; return status and body of the answer."""


class DirectClient:
    """What a boto3 client of DynamoDB is to the record: methods such as `get_item`, and a paginator of `query`."""

    def __init__(self, dynamodb: Answering) -> None:
        self._dynamodb = dynamodb

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """Return the method of an operation."""
        method = partial(self._call, _operations()[name])
        method.__name__ = name  # type: ignore[attr-defined]  # what errors call it
        return method

    def get_paginator(self, name: str) -> "Pages":
        """Return what goes through the pages of an operation."""
        return Pages(getattr(self, name))

    def _call(self, model: OperationModel, **request: Any) -> Any:
        shape = cast("Shape", model.input_shape)
        if report := VALIDATOR.validate(request, shape).generate_report():
            raise ParamValidationError(report=report)
        status, body = self._dynamodb.handle(model.name, json.dumps(request, default=_base64))
        answer = json.loads(body, object_hook=_bytes)
        if status == 200:
            return answer
        error = {"Code": answer.pop("__type"), "Message": answer.pop("message")}
        told: Any = {"Error": error, "ResponseMetadata": {"HTTPStatusCode": status}, **answer}
        raise ClientError(told, model.name)


@dataclass(frozen=True)
class Pages:
    """The pages of an operation."""

    method: Callable[..., Any]

    def paginate(self, **request: Any) -> Iterator[Any]:
        """Yield each page."""
        start: dict[str, Any] = {}
        while True:
            page = self.method(**request, **start)
            yield page
            if "LastEvaluatedKey" not in page:
                return
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


@cache
def _operations() -> dict[str, OperationModel]:
    """Return the operations by the names of a client's methods."""
    service = botocore.session.get_session().get_service_model("dynamodb")
    return {botocore.xform_name(operation): service.operation_model(operation) for operation in OPERATIONS}


def _base64(value: object) -> str:
    if isinstance(value, bytes | bytearray):
        return base64.b64encode(value).decode()
    raise TypeError(f"DynamoDB has no value such as {value!r}")


def _bytes(value: dict[str, Any]) -> dict[str, Any]:
    """Return an object of an answer; the value of a binary as bytes."""
    return {"B": base64.b64decode(value["B"])} if isinstance(value.get("B"), str) else value
