"""The manifest as a value: what a caller may write, its defaults, and the names that follow from it."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from chalicelib import limits
from chalicelib.manifest.base import EMPTY, Model
from chalicelib.manifest.services import NetworkOverride, SecurityGroups, Service, Subnets
from chalicelib.manifest.values import (
    Flag,
    LoadBalancerName,
    Name,
    Namespace,
    Port,
    Reference,
    Role,
    TagKey,
    TagValue,
    Whole,
)

# AWS allows 50 on a resource; five are Slipway's own.
MAX_TAGS = 45

Tags = Annotated[Mapping[TagKey, TagValue], Field(json_schema_extra={"maxProperties": MAX_TAGS})]


class Network(Model):
    """Where tasks run. Everything but `assign_public_ip` is an id, an ARN or a Name tag."""

    vpc: Reference
    subnets: Subnets
    security_groups: SecurityGroups = ()
    assign_public_ip: Flag = False


class LoadBalancer(Model):
    """An existing Application Load Balancer and the port of its listener."""

    name: LoadBalancerName
    port: Port = 80


Services = Annotated[
    Mapping[Name, Service],
    Field(json_schema_extra={"minProperties": 1, "maxProperties": limits.SERVICES}),
]


class Manifest(Model):
    """What a caller asks for: services that are deployed as one unit.

    `on_failure` is what becomes of what a deployment changed when it fails; `prune` removes the application's services
    that are not named here.
    """

    application: Name
    environment: Name = "default"
    cluster: Name | None = None
    namespace: Namespace | None = None
    network: Network
    load_balancer: LoadBalancer | None = None
    execution_role: Role | None = None
    tags: Tags = EMPTY
    timeout_seconds: Annotated[Whole, Field(ge=1, le=86400)] = 900
    poll_seconds: Annotated[Whole, Field(ge=1, le=300)] = 15
    on_failure: Literal["rollback", "keep"] = "rollback"
    prune: Flag = False
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
