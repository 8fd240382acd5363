"""DynamoDB's operations on items, one at a time: (operation, request) → answer.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Operations_Amazon_DynamoDB.html
"""

import time
from collections.abc import Callable, Mapping
from datetime import datetime
from threading import Lock
from types import MappingProxyType
from typing import Any

from moto.dynamodb.models import dynamodb_backends

from localcloud.dynamodb import transactions
from localcloud.dynamodb.conditions import condition
from localcloud.dynamodb.expressions import Substitutions, invalid
from localcloud.dynamodb.query import query
from localcloud.dynamodb.schema import schema_of
from localcloud.dynamodb.table import Table
from localcloud.dynamodb.tokens import Tokens
from localcloud.dynamodb.transactions import Write, check, write_of
from localcloud.dynamodb.valid_values import taken
from localcloud.dynamodb.values import Item
from localcloud.faults import AwsFault

Request = Mapping[str, Any]
BATCH_AT_MOST = 100
NOT_THERE = ("AttributesToGet", "ProjectionExpression", "Expected", "AttributeUpdates", "KeyConditions", "QueryFilter")


class DynamoDb:
    """The items of moto's tables; `now_seconds` is a clock that only goes forward."""

    def __init__(
        self,
        account: str = "000000000000",
        region: str = "us-east-1",
        now_seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tokens = Tokens(now_seconds)
        self._account = account
        self._region = region
        self._tables: dict[tuple[str, datetime], Table] = {}
        self._lock = Lock()

    def handle(self, operation: str, request: Request) -> dict[str, Any]:
        """Carry out one of OPERATIONS; raises AwsFault."""
        if unknown := [member for member in NOT_THERE if member in request]:
            raise NotImplementedError(f"the local cloud's DynamoDB does not know {', '.join(unknown)}")
        asked = taken(operation, request)
        with self._lock:
            return ITEM_OPERATIONS[operation](self, asked)

    def table(self, name: str) -> Table:
        """Return a table by its name or ARN; raises AwsFault ResourceNotFoundException."""
        known = dynamodb_backends[self._account][self._region].tables.get(name.rpartition("/")[2])
        if known is None:
            raise AwsFault("ResourceNotFoundException", f"Requested resource not found: Table: {name} not found")
        identity = known.name, known.created_at  # one that is deleted and made again begins without items
        if identity not in self._tables:
            self._tables[identity] = Table(schema_of(known))
        return self._tables[identity]

    def get_item(self, request: Request) -> dict[str, Any]:
        """Return the item of a key."""
        found = _get(self.table(request["TableName"]), request["Key"])
        return {} if found is None else {"Item": found}

    def batch_get_item(self, request: Request) -> dict[str, Any]:
        """Return the items of many keys."""
        asked = request["RequestItems"]
        if sum(len(each["Keys"]) for each in asked.values()) > BATCH_AT_MOST:
            raise invalid("Too many items requested for the BatchGetItem call")
        found = {name: self._batch(name, each["Keys"]) for name, each in asked.items()}
        return {"Responses": found, "UnprocessedKeys": {}}

    def _batch(self, name: str, keys: list[Item]) -> list[Item]:
        if any(key in keys[:at] for at, key in enumerate(keys)):
            raise invalid("Provided list of item keys contains duplicates")
        found = (_get(self.table(name), key) for key in keys)
        return [item for item in found if item is not None]

    def query(self, request: Request) -> dict[str, Any]:
        """Return a page of a partition."""
        return query(self.table(request["TableName"]), request)

    def scan(self, request: Request) -> dict[str, Any]:
        """Return every item that passes the filter, in one page."""
        substitutions = Substitutions(request)
        passes = condition(request, "FilterExpression", substitutions)
        substitutions.check_used()
        items = self.table(request["TableName"]).all()
        found = [item for item in items if passes(item)]
        return {"Items": found, "Count": len(found), "ScannedCount": len(items)}

    def put_item(self, request: Request) -> dict[str, Any]:
        """Put an item."""
        return self._write("Put", request)

    def update_item(self, request: Request) -> dict[str, Any]:
        """Update an item, or make it."""
        return self._write("Update", request)

    def delete_item(self, request: Request) -> dict[str, Any]:
        """Delete an item if it is there."""
        return self._write("Delete", request)

    def _write(self, kind: str, request: Request) -> dict[str, Any]:
        write = self._write_of(kind, request)
        check(write)
        write.carry_out()
        returned = {"ALL_OLD": write.before, "ALL_NEW": write.after}.get(request.get("ReturnValues", "NONE"))
        return {"Attributes": returned} if returned else {}

    def _write_of(self, kind: str, request: Request) -> Write:
        return write_of(self.table(request["TableName"]), kind, request)

    def transact_write_items(self, request: Request) -> dict[str, Any]:
        """Carry out up to 100 writes, all or none; again with the same token, none."""
        if self._tokens.known(request):
            return {}
        asked = [next(iter(each.items())) for each in request["TransactItems"]]
        transactions.carry_out([self._write_of(kind, each) for kind, each in asked])
        self._tokens.keep(request)
        return {}


def _get(table: Table, key: Item) -> Item | None:
    table.schema.check_key(key)
    return table.get(key)


def _refuse(_dynamodb: DynamoDb, _request: Request) -> dict[str, Any]:
    raise NotImplementedError("the local cloud's DynamoDB does not have this operation")


ITEM_OPERATIONS: Mapping[str, Callable[[DynamoDb, Request], dict[str, Any]]] = MappingProxyType(
    {
        "GetItem": DynamoDb.get_item,
        "BatchGetItem": DynamoDb.batch_get_item,
        "Query": DynamoDb.query,
        "Scan": DynamoDb.scan,
        "PutItem": DynamoDb.put_item,
        "UpdateItem": DynamoDb.update_item,
        "DeleteItem": DynamoDb.delete_item,
        "TransactWriteItems": DynamoDb.transact_write_items,
        # moto would carry these out on its own items, which nobody sees.
        **dict.fromkeys(("BatchWriteItem", "TransactGetItems", "ExecuteStatement"), _refuse),
        **dict.fromkeys(("ExecuteTransaction", "BatchExecuteStatement"), _refuse),
    }
)
OPERATIONS = frozenset(ITEM_OPERATIONS)
