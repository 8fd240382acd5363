"""AWS Cloud Map: private DNS namespaces, their services, and the instances that they discover."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from chalicelib.aws.calls import call, capital_tag_list, listed, refused_member, tags_of
from chalicelib.errors import (
    AwsRefused,
    DeploymentError,
    DiscoveryConflict,
    NamespaceFailed,
    NamespaceTaken,
    TransientAws,
)

if TYPE_CHECKING:
    from mypy_boto3_servicediscovery import ServiceDiscoveryClient

# How long a resolver remembers that a name is not there; the default keeps a new service unreachable for minutes.
SOA_TTL_SECONDS = 15


@dataclass(frozen=True)
class Namespace:
    """A private DNS namespace; `http_name` is what DiscoverInstances wants, not its name."""

    id: str
    name: str
    http_name: str
    arn: str = ""
    hosted_zone_id: str = ""


@dataclass(frozen=True)
class Registered:
    """A Cloud Map service: its record types, and their TTL in seconds."""

    arn: str
    records: tuple[str, ...]
    ttl: int | None


@dataclass(frozen=True)
class Ensured:
    """A Cloud Map service that is as it was asked for, once its operation has succeeded; None is under way."""

    arn: str
    operation_id: str | None = None


class CloudMap:
    """The namespaces of an account and region."""

    def __init__(self, client: ServiceDiscoveryClient) -> None:
        self._client = client

    def namespaces(self, name: str) -> tuple[Namespace, ...]:
        """Return the private DNS namespaces of this name: each VPC may have one."""
        return tuple(
            _namespace(each)
            for each in self._list_namespaces()
            if (each["Name"], each["Type"]) == (name, "DNS_PRIVATE")
        )

    def _list_namespaces(self) -> list[Any]:
        private = [{"Name": "TYPE", "Values": ["DNS_PRIVATE"], "Condition": "EQ"}]
        return listed(self._client, "list_namespaces", "Namespaces", Filters=private)

    def create_namespace(self, name: str, vpc: str, tags: Mapping[str, str], token: str) -> str | None:
        """Start to create a namespace and return its operation's id; None when it exists by now.

        The same `token` starts it once. Raises NamespaceTaken when the name serves something else.
        """
        try:
            answer = call(
                self._client.create_private_dns_namespace,
                Name=name,
                Vpc=vpc,
                CreatorRequestId=token,
                Tags=cast("Any", capital_tag_list(tags)),
                Properties={"DnsProperties": {"SOA": {"TTL": SOA_TTL_SECONDS}}},
            )
        except AwsRefused as refusal:
            if refusal.aws_code == "DuplicateRequest":
                return refused_member(refusal, "DuplicateOperationId")
            if refusal.aws_code == "NamespaceAlreadyExists":
                self._adopt(name, refusal)
                return None
            raise
        return answer["OperationId"]

    def _adopt(self, name: str, refusal: AwsRefused) -> None:
        if not self.namespaces(name):
            raise NamespaceTaken(refusal.message) from refusal

    def operation_succeeded(self, operation_id: str, failed: type[DeploymentError] = NamespaceFailed) -> bool:
        """Tell whether an operation has succeeded: False while it runs. Raises `failed` in Cloud Map's words."""
        operation = call(self._client.get_operation, OperationId=operation_id)["Operation"]
        if operation["Status"] == "FAIL":
            raise failed(f"{operation.get('ErrorCode', '')}: {operation.get('ErrorMessage', '')}")
        return operation["Status"] == "SUCCESS"

    def ensure_service(
        self, namespace: Namespace, name: str, records: Sequence[str], ttl: int, tags: Mapping[str, str], token: str
    ) -> Ensured:
        """Have a service of this name in the namespace, made or adopted, with this TTL, which an operation changes.

        Raises Unsettled while another operation changes it, and DiscoveryConflict when it exists with other record
        types: they cannot be changed (API reference, UpdateService).
        """
        dns_records = [{"Type": record, "TTL": ttl} for record in records]
        try:
            answer = call(
                self._client.create_service,
                Name=name,
                NamespaceId=namespace.id,
                CreatorRequestId=token,
                DnsConfig=cast("Any", {"RoutingPolicy": "MULTIVALUE", "DnsRecords": dns_records}),
                HealthCheckCustomConfig={"FailureThreshold": 1},
                Tags=cast("Any", capital_tag_list(tags)),
            )
        except AwsRefused as refusal:
            if refusal.aws_code != "ServiceAlreadyExists":
                raise
            service_id = refused_member(refusal, "ServiceId") or self._service_id(namespace, name)
            if service_id is None:  # made a moment ago, and not known everywhere
                raise TransientAws(refusal.operation, refusal.aws_code, refusal.message) from refusal
            return self._adopt_service(service_id, dns_records)
        return Ensured(answer["Service"]["Arn"])

    def _service_id(self, namespace: Namespace, name: str) -> str | None:
        return next((each["Id"] for each in self._services(namespace) if each["Name"] == name), None)

    def _services(self, namespace: Namespace) -> list[Any]:
        inside = [{"Name": "NAMESPACE_ID", "Values": [namespace.id], "Condition": "EQ"}]
        return listed(self._client, "list_services", "Services", Filters=inside)

    def _adopt_service(self, service_id: str, dns_records: list[dict[str, Any]]) -> Ensured:
        service = call(self._client.get_service, Id=service_id)["Service"]
        existing = [{"Type": each["Type"], "TTL": each["TTL"]} for each in service["DnsConfig"]["DnsRecords"]]
        wanted_types, existing_types = ({each["Type"] for each in records} for records in (dns_records, existing))
        if wanted_types != existing_types:
            raise DiscoveryConflict(
                f"the Cloud Map service {service['Name']} has records {sorted(existing_types)}, "
                f"the manifest asks for {sorted(wanted_types)}"
            )
        if sorted(existing, key=str) == sorted(dns_records, key=str):
            return Ensured(service["Arn"])
        change = cast("Any", {"DnsConfig": {"DnsRecords": dns_records}})
        return Ensured(service["Arn"], call(self._client.update_service, Id=service_id, Service=change)["OperationId"])

    def registered(self, namespace: Namespace) -> dict[str, Registered]:
        """Return a namespace's services by their names."""
        return {each["Name"]: _registered(each) for each in self._services(namespace)}

    def registrants(self, arn: str) -> frozenset[tuple[str, str]]:
        """Return the (cluster, ECS service) of the tasks that are registered in a service; other instances have none.

        https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-discovery.html
        """
        found = self._attributes(arn)
        return frozenset(
            (each.get("ECS_CLUSTER_NAME", ""), each["ECS_SERVICE_NAME"]) for each in found if "ECS_SERVICE_NAME" in each
        )

    def registered_addresses(self, arn: str) -> frozenset[str]:
        """Return the IPv4 addresses of a service's instances, whatever their health."""
        return frozenset(each["AWS_INSTANCE_IPV4"] for each in self._attributes(arn) if "AWS_INSTANCE_IPV4" in each)

    def _attributes(self, arn: str) -> list[Mapping[str, str]]:
        instances = listed(self._client, "list_instances", "Instances", ServiceId=arn.rpartition("/")[2])
        return [each.get("Attributes", {}) for each in instances]

    def healthy_addresses(self, namespace: Namespace, name: str) -> tuple[str, ...]:
        """Return the IPv4 addresses of a service's healthy instances, sorted; none where there is no such service."""
        try:
            answer = call(
                self._client.discover_instances,
                NamespaceName=namespace.http_name,
                ServiceName=name,
                HealthStatus="HEALTHY",
                MaxResults=1000,
            )
        except AwsRefused as refusal:
            if refusal.aws_code in ("NamespaceNotFound", "ServiceNotFound"):
                return ()
            raise
        addresses = (each.get("Attributes", {}).get("AWS_INSTANCE_IPV4") for each in answer["Instances"])
        return tuple(sorted(address for address in addresses if address))

    # ── removing ────────────────────────────────────────────────────────────────────────────────────

    def tags(self, arn: str) -> dict[str, str]:
        """Return the tags of a namespace or service; none of one that is not there."""
        try:
            return tags_of(call(self._client.list_tags_for_resource, ResourceARN=arn)["Tags"])
        except AwsRefused as refusal:
            if refusal.aws_code == "ResourceNotFoundException":
                return {}
            raise

    def delete_service(self, arn: str) -> None:
        """Delete a service; one that is not there is left so. Raises Unsettled while it has instances."""
        try:
            call(self._client.delete_service, Id=arn.rpartition("/")[2])
        except AwsRefused as refusal:
            if refusal.aws_code != "ServiceNotFound":
                raise

    def delete_namespace(self, namespace: Namespace) -> str | None:
        """Start to delete a namespace and return its operation's id; None when it is gone.

        Raises Unsettled while it has services.
        """
        try:
            return call(self._client.delete_namespace, Id=namespace.id)["OperationId"]
        except AwsRefused as refusal:
            if refusal.aws_code == "DuplicateRequest":
                return refused_member(refusal, "DuplicateOperationId")
            if refusal.aws_code == "NamespaceNotFound":
                return None
            raise


def _namespace(summary: Mapping[str, Any]) -> Namespace:
    name, properties = summary["Name"], summary.get("Properties", {})
    http_name = properties.get("HttpProperties", {}).get("HttpName", name)
    zone = properties.get("DnsProperties", {}).get("HostedZoneId", "")
    return Namespace(summary["Id"], name, http_name, summary.get("Arn", ""), zone)


def _registered(service: Mapping[str, Any]) -> Registered:
    records = service.get("DnsConfig", {}).get("DnsRecords", [])
    types = tuple(each["Type"] for each in records)
    return Registered(service["Arn"], types, next((each["TTL"] for each in records), None))
