"""Namespaces and names in memory: a fake as those in `fakes`, over the same World."""

from collections.abc import Mapping, Sequence

from chalicelib.aws import cloud_map
from chalicelib.aws.cloud_map import Ensured, Namespace
from chalicelib.errors import DeploymentError, DiscoveryConflict, NamespaceFailed, TransientAws, Unsettled
from tests.fakes import VPC
from tests.world import Operation, Registered, World


class FakeCloudMap:
    """Namespaces and Cloud Map services in memory."""

    def __init__(self, world: World) -> None:
        self._world = world

    def namespaces(self, name: str) -> tuple[Namespace, ...]:
        """Return the namespaces of this name, that of another VPC first."""
        self._world.settle_namespaces()
        found = (self._world.elsewhere.get(name), self._world.namespaces.get(name))
        return tuple(each for each in found if each)

    def create_namespace(self, name: str, vpc: str, tags: Mapping[str, str], token: str) -> str | None:
        """Start to make a namespace, unless it is there; the same token starts it once."""
        assert vpc == VPC, f"{vpc} is no id of a VPC"
        assert tags, f"the namespace {name} has no tags"
        known = next((each for each in self._world.operations.values() if each.token == token), None)
        if known:
            return known.id
        self._world.settle_namespaces()
        if name in self._world.namespaces:
            return None
        operation = Operation(
            id=f"operation-{len(self._world.operations) + 1}",
            token=token,
            namespace=Namespace(f"ns-{len(self._world.operations) + 1}", name, name, f"arn:namespace/{name}", "Z1"),
            ready_at=self._world.clock.seconds + self._world.namespace_seconds,
            error=self._world.namespace_error,
        )
        self._world.operations[operation.id] = operation
        self._world.tags[operation.namespace.arn] = dict(tags)
        self._world.changed(f"create namespace {name}")
        return operation.id

    def operation_succeeded(self, operation_id: str, failed: type[DeploymentError] = NamespaceFailed) -> bool:
        """Tell whether an operation has ended well."""
        self._world.settle_namespaces()
        operation = self._world.operations.get(operation_id)
        if operation is None:
            raise TransientAws("get_operation", "OperationNotFound", f"Operation not found: {operation_id}")
        if operation.ready_at > self._world.clock.seconds:
            return False
        if operation.error:
            raise failed(operation.error)
        return True

    def ensure_service(
        self, namespace: Namespace, name: str, records: Sequence[str], ttl: int, tags: Mapping[str, str], token: str
    ) -> Ensured:
        """Make or adopt a Cloud Map service; its TTL changes after a while."""
        self._world.settle_namespaces()
        assert tags, f"the Cloud Map service {name} has no tags"
        assert namespace not in self._world.elsewhere.values(), f"{name} is made in another VPC"
        assert 1 <= len(token) <= 64, f"Cloud Map does not take the token {token}"
        known = self._world.registered.get((namespace.name, name))
        if known is None:
            arn = f"arn:aws:servicediscovery:us-east-1:000000000000:service/srv-{next(self._world.numbers)}"
            known = self._world.registered[namespace.name, name] = Registered(arn, tuple(records), ttl)
            self._world.tags[arn] = dict(tags)
            self._world.changed(f"create discovery {name}")
        if set(known.records) != set(records):
            raise DiscoveryConflict(f"the Cloud Map service {name} has other records")
        return Ensured(known.arn, None if known.ttl == ttl else self._change(namespace, known, ttl, name))

    def _change(self, namespace: Namespace, known: Registered, ttl: int, name: str) -> str:
        changes = [each for each in self._world.operations.values() if each.changes is known]
        if any(each.ready_at > self._world.clock.seconds for each in changes):
            raise Unsettled("update_service", "DuplicateRequest", "An operation on this service is under way")
        self._world.changed(f"update discovery {name}")
        return self._start(
            Operation(
                id=f"operation-{len(self._world.operations) + 1}",
                token="",
                namespace=namespace,
                ready_at=self._world.clock.seconds + self._world.ttl_seconds,
                error=self._world.ttl_error,
                changes=known,
                ttl=ttl,
            )
        )

    def _start(self, operation: Operation) -> str:
        self._world.operations[operation.id] = operation
        return operation.id

    def registered(self, namespace: Namespace) -> dict[str, cloud_map.Registered]:
        """Return a namespace's services by their names."""
        self._world.settle_namespaces()
        return {
            name: cloud_map.Registered(each.arn, each.records, each.ttl)
            for (space, name), each in self._world.registered.items()
            if space == namespace.name and namespace not in self._world.elsewhere.values()
        }

    def registrants(self, arn: str) -> frozenset[tuple[str, str]]:
        """Return the services that register in a Cloud Map service."""
        services = self._world.services.values()
        return frozenset((s.cluster, s.name) for s in services if s.spec.discovery and s.spec.discovery.arn == arn)

    def registered_addresses(self, arn: str) -> frozenset[str]:
        """Return the addresses that are registered."""
        names = [f"{name}.{space}" for (space, name), each in self._world.registered.items() if each.arn == arn]
        return frozenset(address for name in names for address in self._world.discovered(name)[0])

    def healthy_addresses(self, namespace: Namespace, name: str) -> tuple[str, ...]:
        """Return the addresses that are registered."""
        assert namespace not in self._world.elsewhere.values(), f"{name} is looked for in another VPC"
        return self._world.discovered(f"{name}.{namespace.name}")[0]

    def tags(self, arn: str) -> dict[str, str]:
        """Return the tags of a namespace or service."""
        return self._world.tags.get(arn, {})

    def delete_service(self, arn: str) -> None:
        """Delete a service once it has no instances."""
        if self._world.is_in_use(arn):
            raise Unsettled("delete_service", "ResourceInUse", "Service contains registered instances")
        for key, each in list(self._world.registered.items()):
            if each.arn == arn:
                del self._world.registered[key]
                self._world.changed(f"delete discovery {key[1]}")

    def delete_namespace(self, namespace: Namespace) -> str | None:
        """Start to delete a namespace; while that goes on it is started once."""
        self._world.settle_namespaces()
        assert namespace not in self._world.elsewhere.values(), f"{namespace.name} of another VPC is deleted"
        if namespace.name not in self._world.namespaces:
            return None
        if self.registered(namespace):
            raise Unsettled("delete_namespace", "ResourceInUse", "Namespace contains services")
        ends = [each for each in self._world.operations.values() if each.deletes and not each.settled]
        known = next((each for each in ends if each.namespace == namespace and not each.error), None)
        if known:
            return known.id
        operation = Operation(
            id=f"operation-{len(self._world.operations) + 1}",
            token="",
            namespace=namespace,
            ready_at=self._world.clock.seconds + self._world.namespace_seconds,
            error=self._world.namespace_error,
            deletes=True,
        )
        self._world.operations[operation.id] = operation
        self._world.changed(f"delete namespace {namespace.name}")
        return operation.id
