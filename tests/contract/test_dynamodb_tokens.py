"""A transaction that is asked for twice with one token is carried out once."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.core.models import DEFAULT_ACCOUNT_ID

from localcloud.dynamodb import DynamoDb
from localcloud.faults import AwsFault
from tests.contract.oracles import oracles
from tests.tables import NAME, create_table, moto_dynamodb
from tests.unit.test_throttles import Clock

TOKEN_SECONDS = 600


def put(value: str, token: str) -> dict[str, Any]:
    """Return a transaction that puts an item where none is."""
    item = {"pk": {"S": "x"}, "sk": {"S": "1"}, "v": {"S": value}}
    write = {"TableName": NAME, "Item": item, "ConditionExpression": "attribute_not_exists(pk)"}
    return {"TransactItems": [{"Put": write}], "ClientRequestToken": token}


@pytest.mark.parametrize("name", ["local", "ministack"])
def test_once_with_a_token(name: str) -> None:
    """The same again succeeds and does nothing, another request with the token is refused, another token is a retry."""
    with oracles() as lent:
        lent[name].forget()
        client = lent[name].client
        client.transact_write_items(**put("a", "first"))
        client.transact_write_items(**put("a", "first"))

        assert "IdempotentParameterMismatchException" == refusal(client, put("b", "first"))
        assert "TransactionCanceledException" == refusal(client, put("a", "second"))
        found = client.get_item(TableName=NAME, Key={"pk": {"S": "x"}, "sk": {"S": "1"}})["Item"]
        assert {"S": "a"} == found["v"]


def refusal(client: Any, request: dict[str, Any]) -> str:
    """Return the code of a transaction that is refused."""
    with pytest.raises(ClientError) as refused:
        client.transact_write_items(**request)
    return str(refused.value.response["Error"]["Code"])


def test_a_token_is_forgotten(clock: Clock, dynamodb: DynamoDb) -> None:
    """After ten minutes a token is as any other: its transaction is tried anew, and its condition refuses."""
    dynamodb.handle("TransactWriteItems", put("a", "first"))
    clock.seconds += TOKEN_SECONDS - 1
    assert {} == dynamodb.handle("TransactWriteItems", put("a", "first"))
    clock.seconds += 1
    with pytest.raises(AwsFault, match="TransactionCanceledException"):
        dynamodb.handle("TransactWriteItems", put("a", "first"))


def test_what_was_refused_is_tried_again(dynamodb: DynamoDb) -> None:
    """A token of a transaction that was cancelled means nothing yet."""
    dynamodb.handle("TransactWriteItems", put("a", "first"))
    with pytest.raises(AwsFault, match="TransactionCanceledException"):
        dynamodb.handle("TransactWriteItems", put("b", "second"))
    dynamodb.handle("DeleteItem", {"TableName": NAME, "Key": {"pk": {"S": "x"}, "sk": {"S": "1"}}})

    assert {} == dynamodb.handle("TransactWriteItems", put("b", "second"))
    assert {"S": "b"} == dynamodb.handle("Scan", {"TableName": NAME})["Items"][0]["v"]


@pytest.fixture
def clock() -> Clock:
    """Return a clock that goes when it is told to."""
    return Clock()


@pytest.fixture
def dynamodb(clock: Clock) -> Iterator[DynamoDb]:
    """Return the local cloud's DynamoDB, with an empty table."""
    with moto_dynamodb() as client:
        create_table(client)
        # A front door that this process had before leaves its account to moto.
        account = os.environ.get("MOTO_ACCOUNT_ID", DEFAULT_ACCOUNT_ID)
        yield DynamoDb(account, now_seconds=clock.now)
