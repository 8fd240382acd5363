"""The record's table on moto, made from the template that makes it on AWS."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import yaml
from moto import mock_aws

from chalicelib.aws.dynamodb import Table
from chalicelib.store import Store

TEMPLATE = Path(__file__).parents[1] / "infrastructure" / "template.yaml"
NAME = "slipway-test"


def create_table(client: Any) -> None:
    """Create the table; what DynamoDB does by itself when time passes is left out."""
    properties = dict(yaml.safe_load(TEMPLATE.read_text())["Resources"]["DeploymentsTable"]["Properties"])
    properties.pop("TimeToLiveSpecification")
    client.create_table(TableName=NAME, **properties)


@contextmanager
def moto_dynamodb() -> Iterator[Any]:
    """Lend a client of a DynamoDB in this process, empty at first."""
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        yield client
        client.close()


@contextmanager
def fresh_store(client: Any) -> Iterator[Store]:
    """Lend an empty record. moto copies whole tables for every transaction, so a table for all tests would get slow."""
    create_table(client)
    yield Store(Table(client, NAME))
    client.delete_table(TableName=NAME)
