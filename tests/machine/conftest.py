"""A record of its own for each test, and the app on it."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

import app
from chalicelib.api.tokens import token_hash
from chalicelib.cloud import Cloud
from chalicelib.ledger import Principal
from chalicelib.store import Store
from tests.direct_dynamodb import DirectDynamoDb
from tests.machine.api import SETTINGS, Api, Table
from tests.tables import NAME, create_table, fresh_store, moto_dynamodb


@pytest.fixture(scope="module")
def items() -> DirectDynamoDb:
    """Return what answers calls on items."""
    return DirectDynamoDb()


@pytest.fixture(scope="module")
def dynamodb(items: DirectDynamoDb) -> Iterator[Any]:
    """Lend a client of DynamoDB."""
    with moto_dynamodb() as client:
        items.listen(client.meta.events)
        yield client


@pytest.fixture
def store(dynamodb: Any) -> Iterator[Store]:
    """Lend a record."""
    with fresh_store(dynamodb) as store:
        yield store


@pytest.fixture
def table(dynamodb: Any, items: DirectDynamoDb) -> Iterator[Table]:
    """Lend the app a cloud of its own: an empty table, a state machine that is only remembered, two tokens."""
    table = Table()
    create_table(dynamodb)
    boto3.setup_default_session()
    assert boto3.DEFAULT_SESSION is not None
    boto3.DEFAULT_SESSION.events.register("before-call.dynamodb.TransactWriteItems", table.answer)
    items.listen(boto3.DEFAULT_SESSION.events)
    with pytest.MonkeyPatch.context() as environment:
        machines = {"SLIPWAY_STATE_MACHINE_ARN": NAME, "SLIPWAY_TEARDOWN_STATE_MACHINE_ARN": f"{NAME}-teardown"}
        arns = {variable: state_machine(name) for variable, name in machines.items()}
        for name, value in {**SETTINGS, **arns}.items():
            environment.setenv(name, value)
        app.cloud.cache_clear()
        for token, scopes in (("writer", ("read", "write")), ("reader", ("read",))):
            app.cloud().store.keep_principal(token_hash(token), Principal(token, scopes))
        yield table
        app.cloud.cache_clear()
    dynamodb.delete_table(TableName=NAME)
    boto3.setup_default_session()


def state_machine(name: str) -> str:
    """Return the ARN of a state machine that does nothing."""
    definition = json.dumps({"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}})
    role = "arn:aws:iam::123456789012:role/x"
    made = boto3.client("stepfunctions").create_state_machine(name=name, definition=definition, roleArn=role)
    return str(made["stateMachineArn"])


@pytest.fixture
def cloud(table: Table) -> Cloud:
    """Return the app's cloud."""
    assert not table.throttled
    return app.cloud()


@pytest.fixture
def api(cloud: Cloud) -> Api:
    """Return the API."""
    assert cloud
    return Api()
