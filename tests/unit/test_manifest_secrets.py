"""Slipway's own secrets are refused in every way in which ECS takes a secret's name, wherever a manifest may say it."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chalicelib.manifest.secret_rules import REFERENCES, SPECS, is_slipways_own
from chalicelib.manifest.task_definition import REQUEST, shapes
from tests.unit.test_manifest_rules import faults_of, manifest

POLICIES = Path(__file__).parents[2] / ".chalice"
ACCOUNT = "us-east-1:123456789012"
SECRET, PARAMETER = f"arn:aws:secretsmanager:{ACCOUNT}:secret", f"arn:aws:ssm:{ACCOUNT}:parameter"
OWN = [
    f"{SECRET}:slipway/github-webhook",
    f"{SECRET}:slipway/github-webhook-AbCdEf",
    f"{SECRET}:slipway/github-webhook-AbCdEf:KEY::",
    f"{SECRET}:slipway/github-webhook-AbCdEf:KEY:AWSCURRENT:",
    f"{SECRET}:slipway/github-webhook-AbCdEf:::EXAMPLE1-90ab-cdef-fedc-ba987EXAMPLE",
    "arn:aws-cn:secretsmanager:cn-north-1:210987654321:secret:slipway/x",
    "/slipway/github-webhook",
    "/slipway/deep/er",
    "slipway/github-webhook",
    "//slipway//github-webhook",
    f"{PARAMETER}/slipway/github-webhook",
    f"{PARAMETER}/slipway/github-webhook:3",
    f"{PARAMETER}//slipway/github-webhook",
    "/aws/reference/secretsmanager/slipway/github-webhook",
    "aws/reference/secretsmanager/slipway/github-webhook",
    f"{PARAMETER}/aws/reference/secretsmanager/slipway/github-webhook",
    f"{PARAMETER}/aws/reference/secretsmanager/{SECRET}:slipway/github-webhook-AbCdEf",
]
OTHERS = [
    f"{SECRET}:shop/slipway/x",
    f"{SECRET}:slipway-shop",
    f"{SECRET}:slipway",
    f"{SECRET}:Slipway/x",
    "/shop/slipway/x",
    "/slipway-shop/x",
    "slipway",
    f"{PARAMETER}/shop/x",
    "/aws/reference/secretsmanager/shop/slipway/x",
]


def service(**said: Any) -> dict[str, Any]:
    """Return a manifest whose only service says this."""
    return manifest(execution_role="runner", services={"api": said})


def raw(container: dict[str, Any], **definition: Any) -> dict[str, Any]:
    """Return a manifest of a raw task definition."""
    containers = [{"name": "web", "image": "web:1", "memory": 128, **container}]
    whole = {"executionRoleArn": "runner", "containerDefinitions": containers, **definition}
    return service(launch_type="EC2", task_definition=whole)


def places(own: str) -> dict[str, dict[str, Any]]:
    """Return a manifest for each place that may name a secret, by the pointer to it."""
    spec, windows = f"credentialspec:{own}", "fsxWindowsFileServerVolumeConfiguration"
    volume: dict[str, Any] = {"fileSystemId": "fs-1", "rootDirectory": "/"}
    volume |= {"authorizationConfig": {"credentialsParameter": own, "domain": "example.com"}}
    log = {"logDriver": "splunk", "secretOptions": [{"name": "splunk-token", "valueFrom": own}]}
    definition = "/services/api/task_definition"
    container = f"{definition}/containerDefinitions/0"
    return {
        "/services/api/secrets/A": service(image="web:1", secrets={"A": own}),
        "/services/api/containers/web/secrets/A": service(
            containers={"web": {"image": "web:1", "secrets": {"A": own}}}
        ),
        f"{container}/secrets/0/valueFrom": raw({"secrets": [{"name": "A", "valueFrom": own}]}),
        f"{container}/repositoryCredentials/credentialsParameter": raw(
            {"repositoryCredentials": {"credentialsParameter": own}}
        ),
        f"{container}/logConfiguration/secretOptions/0/valueFrom": raw({"logConfiguration": log}),
        f"{container}/credentialSpecs/0": raw({"credentialSpecs": [spec]}),
        f"{container}/dockerSecurityOptions/0": raw({"dockerSecurityOptions": [spec]}),
        f"{definition}/volumes/0/{windows}/authorizationConfig/credentialsParameter": raw(
            {}, volumes=[{"name": "v", windows: volume}]
        ),
    }


@pytest.mark.parametrize("own", OWN)
def test_every_name_is_known(own: str) -> None:
    """By name, whole or partial ARN, with key and version, or by the Parameter Store: it is Slipway's own."""
    assert is_slipways_own(own)


