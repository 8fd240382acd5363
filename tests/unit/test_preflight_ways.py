"""Ways out of the subnets: what a task on Fargate needs, and what its routes lead to."""

from typing import Any

import pytest

from chalicelib import preflight
from chalicelib.preflight import NetworkFound, Ways
from tests.unit.test_preflight import FOUND, REGISTRY, SHOP_ARN, manifest, told

ECR_IMAGE = f"{REGISTRY}/web:1"
PRIVATE = {
    "networkMode": "awsvpc",
    "cpu": "256",
    "memory": "512",
    "executionRoleArn": "run",
    "containerDefinitions": [
        {"name": "a", "image": ECR_IMAGE, "repositoryCredentials": {"credentialsParameter": "registry"}}
    ],
}
ENDPOINTS = frozenset({"ecr.api", "ecr.dkr", "s3", "logs"})
NO_WAY = [("no_way_to_registry", "/network/subnets", "a")]
NO_IP = [("no_public_ip", "/network/assign_public_ip", "a")]


def findings(ways: Ways, service: dict[str, Any], *, public_ip: bool = False) -> list[preflight.Finding]:
    """Return what is found of a service whose one subnet has these ways."""
    network = {"vpc": "main", "subnets": ["private"], "assign_public_ip": public_ip}
    asked = manifest(service, network=network, execution_role="run")
    return list(preflight.way_findings(asked, {"a": FOUND}, {"subnet-1": ways}, "us-east-1"))


@pytest.mark.parametrize(
    ("ways", "public_ip", "expected"),
    [
        (Ways("out"), False, []),
        (Ways("internet"), True, []),
        (Ways("internet"), False, NO_IP),
        (Ways(None), False, NO_WAY),
        (Ways(None), True, NO_WAY),
        (Ways(None, endpoints=ENDPOINTS), False, NO_WAY),
        (Ways("internet", endpoints=ENDPOINTS), False, NO_IP),
    ],
)
def test_the_internet_is_reached(ways: Ways, public_ip: bool, expected: list[Any]) -> None:
    """An image of Docker Hub needs NAT, or an internet gateway and a public IP; endpoints do not bring it."""
    found = findings(ways, {"image": "redis:7"}, public_ip=public_ip)

    assert expected == [told(each) for each in found]
    assert {"error"} >= {each.severity for each in found}


@pytest.mark.parametrize(
    ("service", "endpoints", "lacking"),
    [
        ({}, ENDPOINTS, None),
        ({}, ENDPOINTS - {"s3"}, "s3"),
        ({}, frozenset[str](), "ecr.api, ecr.dkr, logs, s3"),
        ({"secrets": {"TOKEN": SHOP_ARN}}, ENDPOINTS, "secretsmanager"),
        ({"secrets": {"TOKEN": "/shop/token"}}, ENDPOINTS, "ssm"),
        ({"secrets": {"TOKEN": "/shop/token"}}, ENDPOINTS | {"ssm"}, None),
        ({"image": None, "task_definition": PRIVATE}, ENDPOINTS, "secretsmanager"),
    ],
)
@pytest.mark.parametrize("way", [None, "internet"])
def test_endpoints_are_enough_for_ecr(way: Any, service: dict[str, Any], endpoints: Any, lacking: str | None) -> None:
    """An image of ECR, the log and the secrets come by endpoints, if all of them are there; else it says which not."""
    found = findings(Ways(way, endpoints=endpoints), {"image": ECR_IMAGE, **service})

    assert bool(lacking) is bool(found)
    assert all(f"do not reach {lacking}:" in each.detail for each in found)


def test_a_raw_definition_logs_where_it_says() -> None:
    """A raw task definition that does not log to CloudWatch needs no endpoint for it."""
    definition = {"networkMode": "awsvpc", "cpu": "256", "memory": "512", "executionRoleArn": "run"}
    containers = [{"name": "web", "image": ECR_IMAGE}]
    logging = [{**containers[0], "logConfiguration": {"logDriver": "awslogs", "options": {}}}]
    ways = Ways(endpoints=ENDPOINTS - {"logs"})
    service = {"image": None, "task_definition": {**definition, "containerDefinitions": containers}}

    assert [] == findings(ways, service)
    assert NO_WAY == [
        told(each)
        for each in findings(ways, {"image": None, "task_definition": {**definition, "containerDefinitions": logging}})
    ]


@pytest.mark.parametrize(
    ("image", "elsewhere", "severity"),
    [
        ("redis:7", False, "error"),
        ("library/redis:7", False, "error"),
        ("quay.io/prometheus/prometheus:1", False, "error"),
        (ECR_IMAGE.replace("us-east-1", "eu-west-1"), False, "error"),
        (ECR_IMAGE, False, "error"),
        ("registry.example.com/web:1", False, "error"),
        ("redis:7", True, "warning"),
        (ECR_IMAGE, True, "warning"),
    ],
)
def test_what_may_be_reached_elsewhere(image: str, elsewhere: bool, severity: str) -> None:
    """Where the subnet reaches other networks, they may hold a way or an endpoint."""
    assert [severity] == [each.severity for each in findings(Ways(elsewhere=elsewhere), {"image": image})]


@pytest.mark.parametrize(
    ("image", "severity"),
    [
        ("redis:7", "error"),
        ("library/redis:7", "error"),
        ("a/b/redis:7", "error"),
        ("docker.io/library/redis:7", "error"),
        ("ghcr.io/acme/shop:1", "error"),
        ("localhost/shop:1", "warning"),
        ("registry:5000/acme/shop:1", "warning"),
        ("registry.example.com/acme/shop:1", "warning"),
        ("registry.example.com:5000/shop:1", "warning"),
    ],
)
def test_whose_registry_it_is(image: str, severity: str) -> None:
    """An image without a registry's host is Docker Hub's; a host has a dot or a port, or is localhost."""
    assert [severity] == [each.severity for each in findings(Ways(endpoints=ENDPOINTS), {"image": image})]


def test_a_registry_in_the_vpc() -> None:
    """A registry that nobody knows may stand in the VPC: it is a warning, when logs have their endpoint."""
    (finding,) = findings(Ways(endpoints=ENDPOINTS), {"image": "registry.example.com:5000/web:1"})

    assert ("no_way_to_registry", "warning") == (finding.code, finding.severity)


def test_every_subnet_is_told() -> None:
    """Subnets without a way are told together, those with another reason by themselves, the others not at all."""
    network = NetworkFound(("vpc-1",), {"private": ("s-1", "s-2", "s-3", "s-4")}, {})
    ways = {"s-1": Ways(), "s-2": Ways("internet"), "s-3": Ways("out"), "s-4": Ways(), "another's": Ways()}
    found = list(preflight.way_findings(manifest({"image": "redis:7"}), {"a": network}, ways, "us-east-1"))

    assert ["no_way_to_registry", "no_public_ip"] == [each.code for each in found]
    assert ["in s-1, s-4 do", "in s-2 do"] == [each.detail[11:].partition(" not")[0] for each in found]
