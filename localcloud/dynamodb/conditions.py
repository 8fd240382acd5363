"""Condition, filter and key condition expressions: text → a test of items.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html
"""

import operator
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from localcloud.dynamodb.expressions import Substitutions, Words, invalid
from localcloud.dynamodb.values import Item, Value, equal, kind, plain

Test = Callable[[Item], bool]
Operand = Callable[[Item], Value | None]

ORDERS: Mapping[str, Callable[[Any, Any], bool]] = MappingProxyType(
    {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
)
ORDERED = frozenset({"S", "N", "B"})
OPERANDS_AT_MOST = 100
"""Of IN: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html#limits-expression-parameters"""
NO_KEY_OPERATORS = {
    **{word: word for word in ("OR", "NOT", "IN", "<>")},
    **{word.upper(): word for word in ("attribute_exists", "attribute_not_exists", "attribute_type", "contains")},
}
"""What a key condition may not have, in capitals, as the refusal names it."""


def condition(request: Mapping[str, Any], member: str, substitutions: Substitutions) -> Test:
    """Return the test that an expression of a request is; without one everything passes."""
    text = request.get(member)
    if text is None:
        return lambda _item: True
    words = Words(text, substitutions, member)
    test = _either(words)
    if words.peek():
        raise invalid(f"Syntax error in {text!r} at {words.peek()!r}")
    return test


def equalities(text: str, substitutions: Substitutions) -> dict[str, Value]:
    """Return what a key condition asks to be equal: values by attributes."""
    words, found = Words(text, substitutions, "KeyConditionExpression"), {}
    while word := words.peek():
        words.take()
        if word.upper() in NO_KEY_OPERATORS:
            raise invalid(f"Invalid operator used in KeyConditionExpression: {NO_KEY_OPERATORS[word.upper()]}")
        if word[0].isalpha() or word.startswith("#"):
            following = words.took("=")
            if following:
                found[substitutions.name(word)] = substitutions.value(words.take())
    return found


def _either(words: Words) -> Test:
    tests = [_both(words)]
    while words.took("OR"):
        tests.append(_both(words))
    return tests[0] if len(tests) == 1 else lambda item: any(test(item) for test in tests)


def _both(words: Words) -> Test:
    tests = [_one(words)]
    while words.took("AND"):
        tests.append(_one(words))
    return tests[0] if len(tests) == 1 else lambda item: all(test(item) for test in tests)


def _one(words: Words) -> Test:
    if words.took("NOT"):
        negated = _one(words)
        return lambda item: not negated(item)
    if words.took("("):
        inner = _either(words)
        words.expect(")")
        return inner
    if function := words.took(*FUNCTIONS):
        return _called(FUNCTIONS[function], words)
    return _comparison(words)


def _called(function: Callable[[Words], Test], words: Words) -> Test:
    words.expect("(")
    test = function(words)
    words.expect(")")
    return test


def _comparison(words: Words) -> Test:
    left = _operand(words)
    if words.took("IN"):
        words.expect("(")
        choices = words.listed(lambda: _operand(words))
        words.expect(")")
        if len(choices) > OPERANDS_AT_MOST:
            many = f"The IN operator is provided with too many operands; number of operands: {len(choices)}"
            raise invalid(f"Invalid {words.member}: {many}")
        return lambda item: any(_same(left(item), choice(item)) for choice in choices)
    if words.took("BETWEEN"):
        low = _operand(words)
        words.expect("AND")
        high = _operand(words)
        return lambda item: _in_order("<=", low(item), left(item)) and _in_order("<=", left(item), high(item))
    sign = words.take()
    right = _operand(words)
    if sign == "=":
        return lambda item: _same(left(item), right(item))
    if sign == "<>":
        return lambda item: not _same(left(item), right(item))
    if sign not in ORDERS:
        raise invalid(f"Syntax error in an expression: {sign!r} compares nothing")
    return lambda item: _in_order(sign, left(item), right(item))


def _operand(words: Words) -> Operand:
    if words.peek().startswith(":"):
        value = words.substitutions.value(words.take())
        return lambda _item: value
    name = words.name()
    return lambda item: item.get(name)


def _same(left: Value | None, right: Value | None) -> bool:
    return left is not None and right is not None and equal(left, right)


def _in_order(sign: str, left: Value | None, right: Value | None) -> bool:
    if left is None or right is None or kind(left) != kind(right) or kind(left) not in ORDERED:
        return False
    return ORDERS[sign](plain(left), plain(right))


def _exists(words: Words) -> Test:
    name = words.name()
    return lambda item: name in item


def _not_exists(words: Words) -> Test:
    name = words.name()
    return lambda item: name not in item


def _has_type(words: Words) -> Test:
    name = words.name()
    words.expect(",")
    wanted = words.substitutions.value(words.take())["S"]
    return lambda item: name in item and kind(item[name]) == wanted


def _begins_with(words: Words) -> Test:
    name = words.name()
    words.expect(",")
    start = words.substitutions.value(words.take())

    def begins(item: Item) -> bool:
        value = item.get(name)
        return value is not None and kind(value) == kind(start) and plain(value).startswith(plain(start))

    return begins


FUNCTIONS: Mapping[str, Callable[[Words], Test]] = MappingProxyType(
    {
        "ATTRIBUTE_EXISTS": _exists,
        "ATTRIBUTE_NOT_EXISTS": _not_exists,
        "ATTRIBUTE_TYPE": _has_type,
        "BEGINS_WITH": _begins_with,
    }
)
