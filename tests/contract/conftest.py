"""AWS on moto, in this process."""

from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.store import Store
from tests.tables import fresh_store, local_dynamodb, moto_dynamodb


@pytest.fixture(scope="module", params=[moto_dynamodb, local_dynamodb])
def dynamodb(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Lend a client of moto's DynamoDB, then one of the local cloud's."""
    with request.param() as client:
        yield client


@pytest.fixture
def store(dynamodb: Any) -> Iterator[Store]:
    """Lend a record."""
    with fresh_store(dynamodb) as store:
        yield store
