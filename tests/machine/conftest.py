"""A record of its own for each test, and the app on it."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

import app
from chalicelib.api.tokens import token_hash
from chalicelib.cloud import Cloud
from chalicelib.ledger import Principal
from chalicelib.store import Store
from tests.direct_dynamodb import DirectClient, DirectDynamoDb
from tests.machine.api import SETTINGS, Api, Table
from tests.tables import NAME, create_table, fresh_store


@pytest.fixture(scope="module")
def items() -> DirectDynamoDb:
    """Return what answers calls on items."""
    return DirectDynamoDb()


@pytest.fixture(scope="module")
def session(items: DirectDynamoDb) -> Iterator[boto3.Session]:
    """Lend the session in which boto3 makes the app's clients."""
    with mock_aws():
        boto3.setup_default_session()
        assert boto3.DEFAULT_SESSION is not None
        items.listen(boto3.DEFAULT_SESSION.events)
        yield boto3.DEFAULT_SESSION


@pytest.fixture(scope="module")
def dynamodb(session: boto3.Session) -> Any:
    """Lend a client of DynamoDB."""
    return session.client("dynamodb", region_name="us-east-1")


@pytest.fixture
def store(dynamodb: Any, items: DirectDynamoDb) -> Iterator[Store]:
    """Lend a record."""
    with fresh_store(dynamodb, asked=DirectClient(items)) as store:
        yield store


@pytest.fixture(scope="module")
def step_functions(session: boto3.Session) -> Any:
    """Lend a client of Step Functions."""
    return session.client("stepfunctions", region_name="us-east-1")


@pytest.fixture
def table(dynamodb: Any, session: boto3.Session, step_functions: Any) -> Iterator[Table]:
    """Lend the app a cloud of its own: an empty table, a state machine that is only remembered, two tokens."""
    table = Table()
    create_table(dynamodb)
    refusing = "before-call.dynamodb.TransactWriteItems", table.answer
    session.events.register_first(*refusing)
    with pytest.MonkeyPatch.context() as environment:
        machines = {"SLIPWAY_STATE_MACHINE_ARN": NAME, "SLIPWAY_TEARDOWN_STATE_MACHINE_ARN": f"{NAME}-teardown"}
        arns = {variable: state_machine(step_functions, name) for variable, name in machines.items()}
        for name, value in {**SETTINGS, **arns}.items():
            environment.setenv(name, value)
        app.cloud.cache_clear()
        for token, scopes in (("writer", ("read", "write")), ("reader", ("read",))):
            app.cloud().store.keep_principal(token_hash(token), Principal(token, scopes))
        yield table
        app.cloud.cache_clear()
    dynamodb.delete_table(TableName=NAME)
    session.events.unregister(*refusing)


def state_machine(client: Any, name: str) -> str:
    """Return the ARN of a state machine that does nothing."""
    definition = json.dumps({"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}})
    role = "arn:aws:iam::123456789012:role/x"
    made = client.create_state_machine(name=name, definition=definition, roleArn=role)
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
