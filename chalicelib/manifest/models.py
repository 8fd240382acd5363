"""The manifest as values: what a caller may write, its defaults, and the names that follow from it."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from chalicelib.manifest.values import (
    DiscoveryName,
    Flag,
    HealthPath,
    HostPattern,
    Image,
    LoadBalancerName,
    Matcher,
    Name,
    Namespace,
    PathPattern,
    Port,
    Reference,
    RetentionDays,
    Role,
    TagKey,
    TagValue,
    Text,
    Texts,
    VariableName,
    Whole,
    check_command,
    records_once,
)

MAX_SERVICES = 40
# AWS allows 50 on a resource; five are Slipway's own.
MAX_TAGS = 45
# https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_AwsVpcConfiguration.html
MAX_SUBNETS = 16
MAX_SECURITY_GROUPS = 5
MAX_INTEGER = 2**31 - 1

# How many there may be is a rule in `rules`: pydantic would not look at the entries of a list that is too long.
Subnets = Annotated[tuple[Reference, ...], Field(json_schema_extra={"minItems": 1, "maxItems": MAX_SUBNETS})]
SecurityGroups = Annotated[tuple[Reference, ...], Field(json_schema_extra={"maxItems": MAX_SECURITY_GROUPS})]
Tags = Annotated[Mapping[TagKey, TagValue], Field(json_schema_extra={"maxProperties": MAX_TAGS})]


class Model(BaseModel):
    """The base of every part of a manifest: it cannot be changed, and knows no key but its own."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Network(Model):
    """Where tasks run. Everything but `assign_public_ip` is an id, an ARN or a Name tag."""

    vpc: Reference
    subnets: Subnets
    security_groups: SecurityGroups = ()
    assign_public_ip: Flag = False


class NetworkOverride(Model):
    """What one service says otherwise than the application's network; None leaves the application's."""

    vpc: Reference | None = None
    subnets: Subnets | None = None
    security_groups: SecurityGroups | None = None
    assign_public_ip: Flag | None = None


class LoadBalancer(Model):
    """An existing Application Load Balancer and the port of its listener."""

    name: LoadBalancerName
    port: Port = 80


class Discovery(Model):
    """The Cloud Map service of a service. `name` None is the service's own name; `ttl` is in seconds."""

    name: DiscoveryName | None = None
    records: Annotated[tuple[Literal["A", "SRV"], ...], AfterValidator(records_once)] = ("A",)
    ttl: Annotated[Whole, Field(ge=0, le=MAX_INTEGER)] = 10


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
    """A rule of the load balancer's listener. `priority` None lets Slipway choose; the delay is in seconds."""

    path: PathPattern = "/*"
    host: HostPattern | None = None
    priority: Annotated[Whole, Field(ge=1, le=50000)] | None = None
    health_check: RouteHealthCheck = RouteHealthCheck()
    deregistration_delay: Annotated[Whole, Field(ge=0, le=3600)] = 30


class HealthCheck(Model):
    """The container's own health check. Times in seconds.

    Ranges: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html
    """

    command: Annotated[Texts, AfterValidator(check_command)]
    interval: Annotated[Whole, Field(ge=5, le=300)] = 30
    timeout: Annotated[Whole, Field(ge=2, le=60)] = 5
    retries: Annotated[Whole, Field(ge=1, le=10)] = 3
    start_period: Annotated[Whole, Field(ge=0, le=300)] = 0


class Rollout(Model):
    """How many tasks may run during a rollout, in percent of the desired count.

    AWS documents no upper end for `maximum_percent`:
    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html
    """

    minimum_healthy_percent: Annotated[Whole, Field(ge=0, le=100)] = 100
    maximum_percent: Annotated[Whole, Field(ge=100, le=MAX_INTEGER)] = 200
    circuit_breaker: Flag = True


class Service(Model):
    """One ECS service. `cpu` in CPU units, `memory` in MiB, `stop_timeout` in seconds."""

    image: Image
    cpu: Whole = 256
    memory: Whole = 512
    architecture: Literal["x86_64", "arm64"] = "x86_64"
    port: Port | None = None
    desired_count: Annotated[Whole, Field(ge=0, le=5000)] = 1
    command: Texts | None = None
    entry_point: Texts | None = None
    environment: Mapping[VariableName, Text] = {}
    health_check: HealthCheck | None = None
    depends_on: tuple[Text, ...] = ()
    discovery: Discovery | None = None
    route: Route | None = None
    rollout: Rollout = Rollout()
    task_role: Role | None = None
    health_check_grace_period_seconds: Annotated[Whole, Field(ge=0, le=MAX_INTEGER)] = 0
    stop_timeout: Annotated[Whole, Field(ge=2, le=120)] = 30
    log_retention_days: RetentionDays = 30
    network: NetworkOverride | None = None


Services = Annotated[
    Mapping[Name, Service],
    Field(json_schema_extra={"minProperties": 1, "maxProperties": MAX_SERVICES}),
]


class Manifest(Model):
    """What a caller asks for: services that are deployed as one unit."""

    application: Name
    environment: Name = "default"
    cluster: Name | None = None
    namespace: Namespace | None = None
    network: Network
    load_balancer: LoadBalancer | None = None
    execution_role: Role | None = None
    tags: Tags = {}
    timeout_seconds: Annotated[Whole, Field(ge=1, le=86400)] = 900
    poll_seconds: Annotated[Whole, Field(ge=1, le=300)] = 15
    services: Services

    @property
    def cluster_name(self) -> str:
        """Return the ECS cluster's name: as written, or the application's (with its environment unless "default")."""
        return self.cluster or qualified(self.application, self.environment)

    def family(self, service: str) -> str:
        """Return the task definition family of a service."""
        return f"{qualified(self.application, self.environment)}-{service}"

    def network_of(self, service: str) -> Network:
        """Return where a service's tasks run: the application's network, each field as the service says otherwise."""
        said = self.services[service].network or NetworkOverride()
        return self.network.model_copy(update={field: value for field, value in said if value is not None})

    def discovered_name(self, service: str) -> str | None:
        """Return the DNS name of a service, such as "user.api.local", or None when it is not discovered."""
        discovery = self.services[service].discovery
        if discovery is None or self.namespace is None:
            return None
        return f"{discovery.name or service}.{self.namespace}"


def qualified(application: str, environment: str) -> str:
    """Return `<application>`, or `<application>-<environment>` when the environment is not "default"."""
    return application if environment == "default" else f"{application}-{environment}"
