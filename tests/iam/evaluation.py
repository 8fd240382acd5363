"""Whether a policy allows what a call asks: IAM's rules, as far as our policies use them, and a refusal of all others.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.iam.policies import Policy

Context = Mapping[str, Sequence[str]]
ELEMENTS = {"Sid", "Effect", "Action", "Resource", "Condition"}


class UnknownElementError(Exception):
    """A policy says something that nobody here can judge."""


@dataclass(frozen=True)
class Resource:
    """What an action is done to, by its ARN or "*" where AWS knows none, and the tags that it carries already."""

    arn: str = "*"
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Asked:
    """What a call asks of IAM: every one of `resources` must be allowed. `context` are the call's condition keys."""

    action: str
    resources: tuple[Resource, ...] = (Resource(),)
    context: Context = field(default_factory=dict)


def allowing(policy: Policy, asked: Asked) -> set[str] | None:
    """Return the Sids of the statements that allow what is asked; None where something of it is not, or is denied."""
    found: set[str] = set()
    for resource in asked.resources:
        context = {**asked.context, **{f"aws:ResourceTag/{key}": [value] for key, value in resource.tags.items()}}
        covering = [each for each in _statements(policy) if _covers(each, asked.action, resource.arn, context)]
        if {"Allow"} != {each["Effect"] for each in covering}:
            return None
        found |= {each["Sid"] for each in covering}
    return found


def _statements(policy: Policy) -> Iterator[dict[str, Any]]:
    for statement in policy["Statement"]:
        if unknown := statement.keys() - ELEMENTS:
            raise UnknownElementError(f"{statement['Sid']}: {', '.join(sorted(unknown))}")
        if statement["Effect"] not in ("Allow", "Deny"):
            raise UnknownElementError(f"{statement['Sid']}: {statement['Effect']}")
        yield statement


def _covers(statement: Mapping[str, Any], action: str, arn: str, context: Context) -> bool:
    if action not in statement["Action"]:
        return False
    if not any(_like(pattern, arn) for pattern in _list(statement["Resource"])):
        return False
    tests = ((operator, *each) for operator, keys in statement.get("Condition", {}).items() for each in keys.items())
    return all(_holds(operator, context.get(key, ()), _list(wanted)) for operator, key, wanted in tests)


def _holds(operator: str, values: Sequence[str], wanted: Sequence[str]) -> bool:
    """Judge one condition; a key that the call does not have fulfils none but Null and ForAllValues."""
    if operator == "StringEquals":
        if len(values) > 1:
            raise UnknownElementError(f"StringEquals of several values: {values}")
        return any(value in wanted for value in values)
    if operator == "Null":
        return wanted == [str(not values).lower()]
    if operator == "ForAllValues:StringEquals":
        return all(value in wanted for value in values)
    if operator in ("ArnEquals", "ForAnyValue:StringLike"):
        return any(_like(pattern, value) for value in values for pattern in wanted)
    raise UnknownElementError(operator)


def _like(pattern: str, text: str) -> bool:
    """Tell whether a pattern covers a text; what is asked of all resources ("*") only "*" covers."""
    if text == "*":
        return pattern == "*"
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), text) is not None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
