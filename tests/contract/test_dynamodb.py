"""The local cloud's DynamoDB answers and refuses as moto's and ministack's do, request for request."""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import assume, example, given
from hypothesis import strategies as st

from tests.contract.oracles import Oracle, oracles
from tests.tables import NAME

VALUES: dict[str, dict[str, Any]] = {
    ":one": {"N": "1"},
    ":same": {"N": "1.0"},
    ":x": {"S": "x"},
    ":xy": {"S": "xy"},
    ":bytes": {"B": b"x"},
    ":list": {"L": [{"S": "x"}, {"NULL": True}]},
    ":map": {"M": {"k": {"N": "2"}}},
    ":null": {"NULL": True},
    ":type": {"S": "N"},
    ":second": {"S": "2"},
}
NAMES = {"#v": "v", "#w": "w", "#open": "open", "#status": "status"}
CONDITIONS = [
    "attribute_not_exists(pk)",
    "attribute_exists(pk) AND attribute_not_exists(#v)",
    "attribute_type(#v, :type)",
    "begins_with(#v, :x)",
    "#v = :one OR #w = :x",
    "NOT #v = :one AND #v <> :x",
    "NOT (#v = :one OR #w = :one) OR #v < :xy",
    "#v IN (:one, :x)",
    "#v IN (:list, :one)",
    "#v BETWEEN :x AND :xy",
    "#v <= :same and #w >= #v",
    "#v = :map OR #v = :bytes",
    "#v > :null",
]
SUMS = ["ADD #v :one"]
REFUSED = ["#v = :nowhere", "#nobody = :x", "status = :x", "(#v = :x", "#v = :x #w", "#v = ", "#v AND :x"]
UPDATES = [
    "SET #v = :x",
    "SET #v = :one, #w = :map REMOVE #open",
    "REMOVE #v, #w",
    "SET #open = :x",
]


UNASKED = {
    "ResponseMetadata",
    "ConsumedCapacity",
    "ItemCollectionMetrics",
}  # of these moto tells some without being asked


@pytest.fixture(scope="module")
def asked() -> Iterator[dict[str, Oracle]]:
    """Lend the local cloud's DynamoDB and those that it is compared with, by their names."""
    with oracles() as lent:
        yield lent


def used(mentioned: dict[str, Any], *expressions: str | None) -> dict[str, Any]:
    """Return those of the names or values that expressions mention."""
    words = set(re.findall(r"[:#]\w+", " ".join(each for each in expressions if each)))
    return {name: meaning for name, meaning in mentioned.items() if name in words}


def request(
    operation: str, condition: str | None = None, update: str | None = None, **parameters: Any
) -> tuple[str, dict[str, Any]]:
    """Return a call of the table, with the names and values that its expressions mention."""
    optional = {
        "ConditionExpression": condition,
        "UpdateExpression": update,
        "ExpressionAttributeNames": used(NAMES, condition, update),
        "ExpressionAttributeValues": used(VALUES, condition, update),
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD" if condition else None,
    }
    return operation, {"TableName": NAME, **parameters, **{name: each for name, each in optional.items() if each}}


def transaction(writes: list[tuple[str, dict[str, Any]]]) -> tuple[str, dict[str, Any]]:
    """Return writes as one call."""
    kinds = {"put_item": "Put", "update_item": "Update", "delete_item": "Delete"}
    return "transact_write_items", {"TransactItems": [{kinds[operation]: asked} for operation, asked in writes]}


def query(condition: str, **parameters: Any) -> tuple[str, dict[str, Any]]:
    """Return a query of the partition, or index, `x`."""
    filters = parameters.get("FilterExpression")
    mentioned = {
        "ExpressionAttributeNames": used(NAMES, condition, filters),
        "ExpressionAttributeValues": used(VALUES, condition, filters),
    }
    optional = {name: each for name, each in mentioned.items() if each}
    return "query", {"TableName": NAME, "KeyConditionExpression": condition, **parameters, **optional}


def outcome(client: Any, call: tuple[str, dict[str, Any]]) -> Any:
    """Return what a call gives: its answer, or the code, the item and the reasons of its refusal."""
    operation, parameters = call
    try:
        answer = getattr(client, operation)(**parameters)
    except ClientError as error:
        response: Any = error.response
        reasons = [(each.get("Code"), each.get("Item")) for each in response.get("CancellationReasons", [])]
        return response["Error"]["Code"], response.get("Item"), reasons
    return {name: value for name, value in answer.items() if name not in UNASKED}


attributes = st.dictionaries(st.sampled_from(["v", "w"]), st.sampled_from(list(VALUES.values())))
indexed = st.sampled_from([{}, {"open": {"S": "x"}}])
keys = st.builds(lambda pk, sk: {"pk": {"S": pk}, "sk": {"S": sk}}, st.sampled_from("xy"), st.sampled_from("123"))
items = st.builds(lambda *parts: {k: v for part in parts for k, v in part.items()}, keys, attributes, indexed)
with_id = st.builds(lambda item: {**item, "id": {"S": item["sk"]["S"] + item["pk"]["S"]}}, items)
conditions = st.none() | st.sampled_from(CONDITIONS)
puts = st.builds(lambda item, condition: request("put_item", condition, Item=item), items | with_id, conditions)


