"""One account of change: whatever field of a manifest changes, plan, deployment, AWS and the way back say the same."""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

import pytest

from chalicelib.deployment import Deployment, Status
from chalicelib.store import Store
from tests.machine.slipway import Slipway, two_services
from tests.machine.test_way_back import served
from tests.manifest_fields import fields

EFS, OTHER_EFS = "fs-0123456789abcdef0", "fs-0123456789abcdef1"
CHECK = {"command": ["CMD", "true"], "interval": 10, "timeout": 3, "retries": 2, "start_period": 5}
SERVICES: dict[str, Any] = {
    "home": {
        "image": "home:1",
        "cpu": 512,
        "memory": 1024,
        "architecture": "x86_64",
        "port": 5000,
        "desired_count": 2,
        "command": ["serve"],
        "entry_point": ["sh"],
        "environment": {"GREETING": "hello"},
        "secrets": {"TOKEN": "/shop/token"},
        "health_check": CHECK,
        "discovery": {"name": "www", "ttl": 10},
        "route": {"path": "/home*", "host": "www.example.com", "priority": 7},
        "volumes": {"shared": {"efs": EFS, "transit_encryption": True}},
        "mounts": [{"volume": "shared", "path": "/data"}],
        "ephemeral_storage_gib": 30,
        "task_role": "home",
        "network": {"subnets": ["private"], "security_groups": ["default"], "assign_public_ip": False},
    },
    "web": {
        "containers": {
            "web": {
                "image": "web:1",
                "port": 8000,
                "command": ["serve"],
                "entry_point": ["sh"],
                "environment": {"GREETING": "hello"},
                "secrets": {"TOKEN": "/shop/token"},
                "health_check": CHECK,
                "depends_on": {"side": "START"},
                "stop_timeout": 20,
                "mounts": [{"volume": "scratch", "path": "/data"}],
                "cpu": 64,
                "memory": 128,
            },
            "side": {"image": "side:1", "port": 9000},
        },
        "volumes": {"scratch": {}},
        "route": {"path": "/web*", "container": "web"},
        "discovery": {"records": ["SRV"], "container": "web"},
        "scaling": {"min": 2, "max": 4, "cpu": 60, "memory": 70, "requests_per_target": 100},
        "capacity_providers": [{"name": "FARGATE", "weight": 1, "base": 1}],
    },
    "raw": {
        "task_definition": {
            "networkMode": "awsvpc",
            "cpu": "256",
            "memory": "512",
            "containerDefinitions": [{"name": "raw", "image": "raw:1"}],
        }
    },
    "db": {
        "image": "db:1",
        "launch_type": "EC2",
        "volumes": {"init": {"host_path": "/init"}},
        "mounts": [{"volume": "init", "path": "/init", "read_only": True}],
    },
}

