"""DynamoDBs that the local cloud's is compared with, each with a table of the record."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.direct_dynamodb import DirectClient
from tests.ministack_dynamodb import MinistackDynamoDb
from tests.tables import NAME, behind_door, create_table, local_dynamodb


@dataclass(frozen=True)
class Oracle:
    """A client of a DynamoDB, and what has it forget all items."""

    client: Any
    forget: Callable[[], None]


@contextmanager
def oracles() -> Iterator[dict[str, Oracle]]:
    """Lend moto's, the local cloud's and ministack's; moto has the tables of the first two."""
    ministack = MinistackDynamoDb()
    with behind_door({}) as moto, local_dynamodb() as local:

        def drop() -> None:
            if NAME in moto.list_tables()["TableNames"]:
                moto.delete_table(TableName=NAME)

        def forget() -> None:
            drop()
            create_table(moto)

        def forget_ministack() -> None:
            ministack.forget()
            create_table(ministack)

        yield {
            "moto": Oracle(moto, forget),
            "local": Oracle(local, forget),
            "ministack": Oracle(DirectClient(ministack), forget_ministack),
        }
        drop()  # moto's memory is the process's
