"""Which IAM actions the code needs, read from the code: step → adapter method → client call → action."""

import ast
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import TypeGuard

import botocore.session
from botocore import xform_name

CODE = Path(__file__).parents[2] / "chalicelib"

# The attribute of Cloud, the file and class of the adapter behind it, and the AWS service that it speaks to.
ADAPTERS = {
    "autoscaling": ("aws/autoscaling.py", "AutoScaling", "application-autoscaling"),
    "cloud_map": ("aws/cloud_map.py", "CloudMap", "servicediscovery"),
    "clusters": ("aws/clusters.py", "Clusters", "ecs"),
    "ec2": ("aws/ec2.py", "Ec2", "ec2"),
    "ecr": ("aws/ecr.py", "Ecr", "ecr"),
    "ecs": ("aws/ecs.py", "Ecs", "ecs"),
    "hosted_zones": ("aws/hosted_zones.py", "HostedZones", "route53"),
    "iam": ("aws/iam.py", "Iam", "iam"),
    "kms": ("aws/kms.py", "Kms", "kms"),
    "load_balancers": ("aws/load_balancers.py", "LoadBalancers", "elbv2"),
    "logs": ("aws/logs.py", "Logs", "logs"),
    "notifier": ("aws/notifier.py", "Notifier", "lambda"),
    "observer": ("aws/observer.py", "Observer", "lambda"),
    "parameters": ("aws/secrets.py", "Parameters", "ssm"),
    "resolver": ("aws/resolver.py", "Resolver", "lambda"),
    "secrets": ("aws/secrets.py", "Secrets", "secretsmanager"),
    "store": ("store.py", "Store", "dynamodb"),
    "table": ("aws/dynamodb.py", "Table", "dynamodb"),
    "task_definitions": ("aws/task_definitions.py", "TaskDefinitions", "ecs"),
    "tasks": ("aws/tasks.py", "Tasks", "ecs"),
    "workflow": ("aws/step_functions.py", "Workflow", "stepfunctions"),
}
SIGNED_AS = {"elbv2": "elasticloadbalancing", "stepfunctions": "states"}
# IAM names these otherwise than the API does: Service Authorization Reference, "Actions defined by AWS Lambda".
RENAMED = {"lambda:Invoke": "lambda:InvokeFunction"}
# A transaction needs the rights of what it holds (Service Authorization Reference, "Amazon DynamoDB"); which that is
# stands in the store, as Put, Update and Delete.
WRITES = {"Put": "dynamodb:PutItem", "Update": "dynamodb:UpdateItem", "Delete": "dynamodb:DeleteItem"}

# How Cloud is called where it is asked.
CLOUDS = ("cloud", "self.cloud", "looks.cloud")

Method = tuple[str, str]


def cloud_calls(files: Iterable[str]) -> set[Method]:
    """Return what files ask of Cloud's parts: `cloud.ecs.serving` is ("ecs", "serving")."""
    trees = [ast.parse((CODE / file).read_text()) for file in files]
    attributes = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    return {
        (node.value.attr, node.attr)
        for node in attributes
        if isinstance(node.value, ast.Attribute)
        and ast.unparse(node.value.value) in CLOUDS
        and node.value.attr in ADAPTERS
    }


def actions(methods: Iterable[Method]) -> set[str]:
    """Return the IAM actions that methods of Cloud's parts need."""
    found: set[str] = set()
    seen: set[Method] = set()
    ahead = set(methods)
    while ahead := ahead - seen:
        seen |= ahead
        found |= {action for method in ahead for action in _own_actions(method)}
        ahead = {other for method in ahead for other in _asked(method)}
    return found


def all_actions() -> set[str]:
    """Return the IAM actions that all of aws/ and the store need."""
    return actions((part, method) for part in ADAPTERS if part != "table" for method in _methods(part))


@cache
def _methods(part: str) -> dict[str, ast.FunctionDef]:
    file, name, _ = ADAPTERS[part]
    rooms = ("claims", "ledger", "reading", "registered", "waits") if part == "store" else ()
    bases = {f"{each}.py": each.title() for each in rooms}
    inherited = {name: node for each in bases.items() for name, node in _methods_of(*each).items()}
    return inherited | _methods_of(file, name)


def _methods_of(file: str, name: str) -> dict[str, ast.FunctionDef]:
    body = ast.parse((CODE / file).read_text()).body
    adapter = next(node for node in body if isinstance(node, ast.ClassDef) and node.name == name)
    return {node.name: node for node in adapter.body if isinstance(node, ast.FunctionDef)}


def _own_actions(method: Method) -> Iterator[str]:
    """Yield the actions of a method's own calls to a client, in `self._client.x`, in paginators and in `listed`."""
    part, name = method
    for node in ast.walk(_methods(part)[name]):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and part == "store"
            and node.func.id in WRITES
        ):
            yield WRITES[node.func.id]
        elif isinstance(node, ast.Call) and (operation := _paged(node)):
            yield _action(part, operation)
        elif (
            (_is_part(node, "client") or _is_part(node, "once"))
            and node.attr != "get_paginator"
            and name not in ("write", "_write_one")
        ):
            yield _action(part, node.attr)


def _paged(node: ast.Call) -> str | None:
    """Return the operation whose pages a call reads."""
    called = ast.unparse(node.func)
    if not called.endswith("get_paginator") and called != "listed":
        return None
    name = node.args[1 if called == "listed" else 0]
    assert isinstance(name, ast.Constant)
    return str(name.value)


def _asked(method: Method) -> Iterator[Method]:
    """Yield the methods that a method asks: its own class's, and those of the adapters it holds."""
    part, name = method
    for node in ast.walk(_methods(part)[name]):
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "self" and node.attr in _methods(part):
            yield part, node.attr
        for other in ("table", "task_definitions"):
            if _is_part(node, other) and node.attr != "write":
                yield other, node.attr


def _is_part(node: ast.AST, part: str) -> TypeGuard[ast.Attribute]:
    """Tell whether this is `self._<part>.something`."""
    return (
        isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Attribute)
        and isinstance(node.value.value, ast.Name)
        and (node.value.value.id, node.value.attr) == ("self", f"_{part}")
    )


@cache
def _operations(service: str) -> dict[str, str]:
    model = botocore.session.get_session().get_service_model(service)
    return {xform_name(operation): operation for operation in model.operation_names}


def _action(part: str, method: str) -> str:
    service = ADAPTERS[part][2]
    action = f"{SIGNED_AS.get(service, service)}:{_operations(service)[method]}"
    return RENAMED.get(action, action)
