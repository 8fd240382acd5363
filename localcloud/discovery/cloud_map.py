"""One door to Cloud Map, for the API, for ECS and for the DNS server."""

import threading
from collections.abc import Callable
from typing import Any

from localcloud.clock import Clock
from localcloud.discovery import discover, instances, names, namespaces, operations, services, tags
from localcloud.discovery.model import Answer, Instance
from localcloud.discovery.state import NoZones, State, Zones
from localcloud.faults import AwsFault

OPERATIONS: dict[str, Callable[[State, dict[str, Any]], dict[str, Any]]] = {
    "CreatePrivateDnsNamespace": namespaces.create_private_dns_namespace,
    "GetNamespace": namespaces.get_namespace,
    "ListNamespaces": namespaces.list_namespaces,
    "UpdatePrivateDnsNamespace": namespaces.update_private_dns_namespace,
    "DeleteNamespace": namespaces.delete_namespace,
    "CreateService": services.create_service,
    "GetService": services.get_service,
    "ListServices": services.list_services,
    "UpdateService": services.update_service,
    "DeleteService": services.delete_service,
    "RegisterInstance": instances.register_instance,
    "DeregisterInstance": instances.deregister_instance,
    "GetInstance": instances.get_instance,
    "ListInstances": instances.list_instances,
    "GetInstancesHealthStatus": instances.get_instances_health_status,
    "UpdateInstanceCustomHealthStatus": instances.update_instance_custom_health_status,
    "DiscoverInstances": discover.discover_instances,
    "DiscoverInstancesRevision": discover.discover_instances_revision,
    "GetOperation": operations.get_operation,
    "ListOperations": operations.list_operations,
    "TagResource": tags.tag_resource,
    "UntagResource": tags.untag_resource,
    "ListTagsForResource": tags.list_tags_for_resource,
}


def _every_vpc_exists(_vpc_id: str) -> bool:
    return True


class CloudMap:
    """AWS Cloud Map in memory. Every method may be called from any thread."""

    def __init__(
        self,
        *,
        clock: Clock,
        account: str = "000000000000",
        region: str = "us-east-1",
        vpc_exists: Callable[[str], bool] = _every_vpc_exists,
        zones: Zones | None = None,
    ) -> None:
        self._state = State(clock, account, region, vpc_exists, zones or NoZones())
        self._lock = threading.RLock()

    def handle(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """Carry out one API operation: botocore-shaped members in and out, times as epoch seconds.

        Raises AwsFault as AWS refuses; its `members` belong into the error's body.
        """
        if operation not in OPERATIONS:
            known = ", ".join(sorted(OPERATIONS))
            raise AwsFault(
                "UnknownOperationException", f"The local cloud's Cloud Map has no {operation}; it has {known}."
            )
        with self._lock:
            self._state.settle()
            return OPERATIONS[operation](self._state, request)

    def record_types(self, service_arn: str) -> tuple[str, ...] | None:
        """Return the types of the service's records (empty: DiscoverInstances only), or None without such a service."""
        with self._lock:
            self._state.settle()
            service = self._state.services.get(service_arn.rpartition("/")[2])
            return None if service is None else tuple(record.type for record in service.records)

    def register(self, service_arn: str, instance_id: str, attributes: dict[str, str], healthy: bool) -> None:
        """Register or change an instance at once, as ECS does for a task; raises ServiceNotFound as an AwsFault."""
        with self._lock:
            self._state.settle()
            service = self._state.service(service_arn)
            self._state.put_instance(service.id, Instance(instance_id, dict(attributes), healthy))

    def deregister(self, service_arn: str, instance_id: str) -> None:
        """Remove an instance at once. Nothing happens when it, or its service, is not there."""
        with self._lock:
            self._state.settle()
            self._state.remove_instance(service_arn.rpartition("/")[2], instance_id)

    def resolve(self, name: str, record_type: str) -> Answer:
        """Return what the DNS answers to a question for `name`, in any letter case."""
        with self._lock:
            self._state.settle()
            state = self._state
            return names.resolve(name, record_type, state.namespaces.values(), state.services.values(), state.instances)
