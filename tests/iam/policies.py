"""The policies of .chalice/policies, as CloudFormation fills them in for the local cloud's installation."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from localcloud.settings import ACCOUNT, REGION

POLICIES = Path(__file__).parents[2] / ".chalice" / "policies"
FUNCTIONS = ("act", "api", "authorize", "notify", "observe", "on_event", "resolve", "sweep")
STACK = "slipway"
"""The name of the stack, and so of the installation: what the local cloud's table and state machines begin with."""
PSEUDO_PARAMETERS = {
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::AccountId": ACCOUNT,
    "AWS::StackName": STACK,
}

Policy = dict[str, Any]


def policy(function: str, parameters: Mapping[str, str] = PSEUDO_PARAMETERS) -> Policy:
    """Return the policy of a function, with names instead of CloudFormation's functions."""
    document: Policy = filled_in(json.loads((POLICIES / f"{function}.json").read_text()), parameters)
    return document


def filled_in(value: Any, parameters: Mapping[str, str]) -> Any:
    """Return a value of a template as CloudFormation makes it; raises KeyError where that needs more than a stack."""
    match value:
        case {"Ref": name}:
            return parameters[name]
        case {"Fn::Sub": text}:
            return re.sub(r"\$\{([^}]*)\}", lambda found: parameters[found[1]], text)
        case dict():
            return {key: filled_in(each, parameters) for key, each in value.items()}
        case list():
            return [filled_in(each, parameters) for each in value]
        case _:
            return value
