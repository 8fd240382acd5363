"""What AWS answers in pages is read to the last one, by `calls.listed`, or names what it asks for."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

ADAPTERS = sorted((Path(__file__).parents[2] / "chalicelib" / "aws").glob("*.py"))
NAMES_WHAT_IT_ASKS_FOR = {
    ("autoscaling", "describe_scalable_targets"): "one resource",
    ("dynamodb", "query"): "a page of a list, with the cursor of the next",
    ("load_balancers", "describe_load_balancers"): "one by its name",
    ("load_balancers", "describe_target_groups"): "one by its name or ARN",
    ("logs", "describe_log_groups"): "the first whose name begins so",
}


def asked_once(path: Path) -> Iterator[str]:
    """Yield the operations that an adapter hands to `call` or `call_once`."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("call", "call_once"):
            yield ast.unparse(node.args[0]).rpartition(".")[2]


def service_of(path: Path) -> str:
    """Return the service of an adapter's client, by the type of it."""
    typed = re.search(r"from mypy_boto3_(\w+) import", path.read_text())
    return typed[1] if typed else "application-autoscaling"


@pytest.mark.parametrize("path", ADAPTERS, ids=lambda path: path.stem)
def test_pages_are_read(path: Path) -> None:
    """An operation that botocore can page is not called for its first page alone."""
    client = boto3.client(service_of(path), region_name="us-east-1")  # type: ignore[call-overload]
    operations = [each for each in asked_once(path) if hasattr(client, each)]
    paged = {(path.stem, each) for each in operations if client.can_paginate(each)}

    assert {each for each in NAMES_WHAT_IT_ASKS_FOR if each[0] == path.stem} == paged
