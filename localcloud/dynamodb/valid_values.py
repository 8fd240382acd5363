"""Which values DynamoDB takes, numbers that it can hold and sets that are not empty, and how it keeps numbers.

Limits: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html. Words, and before which of
them "1 validation error detected: " stands: https://github.com/paritysuite/dynamodb-conformance, which asks AWS.
"""

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from localcloud.dynamodb.expressions import invalid
from localcloud.dynamodb.values import SETS, Item, Value

NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,18})?")
DIGITS_AT_MOST = 38
LARGEST_EXPONENT, SMALLEST_EXPONENT = 125, -130
VALUES = ("Item", "Key", "ExclusiveStartKey", "ExpressionAttributeValues")
"""Members of requests that have values by names."""
ENVELOPED = frozenset({"PutItem", "UpdateItem", "DeleteItem"})
EMPTY_SETS = {
    "SS": "One or more parameter values were invalid: An string set  may not be empty",
    "NS": "One or more parameter values were invalid: An number set  may not be empty",
    "BS": "One or more parameter values were invalid: Binary sets should not be empty",
}


def taken(operation: str, request: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a request with its values as DynamoDB keeps them; raises AwsFault ValidationException for what is none."""
    members: dict[str, Any] = {name: _values(operation, request[name]) for name in VALUES if name in request}
    if items := request.get("TransactItems"):
        members["TransactItems"] = [{kind: taken(operation, each[kind]) for kind in each} for each in items]
    if tables := request.get("RequestItems"):
        members["RequestItems"] = {name: taken(operation, each) for name, each in tables.items()}
    if keys := request.get("Keys"):
        members["Keys"] = [_values(operation, key) for key in keys]
    return {**request, **members}


def _values(operation: str, item: Item) -> Item:
    for value in item.values():
        if fault := _fault(value):
            raise invalid(f"1 validation error detected: {fault}" if operation in ENVELOPED else fault)
    return {name: _kept(value) for name, value in item.items()}


def _kept(value: Value) -> Value:
    ((name, content),) = value.items()
    if name == "N":
        return {name: shortest(content)}
    if name == "NS":
        return {name: [shortest(each) for each in content]}
    if name == "L":
        return {name: [_kept(each) for each in content]}
    return {name: {key: _kept(each) for key, each in content.items()}} if name == "M" else value


def shortest(number: str) -> str:
    """Return a number without exponent, and without the zeros that it does not need."""
    whole, _, fraction = format(Decimal(number).copy_abs(), "f").partition(".")
    text = f"{whole}.{fraction}".rstrip("0").rstrip(".")
    return f"-{text}" if Decimal(number) < 0 else text


def _fault(value: Value) -> str | None:
    ((name, content),) = value.items()
    if name == "N":
        return _number_fault(content)
    if name in SETS and not content:
        return EMPTY_SETS[name]
    return next(filter(None, map(_fault, _inside(name, content))), None)


def _inside(name: str, content: Any) -> Iterable[Value]:
    """Return the values that a value of this type is made of."""
    if name == "NS":
        return [{"N": each} for each in content]
    if name == "L":
        return list(content)
    return content.values() if name == "M" else ()


def _number_fault(text: str) -> str | None:
    if not NUMBER.fullmatch(text):
        return f"The parameter cannot be converted to a numeric value: {text}"
    number = Decimal(text)
    if number.adjusted() > LARGEST_EXPONENT:
        return "Number overflow. Attempting to store a number with magnitude larger than supported range"
    if number.adjusted() < SMALLEST_EXPONENT:
        return "Number underflow. Attempting to store a number with magnitude smaller than supported range"
    digits = "".join(map(str, number.as_tuple().digits)).strip("0")
    return "Attempting to store more than 38 significant digits in a Number" if len(digits) > DIGITS_AT_MOST else None
