"""What ECS remembers, as plain values; all of it is guarded by `World.changed`."""

import secrets
import string
import threading
import uuid
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from localcloud.clock import Clock
from localcloud.ecs.capacity import ContainerInstance, Place
from localcloud.ecs.revisions import Deployment, Revision, ServiceDeployment, TaskDefinition

LIVE_STATUSES = ("PROVISIONING", "PENDING", "ACTIVATING", "RUNNING")
PENDING_STATUSES = ("PROVISIONING", "PENDING", "ACTIVATING")
GONE_STATUSES = ("DEPROVISIONING", "STOPPED")
MAX_SERVICE_EVENTS = 100


@dataclass
class Cluster:
    """A name under which services and tasks live. `settings` are the request's members as they came."""

    name: str
    arn: str
    status: str = "ACTIVE"
    tags: dict[str, str] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)


@dataclass
class Container:
    """One container of a task: what was asked (`definition`) and how it goes."""

    arn: str
    definition: dict[str, Any]
    last_status: str = "PENDING"
    exit_code: int | None = None
    reason: str | None = None
    health_status: str = "UNKNOWN"
    runtime_id: str | None = None

    @property
    def name(self) -> str:
        """Return the container's name."""
        return str(self.definition["name"])

    @property
    def essential(self) -> bool:
        """Tell whether the task ends with this container."""
        return bool(self.definition["essential"])


@dataclass(frozen=True)
class NetworkInterface:
    """A task's elastic network interface."""

    attachment_id: str
    interface_id: str
    subnet_id: str
    ip: str
    public_ip: str | None = None


@dataclass(frozen=True)
class TargetHealth:
    """What the load balancer says of one target."""

    target_group_arn: str
    port: int
    state: str
    description: str


@dataclass
class Task:
    """One task. `stop_requested` and `attention` wake the thread that lives its life.

    A task of RunTask has an empty `service_name`, and an empty `started_by` unless the request gave one; `overrides`
    are the request's.
    """

    id: str
    arn: str
    cluster: Cluster
    revision: Revision
    group: str
    started_by: str
    service_name: str
    subnet_id: str
    availability_zone: str
    containers: list[Container]
    created_at: datetime
    place: Place
    overrides: dict[str, Any] = field(default_factory=dict)
    last_status: str = "PROVISIONING"
    desired_status: str = "RUNNING"
    health_status: str = "UNKNOWN"
    version: int = 1
    interface: NetworkInterface | None = None
    pull_started_at: datetime | None = None
    pull_stopped_at: datetime | None = None
    started_at: datetime | None = None
    stopping_at: datetime | None = None
    execution_stopped_at: datetime | None = None
    stopped_at: datetime | None = None
    stop_code: str | None = None
    stopped_reason: str | None = None
    targets: tuple[TargetHealth, ...] = ()
    was_healthy: bool = False
    tags: dict[str, str] = field(default_factory=dict)
    stop_requested: threading.Event = field(default_factory=threading.Event)
    attention: threading.Event = field(default_factory=threading.Event)

    @property
    def task_definition(self) -> TaskDefinition:
        """Return the task definition that it runs."""
        return self.revision.task_definition

    @property
    def is_wanted(self) -> bool:
        """Tell whether nothing has asked it to stop, and it has not stopped by itself."""
        return self.desired_status == "RUNNING" and self.last_status in LIVE_STATUSES

    def request_stop(self, code: str, reason: str, now: datetime) -> None:
        """Ask it to stop; the first reason stays."""
        if self.desired_status == "STOPPED":
            return
        self.desired_status = "STOPPED"
        self.stop_code, self.stopped_reason, self.stopping_at = code, reason, now
        self.stop_requested.set()
        self.attention.set()


@dataclass
class Service:
    """One service. `settings` are the members of the request that are shown as they came, with AWS's defaults.

    `tasks` holds the tasks whose end the scheduler has not yet accounted for; `completed` is what a rollback goes to.
    """

    name: str
    arn: str
    cluster: Cluster
    request: dict[str, Any]
    settings: dict[str, Any]
    desired_count: int
    created_at: datetime
    tags: dict[str, str] = field(default_factory=dict)
    status: str = "ACTIVE"
    deployments: list[Deployment] = field(default_factory=list)
    history: list[ServiceDeployment] = field(default_factory=list)
    revisions: list[Revision] = field(default_factory=list)
    completed: Deployment | None = None
    tasks: list[Task] = field(default_factory=list)
    events: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=MAX_SERVICE_EVENTS))
    steady: bool = False
    launched: int = 0

    @property
    def primary(self) -> Deployment:
        """Return the deployment that the service moves to."""
        return next(d for d in self.deployments if d.status == "PRIMARY")

    @property
    def current(self) -> ServiceDeployment:
        """Return the newest service deployment."""
        return self.history[-1]

    @property
    def configuration(self) -> dict[str, Any]:
        """Return the deployment configuration, with AWS's defaults."""
        return dict(self.settings["deploymentConfiguration"])

    def tasks_of(self, deployment: Deployment) -> list[Task]:
        """Return the tasks that a deployment started and that are not accounted for."""
        return [task for task in self.tasks if task.started_by == deployment.id]


class World:
    """Everything that ECS remembers, and the condition that guards it and wakes the scheduler."""

    def __init__(self, clock: Clock, account: str, region: str) -> None:
        self.clock = clock
        self.account = account
        self.region = region
        self.changed = threading.Condition(threading.RLock())
        self.clusters: dict[str, Cluster] = {}
        self.families: dict[str, list[TaskDefinition]] = {}
        self.services: dict[str, Service] = {}
        self.tasks: dict[str, Task] = {}
        self.stopped: deque[Task] = deque()
        self.container_instances: dict[str, ContainerInstance] = {}

    def arn(self, resource: str) -> str:
        """Return the ARN of an ECS resource, such as "cluster/default"."""
        return f"arn:aws:ecs:{self.region}:{self.account}:{resource}"

    def now(self) -> datetime:
        """Return the present instant, in UTC."""
        return self.clock.now()

    def wake(self) -> None:
        """Let the scheduler look at once."""
        with self.changed:
            self.changed.notify_all()


def new_id() -> str:
    """Return an id of 32 hexadecimal digits, as tasks have."""
    return uuid.uuid4().hex


def new_number() -> str:
    """Return an id of 19 digits, as deployments and service revisions have."""
    return "".join(secrets.choice(string.digits[1:]) for _ in range(19))


def tags_of(request: dict[str, Any]) -> dict[str, str]:
    """Return the tags of a request as a mapping."""
    return {tag["key"]: tag.get("value", "") for tag in request.get("tags", [])}
