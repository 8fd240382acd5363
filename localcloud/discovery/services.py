"""Services: a name in a namespace, and the records that its instances get."""

import hashlib
import re
from dataclasses import replace
from functools import partial
from typing import Any

from localcloud.discovery.model import DnsRecord, Namespace, Service
from localcloud.discovery.requests import invalid, matches, page, required, tags_in
from localcloud.discovery.state import State, random_id
from localcloud.faults import AwsFault

UPDATE_AWS_SECONDS = 5.0
# https://docs.aws.amazon.com/cloud-map/latest/api/API_CreateService.html (Name)
LABEL = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
MAX_NAME_LENGTH = 127
MAX_TTL_SECONDS = 2147483647
# The API page lists A, AAAA, A and AAAA, SRV, CNAME; templates with A and SRV deploy as well
# (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-discovery.html speaks of "A or SRV, or both").
ADDRESSES_AND_SRV = {"A", "AAAA", "SRV"}


def create_service(state: State, request: dict[str, Any]) -> dict[str, Any]:
    """Create a service at once and describe it.

    Raises NamespaceNotFound, InvalidInput, TooManyTagsException, and ServiceAlreadyExists with the id of the one there.
    """
    dns = request.get("DnsConfig") or {}
    namespace = _open_namespace(state, request.get("NamespaceId") or required(dns, "NamespaceId"))
    name, tags = required(request, "Name"), tags_in(request)
    _check_name(name)
    if request.get("HealthCheckConfig"):
        raise invalid(
            "HealthCheckConfig is for public namespaces; use HealthCheckCustomConfig in a private DNS namespace."
        )
    _refuse_taken(state, namespace, name)
    service = _new_service(state, namespace, request)
    state.services[service.id] = service
    state.instances[service.id] = {}
    state.revisions.setdefault(service.id, 1)
    state.tags[service.arn] = tags
    return get_service(state, {"Id": service.id})


def _open_namespace(state: State, namespace_id: str) -> Namespace:
    namespace = state.namespace(namespace_id)
    if state.running("DELETE_NAMESPACE", namespace.id):
        raise AwsFault("NamespaceNotFound", f"Namespace is being deleted: {namespace_id}", 404)
    return namespace


def _check_name(name: str) -> None:
    if len(name) > MAX_NAME_LENGTH or not all(LABEL.fullmatch(label) for label in name.split(".")):
        raise invalid(
            f"{name!r} is not a service's name: labels of letters, digits, - and _; at most {MAX_NAME_LENGTH} in all."
        )


def _refuse_taken(state: State, namespace: Namespace, name: str) -> None:
    for service in state.services_of(namespace):
        if service.name.lower() == name.lower():
            raise AwsFault(
                "ServiceAlreadyExists",
                "Service already exists.",
                400,
                ServiceId=service.id,
                ServiceArn=service.arn,
                CreatorRequestId=service.creator_request_id,
            )


def _new_service(state: State, namespace: Namespace, request: dict[str, Any]) -> Service:
    dns = request.get("DnsConfig") or {}
    records, routing_policy = _records_in(dns), dns.get("RoutingPolicy") or "MULTIVALUE"
    _check_records(records, routing_policy)
    service_id = _service_id(namespace, request["Name"])
    return Service(
        id=service_id,
        arn=state.arn(f"service/{service_id}"),
        name=request["Name"],
        namespace_id=namespace.id,
        records=() if request.get("Type") == "HTTP" else records,
        routing_policy=routing_policy,
        has_health_check="HealthCheckCustomConfig" in request,
        description=request.get("Description") or "",
        creator_request_id=request.get("CreatorRequestId") or random_id(16),
        created_at=state.now(),
    )


def _service_id(namespace: Namespace, name: str) -> str:
    # A service made again under its old name has its old id: https://github.com/hashicorp/terraform-provider-aws/issues/46930
    return f"srv-{hashlib.sha256(f'{namespace.id}/{name.lower()}'.encode()).hexdigest()[:16]}"


def _records_in(dns: dict[str, Any]) -> tuple[DnsRecord, ...]:
    return tuple(
        DnsRecord(type=record["Type"], ttl_seconds=int(record["TTL"])) for record in dns.get("DnsRecords") or []
    )


