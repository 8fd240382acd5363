"""RemoveNamespaces: the Cloud Map services, and the namespaces that Slipway made and nobody else uses.

Names come after all services: a service that was renamed may have registered beside its successor under one name.
"""

from collections.abc import Collection, Mapping
from typing import Any

from chalicelib.aws.cloud_map import Namespace
from chalicelib.belongings import Belongings
from chalicelib.cloud import Cloud
from chalicelib.deployment import Deployment
from chalicelib.errors import NamespaceFailed
from chalicelib.steps.step import StepEvent, leave, may_share, removable_tags
from chalicelib.steps.wait import look


def run(cloud: Cloud, event: StepEvent) -> dict[str, Any]:
    """Remove names and namespaces, one operation after the other. Raises NamespaceFailed when one ended in FAIL."""
    belongings = cloud.store.belongings_of(event.deployment_id)

    def decided(deployment: Deployment) -> bool:
        if not _settled(cloud, deployment):
            return False
        return not any(_remove(cloud, deployment, belongings, name) for name in belongings.namespaces)

    return look(cloud, event, decided)


def _settled(cloud: Cloud, deployment: Deployment) -> bool:
    """Tell whether no operation is under way. One that could not make the namespace left nothing to remove."""
    under_way = deployment.namespace_operation_id
    try:
        return under_way is None or cloud.cloud_map.operation_succeeded(under_way)
    except NamespaceFailed:
        if deployment.phase == "removing_namespaces":
            raise
        return True


def _remove(cloud: Cloud, deployment: Deployment, belongings: Belongings, name: str) -> bool:
    """Remove what is ours in a namespace, then itself; tell whether an operation was started that must be awaited."""
    namespace = cloud.cloud_map.namespace(name)
    if namespace is None:
        return False
    names = {own for each in belongings.services.values() for space, own in each.names if space == namespace.name}
    remove_names(cloud, deployment, namespace, names, removable_tags(cloud, deployment))
    if reason := _reason_to_stay(cloud, deployment, namespace):
        leave(cloud, deployment.id, f"the namespace {name}, {reason}")
        return False
    operation_id = cloud.cloud_map.delete_namespace(namespace)
    if operation_id is None:
        return False
    now = cloud.now()
    cloud.store.update(deployment.id, now, phase="removing_namespaces", namespace_operation_id=operation_id)
    cloud.store.record(deployment.id, None, "removing_namespaces", f"Removing the namespace {name}.", now)
    return True


def remove_names(
    cloud: Cloud, deployment: Deployment, namespace: Namespace, names: Collection[str], owner: Mapping[str, str]
) -> None:
    """Delete those services of a namespace that are ours: they carry the tags `owner`.

    One that has instances still is refused, and asked again at the next look.
    """
    for name, registered in cloud.cloud_map.registered(namespace).items():
        if name not in names:
            continue
        if owner.items() <= cloud.cloud_map.tags(registered.arn).items():
            cloud.cloud_map.delete_service(registered.arn)
        else:
            leave(cloud, deployment.id, f"the name {name}.{namespace.name}, which is not this application's")


def _reason_to_stay(cloud: Cloud, deployment: Deployment, namespace: Namespace) -> str | None:
    if not may_share(cloud, deployment, cloud.cloud_map.tags(namespace.arn)):
        return "which Slipway did not make"
    others = sorted(cloud.cloud_map.registered(namespace))
    return f"in which others have {', '.join(others)}" if others else None
