"""A service of a manifest: how it runs, is found, is reached and is rolled out."""

from collections.abc import Mapping
from math import ceil
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from chalicelib.manifest.base import EMPTY, MAX_INTEGER, Model
from chalicelib.manifest.containers import Containers, Environment, HealthCheck, Mount, Secrets, StopTimeout, Volumes
from chalicelib.manifest.described import registrable
from chalicelib.manifest.values import (
    DiscoveryName,
    Flag,
    HealthPath,
    HostPattern,
    Image,
    Matcher,
    Name,
    PathPattern,
    Port,
    Reference,
    RetentionDays,
    Role,
    Text,
    Texts,
    Told,
    Whole,
    not_empty,
    records_once,
)

# https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_AwsVpcConfiguration.html
MAX_SUBNETS = 16
MAX_SECURITY_GROUPS = 5
FARGATE_PROVIDERS = ("FARGATE", "FARGATE_SPOT")

# How many there may be is a rule in `rules`: pydantic would not look at the entries of a list that is too long.
Subnets = Annotated[tuple[Reference, ...], Field(json_schema_extra={"minItems": 1, "maxItems": MAX_SUBNETS})]
SecurityGroups = Annotated[tuple[Reference, ...], Field(json_schema_extra={"maxItems": MAX_SECURITY_GROUPS})]


class NetworkOverride(Model):
    """What one service says otherwise than the application's network; None leaves the application's."""

    vpc: Reference | None = None
    subnets: Subnets | None = None
    security_groups: SecurityGroups | None = None
    assign_public_ip: Flag | None = None


class Discovery(Model):
    """The Cloud Map service of a service. `name` None is the service's own name; `ttl` is in seconds.

    `container` is the one whose port SRV records tell; None is the routed one, or the only one that has a port.
    """

    name: DiscoveryName | None = None
    records: Annotated[
        tuple[Literal["A", "SRV"], ...], AfterValidator(records_once), Told({"minItems": 1, "uniqueItems": True})
    ] = ("A",)
    ttl: Annotated[Whole, Field(ge=0, le=MAX_INTEGER)] = 10
    container: Text | None = None


class RouteHealthCheck(Model):
    """How the load balancer asks a task whether it is well. Times in seconds, thresholds in answers.

    Ranges: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html
    """

    path: HealthPath = "/"
    matcher: Matcher = "200"
    interval: Annotated[Whole, Field(ge=5, le=300)] = 10
    timeout: Annotated[Whole, Field(ge=2, le=120)] = 5
    healthy: Annotated[Whole, Field(ge=2, le=10)] = 2
    unhealthy: Annotated[Whole, Field(ge=2, le=10)] = 2


class Route(Model):
    """A rule of the load balancer's listener; the delay is in seconds.

    `priority` None lets Slipway choose. `container` None is the only one that has a port.
    """

    path: PathPattern = "/*"
    host: HostPattern | None = None
    priority: Annotated[Whole, Field(ge=1, le=50000)] | None = None
    health_check: RouteHealthCheck = RouteHealthCheck()
    deregistration_delay: Annotated[Whole, Field(ge=0, le=3600)] = 30
    container: Text | None = None


class Rollout(Model):
    """How many tasks may run during a rollout, in percent of the desired count.

    AWS documents no upper end for `maximum_percent`:
    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html
    """

    minimum_healthy_percent: Annotated[Whole, Field(ge=0, le=100)] = 100
    maximum_percent: Annotated[Whole, Field(ge=100, le=MAX_INTEGER)] = 200
    circuit_breaker: Flag = True


def no_room(desired: int, minimum_healthy_percent: int, maximum_percent: int) -> str | None:
    """Return in words why ECS can replace no task of so many, None where it may start one more or stop one.

    It rounds the maximum down and the minimum up:
    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html
    """
    most, least = desired * maximum_percent // 100, ceil(desired * minimum_healthy_percent / 100)
    if not desired or most > desired or least < desired:
        return None
    allowed = f"with {desired} desired, {maximum_percent} % allows {most} tasks and {minimum_healthy_percent} % keeps"
    return f"{allowed} {least}, so that none can be replaced"


