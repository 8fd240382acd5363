"""The record's table on moto, made from the template that makes it on AWS."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import yaml
from moto import mock_aws

from chalicelib.aws.dynamodb import Table
from chalicelib.store import Store
from localcloud.dynamodb import OPERATIONS, DynamoDb
from localcloud.front_door import FrontDoor, Handler
from localcloud.lambdas import Lambdas
from localcloud.ports import listen

TEMPLATE = Path(__file__).parents[1] / "infrastructure" / "template.yaml"
NAME = "slipway-test"


def create_table(client: Any, name: str = NAME) -> None:
    """Create the table; what DynamoDB does by itself when time passes is left out."""
    properties = dict(_template()["Resources"]["DeploymentsTable"]["Properties"])
    properties.pop("TimeToLiveSpecification")
    client.create_table(TableName=name, **properties)


@cache
def _template() -> dict[str, Any]:
    template: dict[str, Any] = yaml.safe_load(TEMPLATE.read_text())
    return template


@contextmanager
def moto_dynamodb() -> Iterator[Any]:
    """Lend a client of a DynamoDB in this process, empty at first."""
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        yield client
        client.close()


@contextmanager
def behind_door(operations: Mapping[tuple[str, str], Handler]) -> Iterator[Any]:
    """Lend a client of DynamoDB behind a front door, where moto has all but these operations."""
    door = FrontDoor(lambdas=Lambdas(), services={}, operations=operations, listening=listen(0))
    door.start()
    keys: dict[str, Any] = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
    client: Any = boto3.client("dynamodb", region_name="us-east-1", endpoint_url=door.url, **keys)
    yield client
    client.close()
    door.stop()


@contextmanager
def local_dynamodb() -> Iterator[Any]:
    """Lend a client of the local cloud's DynamoDB, whose tables are moto's and whose items are its own."""
    dynamodb = DynamoDb()
    with behind_door({("dynamodb", operation): dynamodb.handle for operation in OPERATIONS}) as client:
        yield client


@contextmanager
def fresh_store(client: Any, name: str = NAME, asked: Any = None) -> Iterator[Store]:
    """Lend an empty record, which asks `asked` of its items, else the client itself.

    moto copies whole tables for every transaction, so a table for all tests would get slow.
    """
    create_table(client, name)
    yield Store(Table(asked or client, name))
    client.delete_table(TableName=name)