def _check_records(records: tuple[DnsRecord, ...], routing_policy: str) -> None:
    types = [record.type for record in records]
    if len(types) != len(set(types)) or not (types == ["CNAME"] or set(types) <= ADDRESSES_AND_SRV):
        raise invalid(f"DnsRecords {types} cannot stand together: A, AAAA and SRV once each, or CNAME alone.")
    if types == ["CNAME"] and routing_policy != "WEIGHTED":
        raise invalid("A CNAME record needs the RoutingPolicy WEIGHTED.")
    if routing_policy not in {"MULTIVALUE", "WEIGHTED"}:
        raise invalid(f"The RoutingPolicy {routing_policy} does not exist; use MULTIVALUE or WEIGHTED.")
    for record in records:
        if not 0 <= record.ttl_seconds <= MAX_TTL_SECONDS:
            raise invalid(
                f"The TTL {record.ttl_seconds} of {record.type} is not between 0 and {MAX_TTL_SECONDS} seconds."
            )


def get_service(state: State, request: dict[str, Any]) -> dict[str, Any]:
    """Describe one service, or raise ServiceNotFound."""
    service = state.service(required(request, "Id"))
    namespace = {"NamespaceId": service.namespace_id, "CreatorRequestId": service.creator_request_id}
    return {"Service": {**_summary(state, service), **namespace}}


def list_services(state: State, request: dict[str, Any]) -> dict[str, Any]:
    """List services; filters NAMESPACE_ID (its id or ARN) and RESOURCE_OWNER."""
    filters = [
        {**one, "Values": [value.rpartition("/")[2] for value in one["Values"]]} for one in request.get("Filters") or []
    ]
    found = [
        service
        for service in state.services.values()
        if matches(filters, {"NAMESPACE_ID": service.namespace_id, "RESOURCE_OWNER": "SELF"})
    ]
    return page("Services", [_summary(state, service) for service in found], request)


def _summary(state: State, service: Service) -> dict[str, Any]:
    health_check = {"HealthCheckCustomConfig": {"FailureThreshold": 1}} if service.has_health_check else {}
    return {
        "Id": service.id,
        "Arn": service.arn,
        "ResourceOwner": state.account,
        "CreatedByAccount": state.account,
        "Name": service.name,
        "Type": "DNS_HTTP" if service.records else "HTTP",
        "Description": service.description,
        "InstanceCount": len(state.instances[service.id]),
        "CreateDate": service.created_at,
        **({"DnsConfig": _dns_config(service)} if service.records else {}),
        **health_check,
    }


def _dns_config(service: Service) -> dict[str, Any]:
    records = [{"Type": record.type, "TTL": record.ttl_seconds} for record in service.records]
    return {"NamespaceId": service.namespace_id, "RoutingPolicy": service.routing_policy, "DnsRecords": records}


def update_service(state: State, request: dict[str, Any]) -> dict[str, Any]:
    """Start to change TTLs and description; records left out are removed, new types are InvalidInput."""
    service, changes = state.service(required(request, "Id")), required(request, "Service")
    records = _records_in(changes.get("DnsConfig") or {})
    _check_records(records, service.routing_policy)
    if not {record.type for record in records} <= {record.type for record in service.records}:
        raise invalid("The type of a service's DNS records cannot change; delete the service and create it again.")
    changed = replace(service, records=records, description=changes.get("Description", service.description))
    outcome = partial(state.put_service, changed)
    return state.submit("UPDATE_SERVICE", service.id, {"SERVICE": service.id}, UPDATE_AWS_SECONDS, outcome)


def delete_service(state: State, request: dict[str, Any]) -> dict[str, Any]:
    """Delete a service at once; raises ServiceNotFound, ResourceInUse while it has instances."""
    service = state.service(required(request, "Id"))
    if state.instances[service.id]:
        raise AwsFault(
            "ResourceInUse",
            "Service contains registered instances; delete the instances before deleting the service",
            409,
        )
    del state.services[service.id], state.instances[service.id]
    state.tags.pop(service.arn, None)
    return {}
