"""What the tests of the local cloud's ECS share: its neighbours in memory, and small services to run."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import botocore.session
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

from localcloud.clock import Clock
from localcloud.ecs import Ecs
from localcloud.ecs.state import NetworkInterface
from localcloud.faults import AwsFault
from localcloud.images import Images
from localcloud.network.loopback import Loopback

T = TypeVar("T")
MODEL: ServiceModel = botocore.session.get_session().get_service_model("ecs")
SPEED = 100.0
REGISTRY = "arn:aws:servicediscovery:us-east-1:000000000000:service/srv-web"
GROUP = "arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/web/1"
SUBNETS = {"awsvpcConfiguration": {"subnets": ["subnet-a", "subnet-b"]}}
PROGRAMS = {
    "server": "import time\nprint('up', flush=True)\ntime.sleep(600)\n",
    "stubborn": (
        "import os, signal, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "child = os.fork()\n"
        "print(os.getpid(), flush=True)\n"
        "time.sleep(600)\n"
    ),
    "greedy": ("import time\nheld = []\nwhile True:\n    held.append(b'x' * (16 * 2**20))\n    time.sleep(0.02)\n"),
    "once": "print('done', flush=True)\n",
    "environment": "import json, os, time\nprint(json.dumps(dict(os.environ)), flush=True)\ntime.sleep(600)\n",
    "hello": (
        "from http.server import BaseHTTPRequestHandler, HTTPServer\n"
        "class Hello(BaseHTTPRequestHandler):\n"
        "    def do_GET(self):\n"
        "        self.send_response(200); self.end_headers(); self.wfile.write(b'hello')\n"
        "HTTPServer(('0.0.0.0', 8000), Hello).serve_forever()\n"
    ),
}


CRASH = """
[image.crash]
directory = "."
command = ["sh", "-c", "echo no database; exit 3"]
"""
"""No Python: on a busy machine that may take longer to start than ECS waits until it counts a task as healthy."""


@dataclass
class FakeDiscovery:
    """Cloud Map in memory. `said` is what ECS did, in order."""

    types: dict[str, tuple[str, ...]] = field(default_factory=lambda: {REGISTRY: ("A",)})
    instances: dict[str, dict[str, str]] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)

    def record_types(self, service_arn: str) -> tuple[str, ...] | None:
        """Return the record types given."""
        return self.types.get(service_arn)

    def register(self, service_arn: str, instance_id: str, attributes: dict[str, str], healthy: bool) -> None:
        """Remember the registration."""
        assert service_arn in self.types
        assert healthy
        self.instances[instance_id] = attributes
        self.said.append("discovery.register")

    def deregister(self, service_arn: str, instance_id: str) -> None:
        """Take note of the deregistration."""
        assert service_arn in self.types
        self.instances.pop(instance_id, None)
        self.said.append("discovery.deregister")


@dataclass
class FakeBalancer:
    """A load balancer's data plane in memory. `answers` is the health of every target; draining waits for `drained`."""

    listening: dict[str, bool] = field(default_factory=lambda: {GROUP: True})
    answers: tuple[str, str, str] = ("healthy", "", "")
    drained: bool = True
    targets: dict[tuple[str, int], str] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)

    def has_listener(self, target_group_arn: str) -> bool | None:
        """Return what `listening` says."""
        return self.listening.get(target_group_arn)

    def register(self, target_group_arn: str, ip: str, port: int) -> None:
        """Remember the registration."""
        assert target_group_arn in self.listening
        self.targets[ip, port] = "registered"
        self.said.append("balancer.register")

    def deregister(self, target_group_arn: str, ip: str, port: int) -> None:
        """Take note of the deregistration."""
        assert target_group_arn in self.listening
        self.targets[ip, port] = "draining"
        self.said.append("balancer.deregister")

    def is_drained(self, target_group_arn: str, ip: str, port: int) -> bool:
        """Return `drained` for a target that drains."""
        assert self.targets[ip, port] == "draining", target_group_arn
        return self.drained

    def health(self, target_group_arn: str, ip: str, port: int) -> tuple[str, str, str]:
        """Return `answers` for a registered target."""
        assert target_group_arn in self.listening
        return self.answers if self.targets.get((ip, port)) == "registered" else ("unused", "Target.NotRegistered", "")


