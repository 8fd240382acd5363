"""Private DNS namespaces: create, look, change, delete."""

import re
from dataclasses import replace
from functools import partial
from typing import Any

from localcloud.discovery.model import DEFAULT_SOA_TTL_SECONDS, Namespace
from localcloud.discovery.requests import invalid, matches, page, required, tags_in
from localcloud.discovery.state import State, random_id
from localcloud.faults import AwsFault

# No document says how long these take; a hosted zone is made or removed in some tens of seconds.
NAMESPACE_AWS_SECONDS = 20.0
# https://docs.aws.amazon.com/cloud-map/latest/api/API_CreatePrivateDnsNamespace.html (Name)
NAME = re.compile(r"(?!arn:)[!-~]{1,253}")


def create_private_dns_namespace(state: State, request: dict[str, Any]) -> dict[str, Any]:
    """Start to create a namespace; it is there when the operation is SUCCESS.

    Raises InvalidInput, TooManyTagsException, DuplicateRequest while one of this name and VPC is being made, and
    NamespaceAlreadyExists when it is there. An unknown VPC fails the operation, not the call.
    """
    name, vpc = required(request, "Name"), required(request, "Vpc")
    if not NAME.fullmatch(name):
        raise invalid(
            f"{name!r} is not a namespace's name: 1 to 253 printable ASCII characters, not starting with arn:."
        )
    subject, tags = f"{name} in {vpc}", tags_in(request)
    state.refuse_second("CREATE_NAMESPACE", subject)
    _refuse_taken(state, name, vpc)
    namespace = _new_namespace(state, name, vpc, request)
    targets = {"NAMESPACE": namespace.id}
    outcome = partial(_add, state, namespace, tags) if state.vpc_exists(vpc) else _no_such_vpc(state, vpc)
    return state.submit("CREATE_NAMESPACE", subject, targets, NAMESPACE_AWS_SECONDS, outcome)


def _refuse_taken(state: State, name: str, vpc: str) -> None:
    for namespace in state.namespaces.values():
        if (namespace.name, namespace.vpc) == (name, vpc):
            raise AwsFault(
                "NamespaceAlreadyExists",
                "Namespace already exists.",
                400,
                NamespaceId=namespace.id,
                CreatorRequestId=namespace.creator_request_id,
            )


def _new_namespace(state: State, name: str, vpc: str, request: dict[str, Any]) -> Namespace:
    namespace_id = f"ns-{random_id(16)}"
    return Namespace(
        id=namespace_id,
        arn=state.arn(f"namespace/{namespace_id}"),
        name=name,
        vpc=vpc,
        http_name=_http_name(state, name, namespace_id),
        hosted_zone_id="",  # it is made with the namespace, when the operation succeeds
        soa_ttl_seconds=_soa_ttl_seconds(request, DEFAULT_SOA_TTL_SECONDS),
        description=request.get("Description") or "",
        creator_request_id=request.get("CreatorRequestId") or random_id(16),
        created_at=state.now(),
    )


def _http_name(state: State, name: str, namespace_id: str) -> str:
    # https://docs.aws.amazon.com/cloud-map/latest/api/API_DiscoverInstances.html: a reused name gets a hash appended.
    taken = any(namespace.http_name == name for namespace in state.namespaces.values())
    return f"{name}-{namespace_id.removeprefix('ns-')}" if taken else name


def _soa_ttl_seconds(request: dict[str, Any], default: int) -> int:
    properties = request.get("Properties") or {}
    return int(properties["DnsProperties"]["SOA"]["TTL"]) if properties else default


def _no_such_vpc(state: State, vpc: str) -> tuple[str, str]:
    return "CANNOT_CREATE_HOSTED_ZONE", f"The VPC ID {vpc} does not exist in the region {state.region}."


def _add(state: State, namespace: Namespace, tags: dict[str, str]) -> None:
    zone = state.zones.create(namespace.name, namespace.vpc)
    state.namespaces[namespace.id] = replace(namespace, hosted_zone_id=zone)
    state.tags[namespace.arn] = tags


def get_namespace(state: State, request: dict[str, Any]) -> dict[str, Any]:
    """Describe one namespace, or raise NamespaceNotFound."""
    namespace = state.namespace(required(request, "Id"))
    return {"Namespace": {**_summary(state, namespace), "CreatorRequestId": namespace.creator_request_id}}


def list_namespaces(state: State, request: dict[str, Any]) -> dict[str, Any]:
    """List namespaces; filters NAME, HTTP_NAME, TYPE and RESOURCE_OWNER."""
    found = [one for one in state.namespaces.values() if matches(request.get("Filters"), _filterable(one))]
    return page("Namespaces", [_summary(state, one) for one in found], request)


def _filterable(namespace: Namespace) -> dict[str, str]:
    names = {"NAME": namespace.name, "HTTP_NAME": namespace.http_name}
    return {**names, "TYPE": "DNS_PRIVATE", "RESOURCE_OWNER": "SELF"}


def _summary(state: State, namespace: Namespace) -> dict[str, Any]:
    soa = {"TTL": namespace.soa_ttl_seconds}
    return {
        "Id": namespace.id,
        "Arn": namespace.arn,
        "ResourceOwner": state.account,
        "Name": namespace.name,
        "Type": "DNS_PRIVATE",
        "Description": namespace.description,
        "ServiceCount": len(state.services_of(namespace)),
        "Properties": {
            "DnsProperties": {"HostedZoneId": namespace.hosted_zone_id, "SOA": soa},
            "HttpProperties": {"HttpName": namespace.http_name},
        },
        "CreateDate": namespace.created_at,
    }


def update_private_dns_namespace(state: State, request: dict[str, Any]) -> dict[str, Any]:
    """Start to change a namespace's description or SOA TTL; raises NamespaceNotFound, DuplicateRequest."""
    namespace, changes = state.namespace(required(request, "Id")), required(request, "Namespace")
    changed = replace(
        namespace,
        description=changes.get("Description", namespace.description),
        soa_ttl_seconds=_soa_ttl_seconds(changes, namespace.soa_ttl_seconds),
    )
    outcome = partial(_write, state, changed)
    return state.submit("UPDATE_NAMESPACE", namespace.id, {"NAMESPACE": namespace.id}, NAMESPACE_AWS_SECONDS, outcome)


def _write(state: State, namespace: Namespace) -> None:
    if namespace.id in state.namespaces:
        state.namespaces[namespace.id] = namespace


def delete_namespace(state: State, request: dict[str, Any]) -> dict[str, Any]:
    """Start to delete a namespace; raises NamespaceNotFound, ResourceInUse while it has services, DuplicateRequest."""
    namespace = state.namespace(required(request, "Id"))
    if services := state.services_of(namespace):
        names = ", ".join(service.name for service in services)
        raise AwsFault(
            "ResourceInUse",
            f"Namespace contains services ({names}); delete the services before deleting the namespace",
            409,
        )
    outcome = partial(_remove, state, namespace)
    return state.submit("DELETE_NAMESPACE", namespace.id, {"NAMESPACE": namespace.id}, NAMESPACE_AWS_SECONDS, outcome)


def _remove(state: State, namespace: Namespace) -> None:
    if removed := state.namespaces.pop(namespace.id, None):
        state.zones.delete(removed.hosted_zone_id)
    state.tags.pop(namespace.arn, None)
