"""Amazon DynamoDB: one table of items as plain JSON values, with conditions and transactions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.aws.calls import call, listed, translated
from chalicelib.errors import AwsError, SlipwayError, StoreConflict, Throttled, TransientAws

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Item = dict[str, Any]
CONFLICTS = {"TransactionConflictException", "TransactionInProgressException"}
# Why one item of a cancelled transaction was refused for its traffic: API reference, TransactWriteItems.
THROTTLING_REASONS = {"ThrottlingError", "ProvisionedThroughputExceeded"}


@dataclass(frozen=True)
class Condition:
    """A condition with a name in the code: an expression over `#attributes` and `:values`."""

    expression: str
    names: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Put:
    """Write a whole item."""

    item: Item
    condition: Condition | None = None


@dataclass(frozen=True)
class Update:
    """Set attributes of an item, and remove others."""

    key: Item
    changes: Item
    condition: Condition | None = None
    remove: tuple[str, ...] = ()


@dataclass(frozen=True)
class Delete:
    """Remove an item."""

    key: Item
    condition: Condition | None = None


Write = Put | Update | Delete


class ConditionFailed(SlipwayError):
    """A write was refused by its condition; `refused` maps the write's index to the item that was there."""

    def __init__(self, refused: Mapping[int, Item]) -> None:
        super().__init__(f"refused by {len(refused)} conditions")
        self.refused = refused


class Table:
    """One DynamoDB table, keyed by `pk` and `sk`."""

    def __init__(self, client: DynamoDBClient, name: str) -> None:
        self._client = client
        self._name = name

    def get(self, key: Item) -> Item | None:
        """Return an item as it is now, None when there is none."""
        answer = call(self._client.get_item, TableName=self._name, Key=_packed(key), ConsistentRead=True)
        return _unpacked(answer["Item"]) if "Item" in answer else None

    def batch(self, keys: Sequence[Item]) -> list[Item]:
        """Return the items of up to 100 keys as they are now, those that are there, in no order.

        Raises Throttled when DynamoDB leaves some out (API reference, BatchGetItem).
        """
        wanted: Any = {self._name: {"Keys": [_packed(key) for key in keys], "ConsistentRead": True}}
        answer = call(self._client.batch_get_item, RequestItems=wanted)
        if answer.get("UnprocessedKeys"):
            raise Throttled("batch_get_item", "UnprocessedKeys", "DynamoDB answered some of the keys only")
        return [_unpacked(item) for item in answer["Responses"][self._name]]

    def partition(self, pk: str) -> list[Item]:
        """Return every item of a partition as it is now, in the order of `sk`."""
        found = listed(
            self._client,
            "query",
            "Items",
            TableName=self._name,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues=_packed({":pk": pk}),
            ConsistentRead=True,
        )
        return [_unpacked(item) for item in found]

    def page(
        self,
        condition: Condition,
        *,
        limit: int,
        index: str | None = None,
        newest_first: bool = False,
        where: Condition | None = None,
        start: Item | None = None,
    ) -> tuple[list[Item], Item | None]:
        """Return up to `limit` items that were looked at and match `where`, and the key to go on from."""
        where = where or Condition("")
        request: dict[str, Any] = {
            "TableName": self._name,
            "KeyConditionExpression": condition.expression,
            "ExpressionAttributeValues": _packed({**condition.values, **where.values}),
            "Limit": limit,
            "ScanIndexForward": not newest_first,
        }
        optional = {
            "IndexName": index,
            "FilterExpression": where.expression,
            "ExpressionAttributeNames": {**condition.names, **where.names},
            "ExclusiveStartKey": _packed(start) if start else None,
        }
        request |= {key: value for key, value in optional.items() if value}
        answer = call(self._client.query, **request)
        last = answer.get("LastEvaluatedKey")
        return [_unpacked(item) for item in answer["Items"]], _unpacked(last) if last else None

    def write(self, *writes: Write) -> None:
        """Carry all writes out, or none. Raises ConditionFailed, or StoreConflict when another writer was there."""
        requests = [self._request(write) for write in writes]
        try:
            if len(requests) == 1:
                self._write_one(requests[0])
            else:
                self._client.transact_write_items(TransactItems=cast("Any", requests))
        except ClientError as error:
            raise _refusal(error) from error
        except BotoCoreError as error:
            raise TransientAws("write", type(error).__name__, str(error)) from error

    def _write_one(self, request: dict[str, Any]) -> None:
        """Write one item without a transaction, which would cost twice as much and meet more conflicts."""
        methods = {
            "Put": self._client.put_item,
            "Update": self._client.update_item,
            "Delete": self._client.delete_item,
        }
        ((kind, parameters),) = request.items()
        cast("Any", methods[kind])(**parameters)

    def _request(self, write: Write) -> dict[str, Any]:
        if isinstance(write, Put):
            return {"Put": {"Item": _packed(write.item), **self._conditional(write.condition)}}
        if isinstance(write, Delete):
            return {"Delete": {"Key": _packed(write.key), **self._conditional(write.condition)}}
        return {"Update": {"Key": _packed(write.key), **self._update(write)}}

    def _conditional(self, condition: Condition | None) -> dict[str, Any]:
        if condition is None:
            return {"TableName": self._name}
        optional = {
            "ExpressionAttributeNames": dict(condition.names),
            "ExpressionAttributeValues": _packed(condition.values),
        }
        return {
            "TableName": self._name,
            "ConditionExpression": condition.expression,
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            **{key: value for key, value in optional.items() if value},
        }

    def _update(self, write: Update) -> dict[str, Any]:
        request = self._conditional(write.condition)
        sets = ", ".join(f"#set_{name} = :set_{name}" for name in write.changes)
        removes = ", ".join(f"#set_{name}" for name in write.remove)
        names = {f"#set_{name}": name for name in (*write.changes, *write.remove)}
        values = _packed({f":set_{name}": value for name, value in write.changes.items()})
        request["UpdateExpression"] = f"SET {sets}" + (f" REMOVE {removes}" if removes else "")
        request["ExpressionAttributeNames"] = {**request.get("ExpressionAttributeNames", {}), **names}
        request["ExpressionAttributeValues"] = {**request.get("ExpressionAttributeValues", {}), **values}
        return request