class Scaling(Model):
    """How many tasks run, decided by Application Auto Scaling; `cpu` and `memory` in percent, requests per minute.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-autoscaling-targettracking.html
    """

    min: Annotated[Whole, Field(ge=0, le=5000)]
    max: Annotated[Whole, Field(ge=1, le=5000)]
    cpu: Annotated[Whole, Field(ge=1, le=100)] | None = None
    memory: Annotated[Whole, Field(ge=1, le=100)] | None = None
    requests_per_target: Annotated[Whole, Field(ge=1, le=MAX_INTEGER)] | None = None


class BeforeDeploy(Model):
    """A task of the new revision that runs once, with another command, and must exit 0 before the service changes."""

    command: Annotated[Texts, AfterValidator(not_empty), Told({"minItems": 1})]
    timeout_seconds: Annotated[Whole, Field(ge=1, le=86400)] = 300


class CapacityProvider(Model):
    """A capacity provider, its share of the tasks, and how many it gets first.

    Ranges: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CapacityProviderStrategyItem.html
    """

    name: Name
    weight: Annotated[Whole, Field(ge=0, le=1000)] = 1
    base: Annotated[Whole, Field(ge=0, le=100_000)] = 0


class Service(Model):
    """One ECS service, in one of three forms: one container (`image` and its like), `containers`, `task_definition`.

    `cpu` in CPU units, `memory` in MiB, `stop_timeout` in seconds. `desired_count` None leaves the count that runs.
    """

    image: Image | None = None
    containers: Containers | None = None
    task_definition: Mapping[str, Any] | None = None
    cpu: Whole = 256
    memory: Whole = 512
    architecture: Literal["x86_64", "arm64"] = "x86_64"
    port: Port | None = None
    desired_count: Annotated[Whole, Field(ge=0, le=5000)] | None = None
    command: Texts | None = None
    entry_point: Texts | None = None
    environment: Environment = EMPTY
    secrets: Secrets = EMPTY
    health_check: HealthCheck | None = None
    depends_on: tuple[Text, ...] = ()
    discovery: Discovery | None = None
    route: Route | None = None
    scaling: Scaling | None = None
    rollout: Rollout = Rollout()
    before_deploy: BeforeDeploy | None = None
    launch_type: Literal["FARGATE", "EC2"] = "FARGATE"
    capacity_providers: tuple[CapacityProvider, ...] = ()
    volumes: Volumes = EMPTY
    mounts: tuple[Mount, ...] = ()
    ephemeral_storage_gib: Annotated[Whole, Field(ge=21, le=200)] | None = None
    task_role: Role | None = None
    health_check_grace_period_seconds: Annotated[Whole, Field(ge=0, le=MAX_INTEGER)] = 0
    stop_timeout: StopTimeout = 30
    log_retention_days: RetentionDays = 30
    network: NetworkOverride | None = None
    adopt: Flag = False

    @property
    def definition(self) -> dict[str, Any] | None:
        """Return the raw task definition as it is registered, None without one."""
        return None if self.task_definition is None else registrable(self.task_definition).content

    @property
    def compatibility(self) -> str:
        """Return where its tasks run: "FARGATE" or "EC2"."""
        if self.capacity_providers:
            return "FARGATE" if self.capacity_providers[0].name in FARGATE_PROVIDERS else "EC2"
        return self.launch_type

    @property
    def first_count(self) -> int:
        """Return with how many tasks the service begins: what is desired, else one, within what scaling allows."""
        desired = 1 if self.desired_count is None else self.desired_count
        return min(max(desired, self.scaling.min), self.scaling.max) if self.scaling else desired

    def count_after(self, runs: int | None) -> int:
        """Return how many tasks are desired after a deployment, of a service that runs so many, None for a new one."""
        return self.first_count if runs is None or not self.keeps_count else runs

    @property
    def keeps_count(self) -> bool:
        """Tell whether the service runs as many tasks as before: scaling, or whoever else has set it, decides that."""
        return self.scaling is not None or self.desired_count is None
