"""What Cloud Map remembers, and the changes that take their time."""

import heapq
import itertools
import secrets
import string
from collections.abc import Callable, Sequence
from typing import Protocol

from localcloud.clock import Clock
from localcloud.discovery.model import Instance, Namespace, Operation, Service
from localcloud.discovery.names import Record, records_of
from localcloud.faults import AwsFault

SUBMITTED_AWS_SECONDS = 1.0
ALPHABET = string.ascii_lowercase + string.digits


class Zones(Protocol):
    """Route 53, as far as Cloud Map asks it."""

    def create(self, name: str, vpc: str) -> str:
        """Make a VPC's private hosted zone of this name and return its id."""

    def write(self, zone_id: str, name: str, records: Sequence[Record]) -> None:
        """Let these be all records of a name and of the names below it."""

    def delete(self, zone_id: str) -> None:
        """Remove a zone."""


class NoZones:
    """Hosted zones that nobody can look at: an id is all there is of them."""

    def create(self, name: str, vpc: str) -> str:  # noqa: ARG002  as the protocol has it
        """Return an id."""
        return f"Z{random_id(20).upper()}"

    def write(self, zone_id: str, name: str, records: Sequence[Record]) -> None:
        """Do nothing."""

    def delete(self, zone_id: str) -> None:
        """Do nothing."""


class State:
    """Everything that is there. No thread: `settle` carries out what fell due since the last look."""

    def __init__(
        self, clock: Clock, account: str, region: str, vpc_exists: Callable[[str], bool], zones: Zones
    ) -> None:
        self.clock = clock
        self.account = account
        self.region = region
        self.vpc_exists = vpc_exists
        self.zones = zones
        self.namespaces: dict[str, Namespace] = {}
        self.services: dict[str, Service] = {}
        self.instances: dict[str, dict[str, Instance]] = {}
        self.revisions: dict[str, int] = {}
        self.operations: dict[str, Operation] = {}
        self.tags: dict[str, dict[str, str]] = {}
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()

    def now(self) -> float:
        """Return the present in epoch seconds."""
        return self.clock.now().timestamp()

    def arn(self, resource: str) -> str:
        """Return the ARN of `namespace/ns-…` or `service/srv-…`."""
        return f"arn:aws:servicediscovery:{self.region}:{self.account}:{resource}"

    def settle(self) -> None:
        """Carry out, oldest first, every change that is due."""
        while self._due and self._due[0][0] <= self.now():
            _, _, change = heapq.heappop(self._due)
            change()

    def later(self, aws_seconds: float, change: Callable[[], None]) -> None:
        """Let `change` happen after `aws_seconds` of AWS's time."""
        due_at = self.now() + self.clock.scaled(aws_seconds)
        heapq.heappush(self._due, (due_at, next(self._order), change))

    def submit(
        self,
        operation_type: str,
        subject: str,
        targets: dict[str, str],
        aws_seconds: float,
        outcome: Callable[[], None] | tuple[str, str],
    ) -> dict[str, str]:
        """Start an operation and return `{"OperationId"}`; `outcome` is its change, or (ErrorCode, ErrorMessage)."""
        self.refuse_second(operation_type, subject)
        now = self.now()
        operation = Operation(
            id=f"{random_id(28)}-{random_id(8)}",
            type=operation_type,
            subject=subject,
            targets=targets,
            submitted_at=now,
            pending_at=now + self.clock.scaled(SUBMITTED_AWS_SECONDS),
            finished_at=now + self.clock.scaled(aws_seconds),
            failure=outcome if isinstance(outcome, tuple) else None,
        )
        self.operations[operation.id] = operation
        if not isinstance(outcome, tuple):
            self.later(aws_seconds, outcome)
        return {"OperationId": operation.id}

    def refuse_second(self, operation_type: str, subject: str) -> None:
        """Raise DuplicateRequest when such an operation runs on `subject` already."""
        if running := self.running(operation_type, subject):
            raise AwsFault(
                "DuplicateRequest",
                f"Another operation of type {operation_type} and id {running.id} is in progress",
                409,
                DuplicateOperationId=running.id,
            )

    def running(self, operation_type: str, subject: str) -> Operation | None:
        """Return the operation of this type that is still at work on `subject`."""
        now = self.now()
        matching = (
            one
            for one in self.operations.values()
            if (one.type, one.subject) == (operation_type, subject) and now < one.finished_at
        )
        return next(matching, None)

    def namespace(self, id_or_arn: str) -> Namespace:
        """Return the namespace, or raise NamespaceNotFound."""
        if found := self.namespaces.get(id_or_arn.rpartition("/")[2]):
            return found
        raise AwsFault("NamespaceNotFound", f"Namespace not found: {id_or_arn}", 404)

    def service(self, id_or_arn: str) -> Service:
        """Return the service, or raise ServiceNotFound."""
        if found := self.services.get(id_or_arn.rpartition("/")[2]):
            return found
        raise AwsFault("ServiceNotFound", f"Service not found: {id_or_arn}", 404)

    def instance(self, service: Service, instance_id: str) -> Instance:
        """Return the instance, or raise InstanceNotFound."""
        if found := self.instances[service.id].get(instance_id):
            return found
        raise AwsFault("InstanceNotFound", f"Instance not found: {instance_id} in service {service.id}", 404)

    def services_of(self, namespace: Namespace) -> list[Service]:
        """Return the services of a namespace, oldest first."""
        return [service for service in self.services.values() if service.namespace_id == namespace.id]

    def put_instance(self, service_id: str, instance: Instance) -> None:
        """Write an instance. Nothing happens when its service is gone meanwhile."""
        if service_id in self.services:
            self.instances[service_id][instance.id] = instance
            self._instances_changed(service_id)

    def remove_instance(self, service_id: str, instance_id: str) -> None:
        """Remove an instance. Nothing happens when it is not there."""
        if self.instances.get(service_id, {}).pop(instance_id, None):
            self._instances_changed(service_id)

    def put_service(self, service: Service) -> None:
        """Write a service that is there as it is now. Nothing happens when it is gone meanwhile."""
        if service.id in self.services:
            self.services[service.id] = service
            self._write_records(service)

    def _instances_changed(self, service_id: str) -> None:
        self.revisions[service_id] += 1
        self._write_records(self.services[service_id])

    def _write_records(self, service: Service) -> None:
        namespace = self.namespaces[service.namespace_id]
        of_all = list(records_of(namespace, service, self.instances[service.id].values()))
        records = [each for each in of_all if each.healthy] or of_all
        self.zones.write(namespace.hosted_zone_id, f"{service.name}.{namespace.name}".lower(), records)


def random_id(length: int) -> str:
    """Return a new id in AWS's alphabet."""
    return "".join(secrets.choice(ALPHABET) for _ in range(length))
