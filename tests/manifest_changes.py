"""Four services of which everything is said that a manifest can say, and what each field becomes."""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

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