@dataclass
class FakeLogs:
    """CloudWatch Logs in memory."""

    groups: set[str] = field(default_factory=lambda: {"/ecs/web"})
    streams: dict[str, list[str]] = field(default_factory=dict)

    def exists(self, group: str) -> bool:
        """Tell whether the group is in `groups`."""
        return group in self.groups

    def create(self, group: str) -> None:
        """Make the group."""
        self.groups.add(group)

    def put(self, group: str, stream: str, lines: list[tuple[int, str]]) -> None:
        """Keep the lines."""
        assert group in self.groups
        self.streams.setdefault(stream, []).extend(text for _, text in lines)

    def text(self) -> str:
        """Return all lines of all streams."""
        return "\n".join(line for lines in self.streams.values() for line in lines)


@dataclass
class FakeSecrets:
    """Secrets in memory, by `valueFrom`."""

    values: dict[str, str] = field(default_factory=dict)

    def value(self, reference: str) -> str:
        """Return the value, or refuse as the real store does."""
        if reference not in self.values:
            raise AwsFault("ParameterNotFound", f"unable to retrieve secrets from ssm: {reference}")
        return self.values[reference]


@dataclass
class FakeInterfaces:
    """EC2's interfaces in memory, with the security groups that they were given."""

    listed: dict[str, tuple[NetworkInterface, tuple[str, ...]]] = field(default_factory=dict)

    def attached(self, interface: NetworkInterface, security_groups: Sequence[str]) -> None:
        """List the interface."""
        self.listed[interface.interface_id] = (interface, tuple(security_groups))

    def detached(self, interface: NetworkInterface) -> None:
        """Forget the interface."""
        del self.listed[interface.interface_id]


class SharedAddress(Loopback):
    """A network whose tasks may have several containers, at one address: each binds ports of its own."""

    def refuses(self, task_definition: dict[str, Any]) -> None:
        """Refuse nothing."""
        assert task_definition["containerDefinitions"]


@dataclass
class Cloud:
    """A running ECS, its neighbours, and shorthands to use it."""

    ecs: Ecs
    discovery: FakeDiscovery
    balancer: FakeBalancer
    logs: FakeLogs
    network: Loopback
    events: list[tuple[str, list[str], dict[str, Any]]]
    secrets: FakeSecrets
    interfaces: FakeInterfaces

    def call(self, operation: str, **request: Any) -> dict[str, Any]:
        """Call ECS, and check that the answer has the shape of botocore's model."""
        answer = self.ecs.handle(operation, request)
        shape = MODEL.operation_model(operation).output_shape
        assert shape is not None
        report = ParamValidator().validate(answer, shape)
        assert not report.has_errors(), report.generate_report()
        return answer

    def register(self, image: str = "server", family: str = "web", **container: Any) -> str:
        """Register a Fargate task definition of one container and return its ARN."""
        return str(
            self.call("RegisterTaskDefinition", **definition(image, family, **container))["taskDefinition"][
                "taskDefinitionArn"
            ]
        )

    def define(self, family: str, *containers: dict[str, Any], **members: Any) -> str:
        """Register a task definition of several containers (each needs a name) and return its ARN."""
        whole = [{"image": "server", **container} for container in containers]
        request = {**definition(family=family), "containerDefinitions": whole, **members}
        return str(self.call("RegisterTaskDefinition", **request)["taskDefinition"]["taskDefinitionArn"])

    def run(self, image: str = "once", **request: Any) -> dict[str, Any]:
        """Run a task of an image (or of the `taskDefinition` given) and return it."""
        if "taskDefinition" not in request:
            request["taskDefinition"] = self.register(image, "job")
        request = {"launchType": "FARGATE", "networkConfiguration": SUBNETS, **request}
        return dict(self.call("RunTask", cluster="main", **request)["tasks"][0])

    def task(self, arn: str) -> dict[str, Any]:
        """Return a task with its tags."""
        return dict(self.call("DescribeTasks", cluster="main", tasks=[arn], include=["TAGS"])["tasks"][0])

    def ended(self, arn: str) -> dict[str, Any]:
        """Return a task once it is STOPPED."""
        until(lambda: self.task(arn)["lastStatus"] == "STOPPED")
        return self.task(arn)

    def machine(self, cpu: int = 1024, memory: int = 2048) -> str:
        """Register a container instance and return its ARN."""
        resources = [{"name": "CPU", "integerValue": cpu}, {"name": "MEMORY", "integerValue": memory}]
        answer = self.call("RegisterContainerInstance", cluster="main", totalResources=resources)
        return str(answer["containerInstance"]["containerInstanceArn"])

    def create(self, name: str = "web", *, count: int = 1, image: str = "server", **request: Any) -> dict[str, Any]:
        """Create a service of an image (or of the `taskDefinition` given) and return it."""
        if "taskDefinition" not in request:
            request["taskDefinition"] = self.register(image, name)
        request = {"launchType": "FARGATE", "networkConfiguration": SUBNETS, "desiredCount": count, **request}
        return dict(self.call("CreateService", cluster="main", serviceName=name, **request)["service"])

    def update(self, name: str = "web", **request: Any) -> dict[str, Any]:
        """Update a service and return it."""
        return dict(self.call("UpdateService", cluster="main", service=name, **request)["service"])

    def service(self, name: str = "web") -> dict[str, Any]:
        """Return a service as DescribeServices shows it."""
        return dict(self.call("DescribeServices", cluster="main", services=[name])["services"][0])

    def tasks(self, status: str = "RUNNING", **which: Any) -> list[dict[str, Any]]:
        """Return tasks by desired status, as DescribeTasks shows them."""
        arns = self.call("ListTasks", cluster="main", desiredStatus=status, **which)["taskArns"]
        return list(self.call("DescribeTasks", cluster="main", tasks=arns)["tasks"]) if arns else []

    def stopped(self) -> list[dict[str, Any]]:
        """Return the tasks that have reached STOPPED."""
        return [task for task in self.tasks("STOPPED") if task["lastStatus"] == "STOPPED"]

    def deployment(self, name: str = "web") -> dict[str, Any]:
        """Return a service's newest service deployment."""
        brief = self.call("ListServiceDeployments", cluster="main", service=name)["serviceDeployments"][0]
        arns = [brief["serviceDeploymentArn"]]
        return dict(self.call("DescribeServiceDeployments", serviceDeploymentArns=arns)["serviceDeployments"][0])

    def messages(self, name: str = "web") -> list[str]:
        """Return a service's events, oldest first."""
        return [event["message"] for event in reversed(self.service(name)["events"])]

    def until_steady(self, name: str = "web") -> None:
        """Wait until the newest rollout has ended well and the service rests."""
        until(lambda: self.service(name)["deployments"][0]["rolloutState"] == "COMPLETED")
        until(lambda: self.messages(name)[-1].endswith("has reached a steady state."))


