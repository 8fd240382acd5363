"""Services of the other two forms deploy for real: containers in one task, and a raw task definition."""

import json
from typing import Any

import pytest

from tests.local.local_cloud import LocalCloud

FOUND: dict[str, Any] = {"records": ["A", "SRV"]}
CONTAINERS: dict[str, Any] = {
    "capacity_providers": [{"name": "FARGATE_SPOT"}],
    "containers": {
        "web": {"image": "actors-hello", "port": 8080, "depends_on": {"side": "START"}},
        "side": {"image": "actors-hello", "port": 8081, "environment": {"PORT": "8081"}},
    },
    "route": {"path": "/containers*", "container": "web"},
    "discovery": FOUND,
}
DEFINITION: dict[str, Any] = {
    "task_definition": {
        "requiresCompatibilities": ["FARGATE"],
        "networkMode": "awsvpc",
        "cpu": "0.25 vCPU",
        "memory": "0.5 GB",
        "containerDefinitions": [
            {
                "name": "hello",
                "image": "actors-hello",
                "portMappings": [{"containerPort": 8080}],
                "environment": [{"name": "PORT", "value": "8080"}],
            }
        ],
    },
    "route": {"path": "/definition*"},
    "discovery": FOUND,
}


@pytest.mark.full
@pytest.mark.parametrize(("name", "service"), [("containers", CONTAINERS), ("definition", DEFINITION)])
def test_another_form_serves_and_is_left_alone(vpc: LocalCloud, name: str, service: dict[str, Any]) -> None:
    """It is reached at its path and found by its name; the same manifest again changes nothing."""
    manifest = {
        "application": f"form-{name}",
        "namespace": f"{name}.local",
        "load_balancer": {"name": "slipway"},
        "services": {"hello": service},
    }
    body = json.dumps(manifest).encode()
    first, again = (
        vpc.ended(vpc.ask("POST", "/deployments", body, Content_Type="application/json").document["id"])
        for _ in range(2)
    )

    assert ("succeeded", True) == (first["status"], first["services"]["hello"]["changed"]), first["failure"]
    assert ("succeeded", False) == (again["status"], again["services"]["hello"]["changed"]), again["failure"]
    assert "hello" == vpc.visit(f"/{name}")["greeting"]
