"""Update expressions: text → the item after it.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.UpdateExpressions.html
"""

from collections.abc import Callable
from decimal import Decimal, localcontext

from localcloud.dynamodb.expressions import Substitutions, Words, invalid
from localcloud.dynamodb.valid_values import DIGITS_AT_MOST, shortest
from localcloud.dynamodb.values import Item, Value, kind

Change = Callable[[Item, Item], None]
"""(item as it was, item to change)"""
CLAUSES = ("SET", "REMOVE", "ADD")


def update(text: str, substitutions: Substitutions) -> tuple[frozenset[str], Callable[[Item], Item]]:
    """Return which attributes an expression changes, and what makes the new item of an old one.

    SET of values, REMOVE, and ADD of numbers are there; SET of attributes, functions and sums is not.
    """
    words = Words(text, substitutions, "UpdateExpression")
    changes: dict[str, Change] = {}
    while clause := words.took(*CLAUSES):
        for name, change in words.listed(lambda: _change(clause, words)):
            if name in changes:
                raise invalid(f"Invalid UpdateExpression: Two document paths overlap with each other: {name}")
            changes[name] = change
    if words.peek() or not changes:
        raise NotImplementedError(f"the local cloud's DynamoDB does not know {words.peek()!r} in {text!r}")

    def changed(item: Item) -> Item:
        after = dict(item)
        for change in changes.values():
            change(item, after)
        return after

    return frozenset(changes), changed


def _change(clause: str, words: Words) -> tuple[str, Change]:
    name = words.name()
    if clause == "REMOVE":
        return name, lambda _item, after: _remove(after, name)
    if clause == "ADD":
        added = words.substitutions.value(words.take())
        return name, lambda item, after: _set(after, name, _sum(item.get(name), added))
    words.expect("=")
    value = words.substitutions.value(words.take())
    return name, lambda _item, after: _set(after, name, value)


def _set(item: Item, name: str, value: Value) -> None:
    item[name] = value


def _remove(item: Item, name: str) -> None:
    item.pop(name, None)


def _sum(value: Value | None, added: Value) -> Value:
    if kind(added) != "N":
        raise NotImplementedError("the local cloud's DynamoDB adds numbers only")
    if value is not None and kind(value) != "N":
        raise invalid("An operand in the update expression has an incorrect data type")
    with localcontext(prec=DIGITS_AT_MOST):
        return {"N": shortest(str(Decimal(value["N"] if value else 0) + Decimal(added["N"])))}