def definition(image: str = "server", family: str = "web", **container: Any) -> dict[str, Any]:
    """Return a RegisterTaskDefinition request of one Fargate container."""
    return {
        "family": family,
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "cpu": "256",
        "memory": "512",
        "executionRoleArn": "arn:aws:iam::000000000000:role/execution",
        "containerDefinitions": [
            {"name": "app", "image": image, "portMappings": [{"containerPort": 8000}], **container}
        ],
    }


def until(look: Callable[[], T | None], timeout_seconds: float = 60) -> T:
    """Return what `look` says once that is true; fail after the timeout."""
    deadline = time.monotonic() + timeout_seconds
    while not (seen := look()):
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.01)
    return seen


@contextmanager
def running_cloud(directory: Path, network_of: type[Loopback] = Loopback) -> Iterator[Cloud]:
    """Run an ECS in a cluster named "main", with PROGRAMS and `crash` as images; /instance is the directory `disk`."""
    for name, text in PROGRAMS.items():
        (directory / f"{name}.py").write_text(text)
    toml = directory / "images.toml"
    toml.write_text(
        '[host]\n"/instance" = "disk"\n'
        + "".join(f'[image.{name}]\ndirectory = "."\ncommand = ["python", "{name}.py"]\n' for name in PROGRAMS)
        + CRASH
    )
    events: list[tuple[str, list[str], dict[str, Any]]] = []
    discovery, balancer, logs = FakeDiscovery(), FakeBalancer(), FakeLogs()
    secrets, interfaces = FakeSecrets(), FakeInterfaces()
    network = network_of(dns_address=("127.0.0.1", 9))
    ecs = Ecs(
        clock=Clock(SPEED),
        images=Images([toml], directory / "cache"),
        network=network,
        discovery=discovery,
        balancer=balancer,
        logs=logs,
        secrets=secrets,
        interfaces=interfaces,
        emit=lambda source, kind, resources, detail: events.append((f"{source} {kind}", resources, detail)),
    )
    ecs.start()
    cloud = Cloud(ecs, discovery, balancer, logs, network, events, secrets, interfaces)
    try:
        cloud.call("CreateCluster", clusterName="main")
        yield cloud
    finally:
        ecs.stop()
        network.close()
