"""Query: a page of one partition of a table or index.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Query.html
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

from localcloud.dynamodb.conditions import condition, equalities
from localcloud.dynamodb.expressions import Substitutions, invalid
from localcloud.dynamodb.schema import Index, Keys, key_values
from localcloud.dynamodb.table import Table
from localcloud.dynamodb.values import Item, item_bytes

PAGE_LIMIT_BYTES = 1024 * 1024
Request = Mapping[str, Any]


def query(table: Table, request: Request) -> dict[str, Any]:
    """Return Query's answer; raises AwsFault ValidationException for what DynamoDB would refuse."""
    substitutions = Substitutions(request)
    index = _index(table, request)
    keys = index.keys if index else table.schema.keys
    passes = condition(request, "FilterExpression", substitutions)
    if filtered := [name for name in keys.names if name in substitutions.attributes]:
        only = "Filter Expression can only contain non-primary key attributes"
        raise invalid(f"{only}: Primary key attribute: {filtered[0]}")
    asked = equalities(request["KeyConditionExpression"], substitutions)
    if keys.partition not in asked:
        raise invalid(f"Query condition missed key schema element: {keys.partition}")
    matches = condition(request, "KeyConditionExpression", substitutions)
    substitutions.check_used()
    partition = asked[keys.partition]
    items = table.sorted_by(keys, partition) if index else table.sorted(partition)
    forward = request.get("ScanIndexForward", True)
    found = [item for item in (items if forward else reversed(items)) if matches(item)]
    if start := request.get("ExclusiveStartKey"):
        place = partial(_place, table.schema.keys, keys)
        found = [item for item in found if (place(item) > place(start)) == forward and place(item) != place(start)]
    # Of an index, the sizes of its entries count, not those of the items: developer guide, "Global secondary indexes".
    looked_at = found[: request.get("Limit")]
    page = _page([index.shown(item) for item in looked_at] if index else looked_at)
    passed = [item for item in page if passes(item)]
    answer: dict[str, Any] = {"Items": passed, "Count": len(passed), "ScannedCount": len(page)}
    if len(page) < len(found) or len(page) == request.get("Limit"):  # whether there are more is not looked at
        answer["LastEvaluatedKey"] = {**table.schema.keys.key_of(page[-1]), **keys.key_of(page[-1])}
    return answer


def _index(table: Table, request: Request) -> Index | None:
    name = request.get("IndexName")
    if name is None:
        return None
    if name not in table.schema.indexes:
        raise invalid(f"The table does not have the specified index: {name}")
    if request.get("ConsistentRead"):
        raise invalid("Consistent reads are not supported on global secondary indexes")
    return table.schema.indexes[name]


def _place(table_keys: Keys, keys: Keys, item: Item) -> tuple[Any, ...]:
    """Return where an item, or a key that an earlier page ended with, stands in the order."""
    return (keys.order_of(item), key_values(table_keys, item))


def _page(items: list[Item]) -> list[Item]:
    total, page = 0, list[Item]()
    for item in items:
        total += item_bytes(item)
        if total > PAGE_LIMIT_BYTES and page:
            break
        page.append(item)
    return page
