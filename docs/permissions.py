"""Writes permissions.md, what each function may do in AWS, from the policies in .chalice/policies: `make docs`."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "permissions.md"
POLICIES = ROOT / ".chalice" / "policies"
WHY = {
    "BalancerChange": "Change and remove its own target groups and listener rules",
    "BalancerLook": "Read listeners, rules, target groups and their targets",
    "BalancerMake": "Make a target group, and a rule on a listener that is there",
    "BalancerOrder": "Move its listener rule to the priority that is asked for; AWS has no condition for it",
    "BalancerTagWhatItMakes": "Tag them in the call that makes them, and never later",
    "DeadLetters": "Keep what it failed with, from `infrastructure/parts/dead_letters.yaml`",
    "CloudMapAdopt": "Bring the TTL of a name to what is asked; a name that is adopted carries no tag of ours",
    "CloudMapLook": "Read namespaces, names, instances and operations",
    "CloudMapMake": "Make a private DNS namespace",
    "CloudMapMakeServices": "Make a name in a namespace",
    "CloudMapRemove": "Remove its own names and namespaces",
    "EcsAdopt": "Take over a service by its tag (`adopt: true`), unless another installation has it",
    "EcsChange": "Change and remove its own services, clusters and one-off tasks",
    "EcsDeregister": "Deregister revisions; AWS knows neither resource nor condition of it",
    "EcsLook": "Read clusters, services, rollouts, tasks and task definitions",
    "EcsMake": "Make clusters, services, revisions, and tasks that run once",
    "EcsTagWhatItMakes": "Tag them in the call that makes them",
    "FindTaskLogs": "Find the log group of a task",
    "GitHubAppKey": "Sign as a GitHub App, with its key",
    "GitHubSecrets": "Read the secret of the webhook",
    "GitHubToken": "Read the token of GitHub",
    "HostedZones": "What Cloud Map does with the zone behind a namespace",
    "HostedZonesLook": "See of which VPCs the zone behind a namespace is, and the records in it",
    "Images": "Look whether an image is there, and what it is built for",
    "ImageRules": "Look whether an image that is not there is pulled from another registry",
    "MakeHostedZones": "What Cloud Map does with its caller's rights when it makes a namespace",
    "NameRecords": "What Cloud Map does with the records of a name whose TTL changes, which are A and SRV",
    "NetworkInterface": "Be in the VPC whose names it resolves",
    "NetworkInterfaceByLambdaAlone": (
        "**Denied** to its own code: only Lambda itself makes and removes its interfaces, with the rights above"
    ),
    "NetworkLook": "Find VPCs, subnets and security groups by their names, and see where their routes lead",
    "Observe": "Ask for a plan, for what is live, for logs",
    "OwnLog": "Write its own log",
    "Parameters": "Look whether a parameter is there; its value is not read",
    "PassRoles": "Hand a task's roles to ECS. Narrow this to the roles of your tasks if they have a path or prefix",
    "Record": "Read and write the record",
    "Recover": "See whether a deployment's execution runs",
    "Resolve": "Ask the VPC's resolver",
    "Roles": "Look whether a role is there, and trusts ECS",
    "Scaling": "Have a service scaled, or not any more",
    "ScalingAlarms": "What Application Auto Scaling does with its caller's rights for target tracking",
    "ScalingLook": "Read how a service is scaled",
    "ScalingTags": "Tag a scalable target in the call that makes it",
    "SecretKeys": "Look whether a secret has a JSON key: only in secrets that carry the tag",
    "Secrets": "Look whether a secret is there; its value is not read",
    "ServiceRoles": "Let AWS make the roles with which ECS works and services are scaled, the first time in an account",
    "Start": "Start a deployment's execution",
    "TaskLogs": "The log groups of tasks",
    "TellGitHub": "Have GitHub told what becomes of its deliveries",
    "Tokens": "End a wait by its token, or keep it alive; nobody can guess one, and AWS documents no resource of it",
}
"""What each statement is for, by its Sid."""
QUEUES = {
    "on_event": "${AWS::StackName}-event-dead-letters",
    "notify": "${AWS::StackName}-notify-dead-letters",
}
DEAD_LETTERS = {
    function: {
        "Sid": "DeadLetters",
        "Action": ["sqs:SendMessage"],
        "Resource": {"Fn::Sub": f"arn:${{AWS::Partition}}:sqs:${{AWS::Region}}:${{AWS::AccountId}}:{queue}"},
    }
    for function, queue in QUEUES.items()
}
"""Rights that stand with their queues, in `infrastructure/parts/dead_letters.yaml`."""
HEAD = """\
# Permissions

Written from `.chalice/policies` by `make docs`. Each function has a role of its own with these rights and no other; the
tests replay everything that Slipway does and compare: what is called is allowed, and what is allowed is called.

`<stack>` is the name of the CloudFormation stack, which is the installation's name, too. All that an installation makes
carries the tag `slipway:installation` with that name; it changes and removes nothing else, so that two installations in
one account leave each other's services alone. A secret gets that tag from you, if its keys are to be looked at before a
deployment. ARNs are those of the stack's own partition, region and account. `*` stands where AWS knows no resource of
an action, and where only reading is allowed.
"""


def text() -> str:
    """Return the page."""
    return "\n".join([HEAD, *(_section(path.stem) for path in sorted(POLICIES.glob("*.json")))])


def _section(function: str) -> str:
    statements = json.loads((POLICIES / f"{function}.json").read_text(encoding="utf-8"))["Statement"]
    statements += [DEAD_LETTERS[function]] if function in DEAD_LETTERS else []
    rows = [_row(each) for each in statements]
    head = f"## {function}\n\n{_purpose(function)}\n\n| what for | actions | on | only if |\n|---|---|---|---|\n"
    return head + "\n".join(rows) + "\n"


def _purpose(function: str) -> str:
    """Return what app.py says of a function; the API is all of app.py's routes."""
    tree = ast.parse((ROOT / "app.py").read_text(encoding="utf-8"))
    names = {"api": None, "notify": "tell_github"}
    name = names.get(function, function)
    if name is None:
        return "Answer HTTP: every route of [api.md](api.md)."
    found = next(each for each in tree.body if isinstance(each, ast.FunctionDef) and each.name == name)
    return (ast.get_docstring(found) or "").splitlines()[0]


def _row(statement: dict[str, Any]) -> str:
    actions = "<br>".join(f"`{each}`" for each in statement["Action"])
    resources = "<br>".join(_resource(each) for each in _list(statement["Resource"]))
    conditions = "<br>".join(_conditions(statement.get("Condition", {})))
    return f"| {WHY[statement['Sid']]} | {actions} | {resources} | {conditions} |"


def _resource(resource: Any) -> str:
    match resource:
        case {"Fn::Sub": arn}:
            parts = re.sub(r"\$\{[^}]*\}", _pseudo, arn).split(":", 5)
            return f"`{parts[2]}` `{parts[5]}`"
        case _:
            return f"`{resource}`"


def _pseudo(parameter: re.Match[str]) -> str:
    return "<stack>" if parameter[0] == "${AWS::StackName}" else ""


def _conditions(condition: dict[str, Any]) -> Iterator[str]:
    for operator, keys in condition.items():
        for key, values in keys.items():
            told = " or ".join(_value(each) for each in _list(values))
            yield f"there is no `{key}`" if operator == "Null" else f"`{key}` is {told}"


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return _resource(value) if "Fn::Sub" in value else "`<stack>`"
    return f"`{value}`"


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


if __name__ == "__main__":
    PAGE.write_text(text(), encoding="utf-8")
