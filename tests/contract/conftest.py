"""AWS on moto, in this process."""

from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.store import Store
from tests.tables import fresh_store, moto_dynamodb


@pytest.fixture(scope="module")
def dynamodb() -> Iterator[Any]:
    """Lend a client of DynamoDB."""
    with moto_dynamodb() as client:
        yield client


@pytest.fixture
def store(dynamodb: Any) -> Iterator[Store]:
    """Lend a record."""
    with fresh_store(dynamodb) as store:
        yield store
