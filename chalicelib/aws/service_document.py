"""A `ServiceSpec` to and from what CreateService, UpdateService and DescribeServices say of a service."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from chalicelib.manifest import CapacityProvider
from chalicelib.specs import Placement, Registry, ServiceSpec, Target

if TYPE_CHECKING:
    from mypy_boto3_ecs.type_defs import ServiceTypeDef


# "When switching from launch type to capacity provider strategy on an existing service, or making a change to a
# capacity provider strategy on a service that is already using one, you must force a new deployment." (UpdateService)
NEED_FORCE = frozenset({"launch_type", "capacity_providers"})


def settings(spec: ServiceSpec, only: Sequence[str] | None = None) -> dict[str, Any]:
    """Return a service's settings as CreateService and UpdateService spell them; `only` names fields of the spec."""
    rollout = _deployment_configuration(spec)
    spelled: dict[str, tuple[str, Any]] = {
        "task_definition": ("taskDefinition", spec.task_definition),
        "desired_count": ("desiredCount", spec.desired_count),
        "minimum_healthy_percent": ("deploymentConfiguration", rollout),
        "maximum_percent": ("deploymentConfiguration", rollout),
        "circuit_breaker": ("deploymentConfiguration", rollout),
        # It holds for container health checks too; none is 0 (API reference, CreateService).
        "health_check_grace_period_seconds": (
            "healthCheckGracePeriodSeconds",
            spec.health_check_grace_period_seconds or (0 if only else None),
        ),
        # UpdateService changes it by capacity providers only; none of them is back to the launch type.
        "launch_type": ("capacityProviderStrategy", _strategy(spec.capacity_providers) if only else None),
        "capacity_providers": ("capacityProviderStrategy", _strategy(spec.capacity_providers) if only else None),
        "network": ("networkConfiguration", _network_configuration(spec.network)),
        "discovery": ("serviceRegistries", _registries(spec.discovery)),
        "route": ("loadBalancers", _load_balancers(spec.route)),
    }
    chosen = spelled if only is None else {field: spelled[field] for field in only}
    return {key: value for key, value in chosen.values() if value is not None}


def compute(spec: ServiceSpec) -> dict[str, Any]:
    """Return where a new service runs: CreateService takes a launch type or a strategy, never both."""
    if spec.capacity_providers:
        return {"capacityProviderStrategy": _strategy(spec.capacity_providers)}
    return {"launchType": spec.launch_type}


def _deployment_configuration(spec: ServiceSpec) -> dict[str, Any]:
    """Return what is asked, and beside it all that is there: AWS does not say that what is left out of it stays.

    Whether a circuit breaker goes back is said only as it is turned on or off.
    """
    there = spec.deployment_configuration or {"deploymentCircuitBreaker": {"enable": False, "rollback": False}}
    breaker = there.get("deploymentCircuitBreaker", {})
    if breaker.get("enable", False) != spec.circuit_breaker:
        breaker = {**breaker, "enable": spec.circuit_breaker, "rollback": spec.circuit_breaker}
    return {
        **there,
        "maximumPercent": spec.maximum_percent,
        "minimumHealthyPercent": spec.minimum_healthy_percent,
        **({"deploymentCircuitBreaker": breaker} if breaker else {}),
    }


def _strategy(providers: Sequence[CapacityProvider]) -> list[dict[str, Any]]:
    return [{"capacityProvider": each.name, "weight": each.weight, "base": each.base} for each in providers]


def _network_configuration(placement: Placement | None) -> dict[str, Any] | None:
    if placement is None:
        return None
    return {
        "awsvpcConfiguration": {
            "subnets": list(placement.subnets),
            "securityGroups": list(placement.security_groups),
            "assignPublicIp": "ENABLED" if placement.assign_public_ip else "DISABLED",
        }
    }


def _registries(registry: Registry | None) -> list[dict[str, Any]]:
    if registry is None:
        return []
    request: dict[str, Any] = {"registryArn": registry.arn}
    if registry.container:
        request |= {"containerName": registry.container, "containerPort": registry.port}
    if registry.fixed_port:
        request["port"] = registry.fixed_port
    return [request]


def _load_balancers(targets: Sequence[Target]) -> list[dict[str, Any]]:
    return [
        {
            "targetGroupArn": each.group_arn,
            "containerName": each.container,
            "containerPort": each.port,
            **({"advancedConfiguration": dict(each.advanced)} if each.advanced else {}),
        }
        for each in targets
    ]


def service_spec_of(service: ServiceTypeDef) -> ServiceSpec:
    """Return the settings of a service as they are."""
    configuration = service.get("deploymentConfiguration", {})
    return ServiceSpec(
        task_definition=service["taskDefinition"],
        desired_count=service["desiredCount"],
        minimum_healthy_percent=configuration.get("minimumHealthyPercent", 100),
        maximum_percent=configuration.get("maximumPercent", 200),
        circuit_breaker=configuration.get("deploymentCircuitBreaker", {}).get("enable", False),
        health_check_grace_period_seconds=service.get("healthCheckGracePeriodSeconds", 0),
        network=_placement_of(service),
        discovery=_registry_of(service),
        route=_targets_of(service),
        launch_type=None if service.get("capacityProviderStrategy") else service.get("launchType", "FARGATE"),
        capacity_providers=_providers_of(service),
        deployment_configuration=cast("Any", configuration),
    )


def _placement_of(service: ServiceTypeDef) -> Placement | None:
    awsvpc = service.get("networkConfiguration", {}).get("awsvpcConfiguration")
    if awsvpc is None:
        return None
    return Placement(
        subnets=tuple(sorted(awsvpc["subnets"])),
        security_groups=tuple(sorted(awsvpc.get("securityGroups", []))),
        assign_public_ip=awsvpc.get("assignPublicIp") == "ENABLED",
    )


def _providers_of(service: ServiceTypeDef) -> tuple[CapacityProvider, ...]:
    return tuple(
        CapacityProvider.model_construct(
            name=each["capacityProvider"], weight=each.get("weight", 0), base=each.get("base", 0)
        )
        for each in service.get("capacityProviderStrategy", [])
    )


def _registry_of(service: ServiceTypeDef) -> Registry | None:
    registries = service.get("serviceRegistries", [])
    if not registries:
        return None
    first = registries[0]
    return Registry(first["registryArn"], first.get("containerName"), first.get("containerPort"), first.get("port"))


def _targets_of(service: ServiceTypeDef) -> tuple[Target, ...]:
    """Return the target groups of a service; a Classic Load Balancer has none."""
    return tuple(
        Target(
            each["targetGroupArn"],
            each["containerName"],
            each["containerPort"],
            cast("Any", each.get("advancedConfiguration")),
        )
        for each in service.get("loadBalancers", [])
        if "targetGroupArn" in each
    )


def classic_load_balancer_of(service: ServiceTypeDef) -> str | None:
    """Return the name of the Classic Load Balancer that a service is behind."""
    names = (each.get("loadBalancerName") for each in service.get("loadBalancers", []))
    return next((name for name in names if name), None)
