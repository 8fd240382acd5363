"""A raw task definition as people have it in hand: what `aws ecs describe-task-definition` prints is taken, too.

That is an object around the definition, its tags beside it, keys that only ECS writes, and null where nothing is set.
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTaskDefinition.html
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.manifest.findings import Path
from chalicelib.manifest.values import RESERVED

WRAPPER = "taskDefinition"
ARN = "taskDefinitionArn"
READ_ONLY = (
    *(ARN, "revision", "status", "requiresAttributes", "compatibilities"),
    *("registeredAt", "registeredBy", "deregisteredAt", "deleteRequestedAt"),
)
"""What TaskDefinition has beside RegisterTaskDefinition's own members."""


@dataclass(frozen=True)
class Registrable:
    """What of a raw definition is registered, the steps to it from `task_definition`, and the ways to what is not."""

    content: dict[str, Any]
    steps: Path
    left_out: tuple[Path, ...]


def registrable(written: Mapping[str, Any]) -> Registrable:
    """Return a raw definition without what describing adds to it."""
    wrapped = is_wrapped(written)
    definition = written[WRAPPER] if wrapped else written
    # What was described is of a family; that is the service's own once it is registered here.
    ignored = (*READ_ONLY, "family") if wrapped or ARN in definition else READ_ONLY
    beside = written.get("tags") or () if wrapped else ()
    whole = {**definition, "tags": [each for each in beside if not is_of_others(each)]} if beside else definition
    content = _without_nulls({key: value for key, value in whole.items() if key not in ignored})
    left_out = (
        *((key,) for key in definition if key in ignored),
        *(("tags", each["key"]) for each in beside if is_of_others(each)),
        *(path for path in _nulls(whole, ()) if path[0] not in ignored),
    )
    return Registrable(content, (WRAPPER,) if wrapped else (), left_out)


def is_wrapped(written: Mapping[str, Any]) -> bool:
    """Tell whether a definition is written as describing it prints it: in an object of its own, tags beside it."""
    tags = written.get("tags") or []
    listed = isinstance(tags, list | tuple) and all(isinstance(each, Mapping) for each in tags)
    return isinstance(written.get(WRAPPER), Mapping) and written.keys() <= {WRAPPER, "tags"} and listed


def is_of_others(tag: Mapping[str, Any]) -> bool:
    """Tell whether a tag is AWS's or Slipway's to write: a revision that one of them made carries such."""
    return str(tag.get("key")).casefold().startswith(tuple(RESERVED))


def _without_nulls(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_nulls(each) for key, each in value.items() if each is not None}
    return [_without_nulls(each) for each in value] if isinstance(value, list | tuple) else value


def _nulls(value: Any, path: Path) -> Iterator[Path]:
    """Yield the ways to the keys of objects that say null; an entry of a list is none of them."""
    if isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from _nulls(inner, (*path, index))
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            if inner is None:
                yield (*path, key)
            yield from _nulls(inner, (*path, key))
