"""The items of one table. An item is never changed: a write puts another in its place."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from localcloud.dynamodb.schema import Keys, Schema, key_values
from localcloud.dynamodb.values import Item, Value, equal, plain


class Table:
    """Items by partition and key; not thread-safe."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self._partitions: dict[Any, dict[tuple[Any, ...], Item]] = defaultdict(dict)

    def get(self, key: Item) -> Item | None:
        """Return the item of a key, None when there is none."""
        return self._partition(key[self.schema.keys.partition]).get(key_values(self.schema.keys, key))

    def put(self, item: Item) -> None:
        """Store an item, in the place of one with its key."""
        partition = self._partitions[plain(item[self.schema.keys.partition])]
        partition[key_values(self.schema.keys, item)] = item

    def remove(self, key: Item) -> None:
        """Remove an item if it is there."""
        self._partition(key[self.schema.keys.partition]).pop(key_values(self.schema.keys, key), None)

    def all(self) -> list[Item]:
        """Return every item."""
        return [item for partition in self._partitions.values() for item in partition.values()]

    def sorted(self, partition: Value) -> list[Item]:
        """Return the items of a partition in the order of their sort key."""
        keys = self.schema.keys
        return sorted(self._partition(partition).values(), key=keys.order_of)

    def sorted_by(self, keys: Keys, partition: Value) -> list[Item]:
        """Return the items that an index has of a partition, in its order."""
        there: Iterable[Item] = (item for item in self.all() if all(name in item for name in keys.names))
        found = [item for item in there if equal(item[keys.partition], partition)]
        return sorted(found, key=lambda item: (keys.order_of(item), key_values(self.schema.keys, item)))

    def _partition(self, value: Value) -> dict[tuple[Any, ...], Item]:
        return self._partitions.get(plain(value), {})