def updates_with(expressions: list[str]) -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
    """Return updates with these expressions, with and without conditions."""
    texts = st.sampled_from(expressions)
    return st.builds(lambda *asked: request("update_item", *asked[:2], Key=asked[2]), conditions, texts, keys)


deletes = st.builds(lambda key, condition: request("delete_item", condition, Key=key), keys, conditions)
writes = puts | updates_with(UPDATES) | deletes
transactions = st.builds(transaction, st.lists(writes, min_size=1, max_size=3))
calls = st.lists(puts | writes | updates_with(SUMS) | transactions, max_size=12)
READS = [
    query("pk = :x"),
    query("pk = :x", ScanIndexForward=False, Limit=2),
    query("pk = :x AND sk >= :second"),
    query("#open = :x", IndexName="open"),
    query("#open = :x", IndexName="open", ScanIndexForward=False, Limit=1, FilterExpression="sk >= :second"),
    query("sk = :x"),
]


EVERY_CONDITION = [request("put_item", each, Item={"pk": {"S": "x"}, "sk": {"S": "1"}}) for each in CONDITIONS]


def crashed(outcome: Any) -> bool:
    """Tell whether moto crashed: as a whole, or with a Python error as the reason of a transaction's refusal."""
    told = outcome if isinstance(outcome, tuple) else ()
    reasons = told[2] if len(told) > 2 else []
    return "InternalFailure" in told[:1] or any(str(reason).endswith("Error") for reason, _ in reasons)


def as_kept(told: Any) -> Any:
    """Return what is told with its numbers as DynamoDB keeps them: moto keeps `1.0` as it was written."""
    if isinstance(told, dict):
        return {"N": f"{Decimal(told['N']):f}".removesuffix(".0")} if set(told) == {"N"} else _each(told)
    return type(told)(map(as_kept, told)) if isinstance(told, list | tuple) else told


def _each(told: dict[str, Any]) -> dict[str, Any]:
    return {name: as_kept(value) for name, value in told.items()}


def without_end(call: tuple[str, dict[str, Any]], told: Any) -> Any:
    """Return what is told of a call without where a full page ended: moto looks whether more comes, AWS does not.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.Pagination.html
    """
    if "Limit" not in call[1]:
        return told
    return {name: value for name, value in told.items() if name != "LastEvaluatedKey"}


@given(calls=calls)
@example(calls=EVERY_CONDITION)
def test_writes_as_moto_does(asked: dict[str, Oracle], calls: list[tuple[str, dict[str, Any]]]) -> None:
    """Any writes are carried out or refused as moto does, unless it crashes, and leave the same items."""
    moto, local = asked["moto"], asked["local"]
    moto.forget()
    for call in [*calls, *READS]:
        expected = outcome(moto.client, call)
        assume(not crashed(expected))
        assert without_end(call, as_kept(expected)) == without_end(call, outcome(local.client, call)), call


NOT_FOR_MINISTACK = {
    "begins_with(": "an attribute of another type is a fault to it, or a crash; to AWS it does not match",
    "IN (:list": "a map is the same as a list to it",
}


@given(calls=calls)
@example(calls=EVERY_CONDITION)
def test_writes_as_ministack_does(asked: dict[str, Oracle], calls: list[tuple[str, dict[str, Any]]]) -> None:
    """Any writes are carried out or refused as ministack does, and leave the same items and ends of pages."""
    ministack, local = asked["ministack"], asked["local"]
    ministack.forget()
    local.forget()
    for call in [*calls, *READS]:
        if not any(words in str(call) for words in NOT_FOR_MINISTACK):
            assert outcome(ministack.client, call) == outcome(local.client, call), call


@pytest.mark.parametrize("condition", REFUSED)
def test_refused_conditions(asked: dict[str, Oracle], condition: str) -> None:
    """A condition with a fault, or with a reserved word for a name, is invalid (moto crashes on some)."""
    local = asked["local"]
    local.forget()
    call = request("put_item", condition, Item={"pk": {"S": "x"}, "sk": {"S": "1"}})
    assert ("ValidationException", None, []) == outcome(local.client, call)


@pytest.mark.parametrize(
    "update", ["SET pk = :x", "SET #v = :x, #v = :one", "SET #open = :one", "SET #v = :nowhere", "SET #v :x"]
)
def test_refused_updates(asked: dict[str, Oracle], update: str) -> None:
    """An update with a fault, or of a key, or that gives an index's key another type, is invalid."""
    local = asked["local"]
    local.forget()
    call = request("update_item", None, update, Key={"pk": {"S": "x"}, "sk": {"S": "1"}})
    assert ("ValidationException", None, []) == outcome(local.client, call)