CHANGES: Mapping[str, tuple[str, Any]] = {
    "execution_role": ("", "other"),
    "tags": ("", {"Team": "other", "New": "tag"}),
    "network.subnets": ("raw", ["others"]),
    "network.security_groups": ("raw", ["other"]),
    "network.assign_public_ip": ("raw", True),
    "services.*.image": ("home", "home:2"),
    "services.*.task_definition": (
        "raw",
        {**SERVICES["raw"]["task_definition"], "containerDefinitions": [{"name": "raw", "image": "raw:2"}]},
    ),
    "services.*.cpu": ("home", 256),
    "services.*.memory": ("home", 2048),
    "services.*.architecture": ("home", "arm64"),
    "services.*.port": ("home", 5001),
    "services.*.desired_count": ("home", 3),
    "services.*.command": ("home", ["serve", "--loud"]),
    "services.*.entry_point": ("home", ["bash"]),
    "services.*.environment": ("home", {"GREETING": "hi"}),
    "services.*.secrets": ("home", {"TOKEN": "/shop/other"}),
    "services.*.health_check.command": ("home", ["CMD", "curl"]),
    "services.*.health_check.interval": ("home", 11),
    "services.*.health_check.timeout": ("home", 4),
    "services.*.health_check.retries": ("home", 3),
    "services.*.health_check.start_period": ("home", 6),
    "services.*.discovery.name": ("home", "other"),
    "services.*.discovery.ttl": ("home", 20),
    "services.*.discovery.container": ("web", "side"),
    "services.*.route.path": ("home", "/other*"),
    "services.*.route.host": ("home", "other.example.com"),
    "services.*.route.priority": ("home", 8),
    "services.*.route.container": ("web", "side"),
    "services.*.route.deregistration_delay": ("home", 5),
    "services.*.route.health_check.path": ("home", "/up"),
    "services.*.route.health_check.matcher": ("home", "204"),
    "services.*.route.health_check.interval": ("home", 20),
    "services.*.route.health_check.timeout": ("home", 6),
    "services.*.route.health_check.healthy": ("home", 3),
    "services.*.route.health_check.unhealthy": ("home", 4),
    "services.*.scaling.min": ("web", 1),
    "services.*.scaling.max": ("web", 5),
    "services.*.scaling.cpu": ("web", 50),
    "services.*.scaling.memory": ("web", 50),
    "services.*.scaling.requests_per_target": ("web", 200),
    "services.*.rollout.minimum_healthy_percent": ("home", 50),
    "services.*.rollout.maximum_percent": ("home", 150),
    "services.*.rollout.circuit_breaker": ("home", False),
    "services.*.capacity_providers[].name": ("web", "FARGATE_SPOT"),
    "services.*.capacity_providers[].weight": ("web", 2),
    "services.*.capacity_providers[].base": ("web", 0),
    "services.*.volumes.*.efs": ("home", OTHER_EFS),
    "services.*.volumes.*.root_directory": ("home", "/other"),
    "services.*.volumes.*.access_point": ("home", "fsap-0123456789abcdef0"),
    "services.*.volumes.*.transit_encryption": ("home", False),
    "services.*.volumes.*.iam": ("home", True),
    "services.*.volumes.*.host_path": ("db", "/other"),
    "services.*.mounts[].path": ("home", "/other"),
    "services.*.mounts[].read_only": ("home", True),
    "services.*.ephemeral_storage_gib": ("home", 40),
    "services.*.task_role": ("home", "other"),
    "services.*.health_check_grace_period_seconds": ("home", 60),
    "services.*.stop_timeout": ("home", 60),
    "services.*.log_retention_days": ("home", 7),
    "services.*.network.subnets": ("home", ["others"]),
    "services.*.network.security_groups": ("home", ["other"]),
    "services.*.network.assign_public_ip": ("home", True),
    "services.*.containers.*.image": ("web", "web:2"),
    "services.*.containers.*.port": ("web", 8001),
    "services.*.containers.*.command": ("web", ["serve", "--loud"]),
    "services.*.containers.*.entry_point": ("web", ["bash"]),
    "services.*.containers.*.environment": ("web", {"GREETING": "hi"}),
    "services.*.containers.*.secrets": ("web", {"TOKEN": "/shop/other"}),
    "services.*.containers.*.essential": ("web", False),
    "services.*.containers.*.health_check.command": ("web", ["CMD", "curl"]),
    "services.*.containers.*.health_check.interval": ("web", 11),
    "services.*.containers.*.health_check.timeout": ("web", 4),
    "services.*.containers.*.health_check.retries": ("web", 3),
    "services.*.containers.*.health_check.start_period": ("web", 6),
    "services.*.containers.*.depends_on": ("web", {}),
    "services.*.containers.*.stop_timeout": ("web", 60),
    "services.*.containers.*.mounts[].path": ("web", "/other"),
    "services.*.containers.*.mounts[].read_only": ("web", True),
    "services.*.containers.*.cpu": ("web", 32),
    "services.*.containers.*.memory": ("web", 64),
}
"""By field: the service that says otherwise, and what it says then; "" is the manifest itself."""

NOTHING: Mapping[str, tuple[str, Any]] = {
    "timeout_seconds": ("", 800),
    "poll_seconds": ("", 10),
    "on_failure": ("", "keep"),
    "prune": ("", True),
    "network.vpc": ("", "vpc-1"),
    "services.*.network.vpc": ("home", "vpc-1"),
    "services.*.depends_on": ("home", ["db"]),
    "services.*.adopt": ("home", True),
    "services.*.before_deploy.command": ("home", ["migrate"]),
    "services.*.before_deploy.timeout_seconds": ("home", 100),
}
"""What tells how a deployment goes, or the same place by another name: nothing of it is in AWS."""

REFUSED: Mapping[str, tuple[str, Any, str]] = {
    "load_balancer.name": ("", "absent", "listener_not_found"),
    "load_balancer.port": ("", 81, "listener_not_found"),
    "services.*.launch_type": ("raw", "EC2", "launch_type_fixed"),
    "services.*.discovery.records": ("home", ["SRV"], "discovery_conflict"),
}
ELSEWHERE = {"application", "environment", "cluster", "namespace"}
"""With another of these it is another application, or all of it stands elsewhere."""
OTHERS = {"services.*.mounts[].volume", "services.*.containers.*.mounts[].volume"}
"""What cannot change alone: a second volume would have to be there."""


def manifest(service: str) -> dict[str, Any]:
    """Return a manifest in which everything is said of a service."""
    return two_services(execution_role="execution", services={service: deepcopy(SERVICES[service])})


