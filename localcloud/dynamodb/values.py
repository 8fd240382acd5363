"""Attribute values as they come over the wire, `{"S": "a"}`: how they compare, and how large they are.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
"""

import base64
from decimal import Decimal
from typing import Any

Value = dict[str, Any]
Item = dict[str, Value]

SETS = frozenset({"SS", "NS", "BS"})
COLLECTION_BYTES, ELEMENT_BYTES = 3, 1  # of a list or map, and of each thing in it: "Item sizes and formats"


def kind(value: Value) -> str:
    """Return a value's type: S, N, B, BOOL, NULL, L, M, SS, NS or BS."""
    return next(iter(value))


def plain(value: Value) -> Any:
    """Return what compares as DynamoDB compares: numbers by value, sets without order, binaries by their bytes."""
    ((name, content),) = value.items()
    if name == "N":
        return Decimal(content)
    if name == "B":
        return base64.b64decode(content)
    if name in SETS:
        return frozenset(plain({name[0]: each}) for each in content)
    if name == "L":
        return [plain(each) for each in content]
    if name == "M":
        return {key: (kind(each), plain(each)) for key, each in content.items()}
    return content


def equal(left: Value, right: Value) -> bool:
    """Tell whether two values are of one type and the same."""
    return left == right or (kind(left) == kind(right) and bool(plain(left) == plain(right)))


def item_bytes(item: Item) -> int:
    """Return an item's size: UTF-8 of names and strings, bytes of binaries, about half a byte a digit."""
    return sum(len(name.encode()) + value_bytes(value) for name, value in item.items())


def value_bytes(value: Value) -> int:
    """Return a value's size."""
    ((name, content),) = value.items()
    if name in ("S", "B", "N"):
        bytes_ = base64.b64decode(content) if name == "B" else content.encode()
        return len(bytes_) // 2 + 1 if name == "N" else len(bytes_)
    if name in SETS:
        return sum(value_bytes({name[0]: each}) for each in content)
    if name == "L":
        return COLLECTION_BYTES + sum(ELEMENT_BYTES + value_bytes(each) for each in content)
    if name == "M":
        return COLLECTION_BYTES + item_bytes(content) + ELEMENT_BYTES * len(content)
    return 1
