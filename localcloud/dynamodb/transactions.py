"""Writes: what each would do, whether its condition admits it, and several of them as one.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from localcloud.dynamodb.conditions import condition
from localcloud.dynamodb.expressions import Substitutions, invalid
from localcloud.dynamodb.table import Table
from localcloud.dynamodb.updates import update
from localcloud.dynamodb.values import Item, item_bytes
from localcloud.faults import AwsFault

Change = Callable[[Item | None], Item | None]
WRITES_AT_MOST, BYTES_AT_MOST = 100, 4 * 1024 * 1024
REFUSED = "The conditional request failed"


@dataclass(frozen=True)
class Write:
    """One write: the item `before`, the one `after` it (None: none), and whether its condition admits it.

    `shows_refusing` says that a refusal tells the item that was there.
    """

    table: Table
    key: Item
    before: Item | None
    after: Item | None
    admitted: bool
    shows_refusing: bool

    def carry_out(self) -> None:
        """Put or remove the item."""
        if self.after is None:
            self.table.remove(self.key)
        else:
            self.table.put(self.after)

    def refusal(self) -> dict[str, Any]:
        """Return what a refusal says beside its message."""
        return {"Item": self.before} if self.shows_refusing and self.before else {}


def write_of(table: Table, kind: str, request: Mapping[str, Any]) -> Write:
    """Return what a Put, Update, Delete or ConditionCheck would do; raises AwsFault ValidationException."""
    schema, substitutions = table.schema, Substitutions(request)
    if kind == "Put":
        schema.check_item(request["Item"])
    key = schema.keys.key_of(request["Item"]) if kind == "Put" else request["Key"]
    schema.check_key(key)
    before = table.get(key)
    admitted = condition(request, "ConditionExpression", substitutions)(before or {})
    change = _change(table, kind, request, substitutions)
    substitutions.check_used()
    after = change(before) if admitted else before
    return Write(table, key, before, after, admitted, request.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD")


def _change(table: Table, kind: str, request: Mapping[str, Any], substitutions: Substitutions) -> Change:
    if kind == "Put":
        return lambda _before: dict(request["Item"])
    if kind == "Delete":
        return lambda _before: None
    if kind == "ConditionCheck":
        return lambda before: before
    changed, apply = update(request["UpdateExpression"], substitutions)
    table.schema.check_changed(changed)

    def updated(before: Item | None) -> Item:
        after = apply(before or request["Key"])
        table.schema.check_item(after)
        return after

    return updated


def check(write: Write) -> None:
    """Raise AwsFault ConditionalCheckFailedException when a write is not admitted."""
    if not write.admitted:
        raise AwsFault("ConditionalCheckFailedException", REFUSED, **write.refusal())


def carry_out(writes: Sequence[Write]) -> None:
    """Carry out all writes; raises AwsFault TransactionCanceledException, with a reason for each, and writes none."""
    if len(writes) > WRITES_AT_MOST:
        raise invalid("Member must have length less than or equal to 100.")
    keys = [(id(write.table), write.key) for write in writes]
    if any(key in keys[:at] for at, key in enumerate(keys)):
        raise invalid("Transaction request cannot include multiple operations on one item")
    if sum(item_bytes(write.after or write.key) for write in writes) > BYTES_AT_MOST:
        # The API's page says so and names no words: these are the page's.
        raise invalid("The aggregate size of the items in the transaction exceeds 4 MB.")
    if not all(write.admitted for write in writes):
        reasons = [_reason(write) for write in writes]
        codes = ", ".join(reason["Code"] for reason in reasons)
        message = f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]"
        raise AwsFault("TransactionCanceledException", message, CancellationReasons=reasons)
    for write in writes:
        write.carry_out()


def _reason(write: Write) -> dict[str, Any]:
    if write.admitted:
        return {"Code": "None"}
    return {"Code": "ConditionalCheckFailed", "Message": REFUSED, **write.refusal()}
