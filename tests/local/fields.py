"""Four services of which everything is said that a manifest can say, what each field becomes, and how AWS has it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests import manifest_changes as table
from tests.local.local_cloud import LocalCloud

SERVER = """
import http.server, os, signal, sys, threading
class Ok(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
for port in os.environ.get("PORTS", "5000 5001").split():
    threading.Thread(target=http.server.ThreadingHTTPServer(("0.0.0.0", int(port)), Ok).serve_forever).start()
"""
"""It answers whatever it is asked, on all the ports that a manifest here may name."""
RUN = {"image": "actors-hello:1", "entry_point": ["python"], "command": ["-c", SERVER]}
CHECKED_SOON = {
    "health_check": {"interval": 5, "timeout": 2, "healthy": 2, "unhealthy": 2},
    "deregistration_delay": 1,
}
"""What a load balancer has judged after the fewest seconds, which are real."""
PARAMETERS = ("/shop/token", "/shop/other")
SUBNET = "others"


def services() -> dict[str, Any]:
    """Return the machine floor's services, as programs that run, with the names of the local account."""
    home, web, db = (table.SERVICES[name] for name in ("home", "web", "db"))
    two = web["containers"]
    ports = {"web": "8000 8001", "side": "9000"}
    containers = {
        name: two[name] | RUN | {"environment": {"PORTS": each, "GREETING": "hello"}} for name, each in ports.items()
    }
    raw = {**table.SERVICES["raw"]["task_definition"], "requiresCompatibilities": ["FARGATE"]}
    raw["containerDefinitions"] = [{"name": "raw", "image": "actors-hello:1"}]
    route = {**home["route"], **CHECKED_SOON}
    return {
        "home": {**home, **RUN, "desired_count": 1, "task_role": "ecs-practice-task", "route": route},
        "web": {
            **web,
            "containers": containers,
            "route": {**web["route"], **CHECKED_SOON},
            "scaling": {**web["scaling"], "min": 1},
        },
        "raw": {"task_definition": raw},
        "db": {**db, "image": "actors-hello:1"},
    }


SERVICES = services()
OTHER_SERVER = ["-c", SERVER, "--loud"]
CHANGES: Mapping[str, tuple[str, Any]] = {
    **table.CHANGES,
    "execution_role": ("", "bookingapp-home"),
    "network.security_groups": ("raw", ["service"]),
    "services.*.image": ("home", "actors-hello:2"),
    "services.*.task_definition": (
        "raw",
        {**SERVICES["raw"]["task_definition"], "containerDefinitions": [{"name": "raw", "image": "actors-hello:2"}]},
    ),
    "services.*.desired_count": ("home", 2),
    "services.*.command": ("home", OTHER_SERVER),
    "services.*.entry_point": ("home", ["python3"]),
    "services.*.health_check.command": ("home", ["CMD-SHELL", "exit 0"]),
    "services.*.route.deregistration_delay": ("home", 2),
    "services.*.route.health_check.matcher": ("home", "200-299"),
    "services.*.route.health_check.interval": ("home", 6),
    "services.*.route.health_check.timeout": ("home", 3),
    "services.*.route.health_check.unhealthy": ("home", 3),
    "services.*.rollout.maximum_percent": ("home", 300),
    "services.*.scaling.min": ("web", 2),
    "services.*.task_role": ("home", "bookingapp-home"),
    "services.*.network.security_groups": ("home", ["service"]),
    "services.*.containers.*.image": ("web", "actors-hello:2"),
    "services.*.containers.*.command": ("web", OTHER_SERVER),
    "services.*.containers.*.entry_point": ("web", ["python3"]),
    "services.*.containers.*.environment": ("web", {"PORTS": "8000 8001", "GREETING": "hi"}),
    "services.*.containers.*.health_check.command": ("web", ["CMD-SHELL", "exit 0"]),
}
"""By field: the service that says otherwise, and what it says then, where the local account has other names."""


ROUTES = [path for path in CHANGES if path.startswith("services.*.route.")]
CONTAINERS = [path for path in CHANGES if CHANGES[path][0] == "web" and path not in ROUTES]
OTHERS = [path for path in CHANGES if path not in (*ROUTES, *CONTAINERS)]


def manifest(service: str) -> dict[str, Any]:
    """Return the manifest of one service, of which everything is said; those on EC2 are where the instances are."""
    own = {
        "application": f"fields-{service}",
        "namespace": f"fields-{service}.internal",
        "execution_role": "ecsTaskExecutionRole",
        "network": {"subnets": ["private"], "security_groups": ["default"]},
        "load_balancer": {"name": "slipway", "port": 80},
        "tags": {"Team": "shop", "Dropped": "later"},
        "services": {service: SERVICES[service]},
    }
    return {**own, "cluster": "default"} if service == "db" else own


def changed(path: str) -> dict[str, Any]:
    """Return the manifest of a field's service, with the field as it becomes."""
    service, value = CHANGES[path]
    return table.changed(manifest(service or "home"), path, service, value)


def furnish(cloud: LocalCloud) -> None:
    """Put into the account what the manifests name and it does not have: parameters, and a private subnet."""
    for name in PARAMETERS:
        cloud.client("ssm").put_parameter(Name=name, Value=name, Type="SecureString")
    ec2 = cloud.client("ec2")
    named = [{"Name": "tag:Name", "Values": ["private"]}]
    like = ec2.describe_subnets(Filters=named)["Subnets"][0]
    tags = [{"ResourceType": "subnet", "Tags": [{"Key": "Name", "Value": SUBNET}]}]
    made = ec2.create_subnet(
        VpcId=like["VpcId"],
        AvailabilityZone=like["AvailabilityZone"],
        CidrBlock="10.0.208.0/20",
        TagSpecifications=tags,
    )
    table_of = [{"Name": "association.subnet-id", "Values": [like["SubnetId"]]}]
    routes = ec2.describe_route_tables(Filters=table_of)["RouteTables"][0]["RouteTableId"]
    ec2.associate_route_table(RouteTableId=routes, SubnetId=made["Subnet"]["SubnetId"])


def images_with_hosts(folder: Path) -> Path:
    """Write an images file that says what is on the disks of container instances, at the paths that are named."""
    for name in ("init", "other"):
        (folder / name).mkdir()
    file = folder / "images.toml"
    file.write_text('[host]\n"/init" = "init"\n"/other" = "other"\n')
    return file
