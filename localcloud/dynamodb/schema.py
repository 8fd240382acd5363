"""What a table asks of its items: keys, and what its indexes show. Read from moto, which makes and describes tables."""

from dataclasses import dataclass
from typing import Any

from localcloud.dynamodb.expressions import invalid
from localcloud.dynamodb.values import Item, Value, item_bytes, kind, plain, value_bytes

ITEM_LIMIT_BYTES = 400 * 1024
"""https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html#limits-items"""
PARTITION_KEY_BYTES, SORT_KEY_BYTES = 2048, 1024
"""https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html#limits-partition-sort-keys"""
INVALID = "One or more parameter values were invalid:"
LARGE_PARTITION_KEY = f"{INVALID} Size of hashkey has exceeded the maximum size limit of{PARTITION_KEY_BYTES} bytes"
LARGE_SORT_KEY = f"{INVALID} Aggregated size of all range keys has exceeded the size limit of {SORT_KEY_BYTES} bytes"
EMPTY_KEY = "The AttributeValue for a key attribute cannot contain an empty {} value."
UNSUPPORTED = "A value specified for a secondary index key is not supported."


@dataclass(frozen=True)
class Keys:
    """The key attributes of a table or index; `sort` is None where there is but one."""

    partition: str
    sort: str | None

    @property
    def names(self) -> tuple[str, ...]:
        """Return the attributes."""
        return (self.partition, self.sort) if self.sort else (self.partition,)

    def key_of(self, item: Item) -> Item:
        """Return the key of an item that has one."""
        return {name: item[name] for name in self.names}

    def order_of(self, item: Item) -> tuple[Any, ...]:
        """Return what items of one partition are sorted by."""
        return tuple(plain(item[name]) for name in (self.sort,) if name)


@dataclass(frozen=True)
class Index:
    """A secondary index; `attributes` are those it shows, None for all."""

    keys: Keys
    attributes: frozenset[str] | None

    def shown(self, item: Item) -> Item:
        """Return what the index shows of an item."""
        if self.attributes is None:
            return item
        return {name: value for name, value in item.items() if name in self.attributes}


@dataclass(frozen=True)
class Schema:
    """A table's keys, the types of all key attributes by name, and its indexes by name."""

    keys: Keys
    types: dict[str, str]
    indexes: dict[str, Index]

    def check_key(self, key: Item) -> None:
        """Raise AwsFault ValidationException when these are not the key's attributes, of their types."""
        if set(key) != set(self.keys.names) or any(kind(key[name]) != self.types[name] for name in key):
            raise invalid("The provided key element does not match the schema")
        _check_key_values(self.keys, key, None)

    def check_item(self, item: Item) -> None:
        """Raise AwsFault ValidationException for an item that lacks a key, has one of another type, or is too large."""
        for name in self.keys.names:
            if name not in item:
                raise invalid(f"One or more parameter values were invalid: Missing the key {name} in the item")
        for name, expected in self.types.items():
            if name in item and kind(item[name]) != expected:
                types = f"expected: {expected} actual: {kind(item[name])}"
                raise invalid(f"One or more parameter values were invalid: Type mismatch for key {name} {types}")
        _check_key_values(self.keys, item, None)
        for name, index in self.indexes.items():
            _check_key_values(index.keys, item, name)
        if item_bytes(item) > ITEM_LIMIT_BYTES:
            raise invalid("Item size has exceeded the maximum allowed size")

    def check_changed(self, names: frozenset[str]) -> None:
        """Raise AwsFault ValidationException when an update would change the key."""
        for name in names & set(self.keys.names):
            part = "This attribute is part of the key"
            raise invalid(f"One or more parameter values were invalid: Cannot update attribute {name}. {part}")


def _check_key_values(keys: Keys, item: Item, index: str | None) -> None:
    """Raise AwsFault ValidationException for a key attribute that is empty, or too large; `index` names an index."""
    for name in (name for name in keys.names if name in item):
        if not next(iter(item[name].values())):
            empty = EMPTY_KEY.format({"S": "string", "B": "binary"}[kind(item[name])])
            told = (
                f"{empty} Key: {name}"
                if index is None
                else f"{UNSUPPORTED} {empty} IndexName: {index}, IndexKey: {name}"
            )
            raise invalid(f"One or more parameter values are not valid. {told}")
        size = value_bytes(item[name])
        if name == keys.partition and size > PARTITION_KEY_BYTES:
            raise invalid(LARGE_PARTITION_KEY)
        if name == keys.sort and size > SORT_KEY_BYTES:
            raise invalid(LARGE_SORT_KEY)


def schema_of(table: Any) -> Schema:
    """Return the schema of one of moto's tables."""
    types = {each["AttributeName"]: each["AttributeType"] for each in table.attr}
    keys = _keys(table.schema)
    indexes = {index.name: _index(index, keys) for index in table.all_indexes()}
    return Schema(keys, types, indexes)


def _index(index: Any, table_keys: Keys) -> Index:
    keys = _keys(index.schema)
    projection = index.projection
    if projection["ProjectionType"] == "ALL":
        return Index(keys, None)
    extra = projection.get("NonKeyAttributes", []) if projection["ProjectionType"] == "INCLUDE" else []
    return Index(keys, frozenset((*keys.names, *table_keys.names, *extra)))


def _keys(schema: list[dict[str, str]]) -> Keys:
    by_type: dict[str, str] = {each["KeyType"]: each["AttributeName"] for each in schema}
    return Keys(by_type["HASH"], by_type.get("RANGE"))


def key_values(keys: Keys, item: Item) -> tuple[Any, ...]:
    """Return what tells an item from all others."""
    values: list[Value] = [item[name] for name in keys.names]
    return tuple(plain(value) for value in values)
