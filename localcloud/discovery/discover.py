"""DiscoverInstances: what a client in a hurry asks, by names instead of ids."""

from random import SystemRandom
from typing import Any

from localcloud.discovery.instances import health_status
from localcloud.discovery.model import Instance, Namespace, Service
from localcloud.discovery.requests import invalid, required
from localcloud.discovery.state import State
from localcloud.faults import AwsFault

MAX_RESULTS = 100


def discover_instances(state: State, request: dict[str, Any]) -> dict[str, Any]:
    """Return the instances of a service in random order, found by the namespace's HttpName and the service's name.

    QueryParameters must match; OptionalParameters narrow when something matches. Raises NamespaceNotFound,
    ServiceNotFound, InvalidInput.
    """
    namespace, service = _find(state, request)
    instances = list(state.instances[service.id].values())
    chosen = by_attributes(by_health(instances, service, request.get("HealthStatus") or "ALL"), request)
    count = min(len(chosen), int(request.get("MaxResults") or MAX_RESULTS))
    found = [_summary(namespace, service, one) for one in SystemRandom().sample(chosen, count)]
    return {"Instances": found, "InstancesRevision": state.revisions[service.id]}


def discover_instances_revision(state: State, request: dict[str, Any]) -> dict[str, Any]:
    """Return the number that grows whenever the instances or their health change."""
    _, service = _find(state, request)
    return {"InstancesRevision": state.revisions[service.id]}


def _find(state: State, request: dict[str, Any]) -> tuple[Namespace, Service]:
    http_name, name = required(request, "NamespaceName"), required(request, "ServiceName")
    namespace = next((one for one in state.namespaces.values() if one.http_name == http_name), None)
    if namespace is None:
        raise AwsFault("NamespaceNotFound", f"Namespace not found: {http_name}", 404)
    service = next((one for one in state.services_of(namespace) if one.name == name), None)
    if service is None:
        raise AwsFault("ServiceNotFound", f"Service not found: {name} in namespace {http_name}", 404)
    return namespace, service


def by_health(instances: list[Instance], service: Service, wanted: str) -> list[Instance]:
    """Return the instances of the wanted HealthStatus; all of them when the service checks no health."""
    healthy = [one for one in instances if one.healthy]
    choices = {
        "ALL": instances,
        "HEALTHY": healthy,
        "UNHEALTHY": [one for one in instances if not one.healthy],
        "HEALTHY_OR_ELSE_ALL": healthy or instances,
    }
    if wanted not in choices:
        raise invalid(f"The HealthStatus {wanted} does not exist; use one of {', '.join(choices)}.")
    return choices[wanted] if service.has_health_check else instances


def by_attributes(instances: list[Instance], request: dict[str, Any]) -> list[Instance]:
    """Return the instances that have every QueryParameter and, if any does, every OptionalParameter."""
    matching = [one for one in instances if _has(one, request.get("QueryParameters"))]
    narrowed = [one for one in matching if _has(one, request.get("OptionalParameters"))]
    return narrowed or matching


def _has(instance: Instance, attributes: dict[str, str] | None) -> bool:
    return (attributes or {}).items() <= instance.attributes.items()


def _summary(namespace: Namespace, service: Service, instance: Instance) -> dict[str, Any]:
    return {
        "InstanceId": instance.id,
        "NamespaceName": namespace.http_name,
        "ServiceName": service.name,
        "HealthStatus": health_status(service, instance),
        "Attributes": instance.attributes,
    }