def _refusal(error: ClientError) -> AwsError | ConditionFailed | StoreConflict:
    """Return what a refused transaction means; its reasons stand in the order of its writes."""
    reasons: Sequence[Any] = error.response.get("CancellationReasons", [])
    codes = [reason.get("Code") for reason in reasons]
    if "ConditionalCheckFailed" in codes:
        failed = {at: reason for at, reason in enumerate(reasons) if reason.get("Code") == "ConditionalCheckFailed"}
        return ConditionFailed({at: _unpacked(reason.get("Item", {})) for at, reason in failed.items()})
    code = error.response.get("Error", {}).get("Code")
    if code == "ConditionalCheckFailedException":
        return ConditionFailed({0: _unpacked(cast("Any", error.response).get("Item", {}))})
    if "TransactionConflict" in codes or code in CONFLICTS:
        return StoreConflict("another write to the same items was under way")
    if THROTTLING_REASONS.intersection(codes):
        return Throttled("write", str(code), str(error))
    return translated("write", error)


def _packed(item: Mapping[str, Any]) -> dict[str, Any]:
    from boto3.dynamodb.types import TypeSerializer

    serializer = TypeSerializer()
    return {key: serializer.serialize(value) for key, value in item.items()}


def _unpacked(item: Mapping[str, Any]) -> Item:
    from boto3.dynamodb.types import TypeDeserializer

    deserializer = TypeDeserializer()
    return {key: _plain(deserializer.deserialize(value)) for key, value in item.items()}


def _plain(value: Any) -> Any:
    """Return a value without the types of boto3: whole numbers as int, binaries as bytes."""
    from boto3.dynamodb.types import Binary

    if isinstance(value, Decimal):
        return int(value)
    if isinstance(value, Binary):
        return cast("bytes", cast("Any", value).value)
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return value