def changed(whole: dict[str, Any], path: str, service: str, value: Any) -> dict[str, Any]:
    """Return a manifest that says otherwise in one field."""
    copy = deepcopy(whole)
    node: Any = copy
    *way, last = _places(path, service)
    for place in way:
        node = node.setdefault(place, {}) if isinstance(node, dict) else node[place]
    node[last] = value
    if path == "services.*.task_definition":
        copy["services"]["raw"] = {"task_definition": value}
    return copy


def _places(path: str, service: str) -> Iterator[str | int]:
    """Yield how one comes to a field: by names, and by places in lists."""
    volume = next(iter(SERVICES.get(service, {}).get("volumes", {})), "")
    names = {"services": service, "containers": "web", "volumes": volume}
    before = ""
    for part in path.split("."):
        name = part.removesuffix("[]")
        yield names[before] if name == "*" else name
        if part.endswith("[]"):
            yield 0
        before = name


def told(plan: dict[str, Any]) -> dict[str, set[str]]:
    """Return the fields that a plan names, by service, as a deployment names them: an object is one field."""
    return {name: {each["field"] for each in service["changes"]} for name, service in plan["services"].items()}


def same_fields(shown: set[str], recorded: tuple[str, ...]) -> bool:
    """Tell whether plan and record name the same: a plan shows what changes inside of an object."""
    covered = {field for field in recorded if any(each == field or each.startswith(f"{field}.") for each in shown)}
    return covered == set(recorded) and all(
        any(each == field or each.startswith(f"{field}.") for field in recorded) for each in shown
    )


def test_every_field_is_here() -> None:
    """Every field of the JSON Schema changes here, or it is said why it does not."""
    assert fields() == {*CHANGES, *NOTHING, *REFUSED, *ELSEWHERE, *OTHERS}


def named_alike(plan: dict[str, Any], deployment: Deployment) -> bool:
    """Tell whether plan and deployment name the same fields of each service, and say alike whether it changes."""
    return all(
        same_fields(told(plan)[name], service.changed_fields)
        and ({"update": True, "unchanged": False}[plan["services"][name]["action"]],) * 2
        == (service.changed, bool(service.changed_fields))
        for name, service in deployment.services.items()
    )


@pytest.mark.parametrize("path", CHANGES)
def test_field(store: Store, path: str) -> None:
    """A field that changes is told alike by plan and deployment, is there in AWS, and is no change any more.

    When another service of that deployment fails, all is as it was.
    """
    service, value = CHANGES[path][0] or "home", CHANGES[path][1]
    slipway, before = Slipway(store, broken={"late:1"}), manifest(service)
    slipway.deploy(before)
    after, was = changed(before, path, CHANGES[path][0], value), served(slipway)
    late = {"image": "late:1", "depends_on": [service]}
    failed = slipway.deploy({**after, "services": {**after["services"], "late": late}})
    assert (Status.ROLLED_BACK, was) == (failed.status, served(slipway)), failed.verdict

    plan, deployment = slipway.dry_run(after), slipway.deploy(after)
    assert (Status.SUCCEEDED, True) == (deployment.status, deployment.services[service].changed), deployment.verdict
    assert named_alike(plan, deployment), (told(plan), deployment.services[service].changed_fields)
    assert was != served(slipway)

    slipway.world.changes.clear()
    again = slipway.deploy(after)
    assert (Status.SUCCEEDED, False, []) == (again.status, again.services[service].changed, slipway.world.changes)


@pytest.mark.parametrize("path", NOTHING)
def test_field_that_changes_nothing(store: Store, path: str) -> None:
    """What is not in AWS changes nothing there, and nobody says that it did."""
    slipway, before = Slipway(store), manifest("home")
    before["services"]["db"] = SERVICES["db"]
    slipway.deploy(before)
    after = changed(before, path, *NOTHING[path])
    if path == "services.*.before_deploy.timeout_seconds":
        after["services"]["home"]["before_deploy"]["command"] = ["migrate"]
    slipway.world.changes.clear()
    plan, deployment = slipway.dry_run(after), slipway.deploy(after)

    assert {"unchanged"} == {service["action"] for service in plan["services"].values()}
    assert (Status.SUCCEEDED, []) == (deployment.status, slipway.world.changes)
    assert named_alike(plan, deployment)


@pytest.mark.parametrize("path", REFUSED)
def test_field_that_cannot_change(store: Store, path: str) -> None:
    """What AWS does not change is refused by plan and deployment, by the same code, and nothing is changed."""
    service, value, code = REFUSED[path]
    slipway, before = Slipway(store), manifest(service or "home")
    slipway.deploy(before)
    after = changed(before, path, service, value)
    slipway.world.changes.clear()
    plan, deployment = slipway.dry_run(after), slipway.deploy(after)

    assert deployment.failure is not None
    assert [code] == [each["code"] for each in plan["findings"]]
    assert (Status.FAILED, code, []) == (deployment.status, deployment.failure.code, slipway.world.changes)
