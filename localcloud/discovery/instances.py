"""Instances: register, deregister, look, and their health."""

from dataclasses import replace
from functools import partial
from typing import Any

from localcloud.discovery.model import Instance, Service
from localcloud.discovery.requests import invalid, page, required
from localcloud.discovery.state import State
from localcloud.faults import AwsFault

REGISTER_AWS_SECONDS = 5.0
# https://docs.aws.amazon.com/cloud-map/latest/api/API_HealthCheckCustomConfig.html: about 30 s after the request.
CUSTOM_HEALTH_AWS_SECONDS = 30.0
# https://docs.aws.amazon.com/cloud-map/latest/api/API_RegisterInstance.html (Attributes)
ATTRIBUTE_OF_RECORD = {
    "A": "AWS_INSTANCE_IPV4",
    "AAAA": "AWS_INSTANCE_IPV6",
    "SRV": "AWS_INSTANCE_PORT",
    "CNAME": "AWS_INSTANCE_CNAME",
}


def register_instance(state: State, request: dict[str, Any]) -> dict[str, Any]:
    """Start to register an instance, or to change one of the same id; raises ServiceNotFound, InvalidInput."""
    service = state.service(required(request, "ServiceId"))
    instance_id, attributes = required(request, "InstanceId"), dict(required(request, "Attributes"))
    _check_attributes(service, attributes)
    healthy = attributes.get("AWS_INIT_HEALTH_STATUS", "HEALTHY") == "HEALTHY"
    instance = Instance(instance_id, attributes, healthy, request.get("CreatorRequestId") or "")
    outcome = partial(state.put_instance, service.id, instance)
    return _submit(state, "REGISTER_INSTANCE", service, instance_id, outcome)


def _check_attributes(service: Service, attributes: dict[str, str]) -> None:
    for record in service.records:
        if (attribute := ATTRIBUTE_OF_RECORD[record.type]) not in attributes:
            raise invalid(
                f"The service {service.name} has {record.type} records: the attribute {attribute} is required."
            )


def deregister_instance(state: State, request: dict[str, Any]) -> dict[str, Any]:
    """Start to deregister an instance; raises ServiceNotFound, InstanceNotFound."""
    service = state.service(required(request, "ServiceId"))
    instance = state.instance(service, required(request, "InstanceId"))
    outcome = partial(state.remove_instance, service.id, instance.id)
    return _submit(state, "DEREGISTER_INSTANCE", service, instance.id, outcome)


def _submit(state: State, operation_type: str, service: Service, instance_id: str, outcome: Any) -> dict[str, Any]:
    targets = {"SERVICE": service.id, "INSTANCE": instance_id, "NAMESPACE": service.namespace_id}
    return state.submit(operation_type, f"{service.id}/{instance_id}", targets, REGISTER_AWS_SECONDS, outcome)


def get_instance(state: State, request: dict[str, Any]) -> dict[str, Any]:
    """Describe one instance; raises ServiceNotFound, InstanceNotFound."""
    service = state.service(required(request, "ServiceId"))
    instance = state.instance(service, required(request, "InstanceId"))
    described = {**_summary(state, instance), "CreatorRequestId": instance.creator_request_id}
    return {"ResourceOwner": state.account, "Instance": described}


def list_instances(state: State, request: dict[str, Any]) -> dict[str, Any]:
    """List a service's instances; raises ServiceNotFound."""
    service = state.service(required(request, "ServiceId"))
    summaries = [_summary(state, instance) for instance in state.instances[service.id].values()]
    return {"ResourceOwner": state.account, **page("Instances", summaries, request)}


def _summary(state: State, instance: Instance) -> dict[str, Any]:
    return {"Id": instance.id, "Attributes": instance.attributes, "CreatedByAccount": state.account}


def get_instances_health_status(state: State, request: dict[str, Any]) -> dict[str, Any]:
    """Say HEALTHY, UNHEALTHY or UNKNOWN per instance id; raises ServiceNotFound, InstanceNotFound."""
    service = state.service(required(request, "ServiceId"))
    wanted = request.get("Instances") or list(state.instances[service.id])
    paged = page("ids", wanted, request)
    status = {one: health_status(service, state.instance(service, one)) for one in paged.pop("ids")}
    return {"Status": status, **paged}


def health_status(service: Service, instance: Instance) -> str:
    """Return HEALTHY or UNHEALTHY, or UNKNOWN when the service checks no health."""
    if not service.has_health_check:
        return "UNKNOWN"
    return "HEALTHY" if instance.healthy else "UNHEALTHY"


def update_instance_custom_health_status(state: State, request: dict[str, Any]) -> dict[str, Any]:
    """Let an instance's health change in 30 s; raises ServiceNotFound, InstanceNotFound, CustomHealthNotFound."""
    service = state.service(required(request, "ServiceId"))
    instance = state.instance(service, required(request, "InstanceId"))
    status = required(request, "Status")
    if not service.has_health_check:
        raise AwsFault(
            "CustomHealthNotFound", f"The service {service.id} was created without HealthCheckCustomConfig", 404
        )
    if status not in {"HEALTHY", "UNHEALTHY"}:
        raise invalid(f"The Status {status} does not exist; use HEALTHY or UNHEALTHY.")
    state.later(
        CUSTOM_HEALTH_AWS_SECONDS, partial(_set_health, state, service.id, instance.id, healthy=status == "HEALTHY")
    )
    return {}


def _set_health(state: State, service_id: str, instance_id: str, *, healthy: bool) -> None:
    instance = state.instances.get(service_id, {}).get(instance_id)
    if instance and instance.healthy != healthy:
        state.put_instance(service_id, replace(instance, healthy=healthy))