@pytest.mark.parametrize("other", OTHERS)
def test_no_other_name_is_taken_for_it(other: str) -> None:
    """What has `slipway` elsewhere in its name is anybody's."""
    assert not is_slipways_own(other)
    assert () == faults_of(service(image="web:1", secrets={"A": other}))


@pytest.mark.parametrize("pointer", places(""))
def test_every_place_is_looked_at(pointer: str) -> None:
    """Wherever a manifest names a secret, Slipway's own is a fault at that place, in every way of naming it."""
    told = [
        (fault.pointer, "Slipway's own" in fault.detail) for own in OWN for fault in faults_of(places(own)[pointer])
    ]
    named = [own for own in OWN if own.startswith("arn:") or pointer.rpartition("/")[0].rpartition("/")[2] not in SPECS]
    assert [(pointer, True)] * len(named) == [each for each in told if each[1]]
    assert () == faults_of(places(f"{SECRET}:shop")[pointer])


def test_what_names_no_secret_may_be_named_so() -> None:
    """An image, a command and a log group may begin with Slipway's name: secrets alone may not."""
    log = {"logDriver": "awslogs", "options": {"awslogs-group": "/slipway/web", "awslogs-region": "us-east-1"}}
    document = raw({"image": "slipway/web:1", "command": ["slipway/run"], "logConfiguration": log})
    assert () == faults_of(document)


def members(structure: str, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the way to each member of a raw task definition."""
    for name, shape in shapes()[structure].items():
        way = (*path, name.rstrip("!"))
        yield way
        inner = next(iter(shape.values())) if isinstance(shape, dict) else shape
        if isinstance(inner, str) and inner in shapes():
            yield from members(inner, way)


def test_every_member_of_a_raw_definition_is_known() -> None:
    """Every member of RegisterTaskDefinition that names a secret, or credentials, is one of the places."""
    known = {*REFERENCES, *SPECS}
    ends = {
        way
        for way in members(REQUEST)
        if any(word in way[-1].lower() for word in ("secret", "credential", "valuefrom"))
    }
    leaves = {way for way in ends if not any(other[: len(way)] == way for other in ends - {way})}
    covered = {
        tuple(part for part in each.split("/")[4:] if part != "0") for each in places("") if "definition" in each
    }
    assert leaves == {way for way in covered if way[-1] != "dockerSecurityOptions"}
    assert {way[-1] for way in leaves} <= known


def test_all_faults_come_at_once() -> None:
    """Two secrets of Slipway's are two faults, beside whatever else is wrong."""
    document = service(image="web:1", port="80", secrets={"A": "/slipway/a", "B": "/shop/b", "C": "/slipway/c"})
    expected = ["/services/api/port", "/services/api/secrets/A", "/services/api/secrets/C"]
    assert expected == [fault.pointer for fault in faults_of(document)]


def test_what_slipway_reads_is_under_that_name() -> None:
    """Each secret and parameter that a policy lets a function read by name is one that no manifest may name."""
    statements = [
        each for file in POLICIES.glob("policies/*.json") for each in json.loads(file.read_text())["Statement"]
    ]
    names = [
        re.sub(r"\$\{[^}]*\}", "aws", resource["Fn::Sub"]).replace("*", "x")
        for each in statements
        if {"secretsmanager:GetSecretValue", "ssm:GetParameters"} & set(each["Action"]) and "Condition" not in each
        for resource in each["Resource"]
    ]
    assert len(names) >= 4
    assert [] == [name for name in names if not is_slipways_own(name)]
