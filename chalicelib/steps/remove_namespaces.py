"""RemoveNamespaces: the Cloud Map services, and the namespaces that Slipway made and nobody else uses.

Names come after all services: a service that was renamed may have registered beside its successor under one name.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from chalicelib.aws.cloud_map import Namespace
from chalicelib.belongings import Belongings
from chalicelib.cloud import Cloud
from chalicelib.deployment import Deployment
from chalicelib.errors import NamespaceFailed
from chalicelib.rollout import may_be_old
from chalicelib.steps.earlier import earlier_of, has_removed
from chalicelib.steps.step import StepEvent, leave, may_share, removable_tags
from chalicelib.steps.wait import look


def run(cloud: Cloud, event: StepEvent) -> dict[str, Any]:
    """Remove names and namespaces, one operation after the other. Raises NamespaceFailed when one ended in FAIL."""
    belongings = cloud.store.belongings_of(event.deployment_id)

    def decided(deployment: Deployment) -> bool:
        made = _made(cloud, deployment)
        if made is None:
            return False
        found = {name: _namespaces(cloud, deployment, belongings, name) for name in belongings.namespaces}
        expected = found if made and may_be_old(deployment.failed_at, cloud.now()) else _left(cloud, deployment)
        if not _seen(cloud, deployment, [found.get(name, ()) for name in expected]):
            return False
        named = [namespace for each in found.values() for namespace in each]
        if not _names_seen(cloud, deployment, named):
            return False
        return not any(_remove(cloud, deployment, belongings, namespace) for namespace in named)

    return look(cloud, event, decided)


def _seen(cloud: Cloud, deployment: Deployment, found: Iterable[Collection[Namespace]]) -> bool:
    """Tell whether Cloud Map shows namespaces of ours, and their tags, without which they are nobody's to remove."""
    return all(any(may_share(cloud, deployment, cloud.cloud_map.tags(each.arn)) for each in one) for one in found)


def _left(cloud: Cloud, deployment: Deployment) -> Iterator[str]:
    """Yield the namespaces that deployments before a teardown have made just now, until it removes one itself."""
    begins = deployment.kind == "teardown" and deployment.phase != "removing_namespaces"
    for each in earlier_of(cloud, deployment) if begins else ():
        asked, made = each.asked and each.asked.namespace, each.deployment.namespace_operation_id
        if asked and made and not has_removed(each.deployment, made=True):
            yield asked


def _names_seen(cloud: Cloud, deployment: Deployment, namespaces: Iterable[Namespace]) -> bool:
    """Tell whether Cloud Map shows the names that the services had, and whose they are, as far as it must by now."""
    had = {each.registry_arn for each in deployment.services.values()} - {None}
    if not had or not may_be_old(deployment.failed_at or deployment.created_at, cloud.now()):
        return True
    listed = {each.arn for namespace in namespaces for each in cloud.cloud_map.registered(namespace).values()}
    return had <= listed and all("slipway:installation" in cloud.cloud_map.tags(arn) for arn in had if arn)


def _forget_registry(cloud: Cloud, deployment: Deployment, arn: str) -> None:
    """Record that a name is gone: nobody waits to see it."""
    for name, progress in deployment.services.items():
        if progress.registry_arn == arn:
            cloud.store.progress(deployment.id, name, cloud.now(), registry_arn=None)


def _made(cloud: Cloud, deployment: Deployment) -> bool | None:
    """Tell whether this deployment made a namespace; None while an operation is under way, or what it made is unseen.

    One that could not make the namespace left nothing to remove.
    """
    under_way = deployment.namespace_operation_id
    try:
        ended = under_way is None or cloud.cloud_map.operation_succeeded(under_way)
    except NamespaceFailed:
        if deployment.phase == "removing_namespaces":
            raise
        return False
    return (under_way is not None and deployment.phase != "removing_namespaces") if ended else None


def _namespaces(cloud: Cloud, deployment: Deployment, belongings: Belongings, name: str) -> tuple[Namespace, ...]:
    """Return the namespace of this name; where several VPCs have one, those that are ours, or have names of ours.

    Once namespaces are being removed, the one that is there may be another VPC's, and ours gone.
    """
    found = cloud.cloud_map.namespaces(name)
    if len(found) < 2 and deployment.phase != "removing_namespaces":
        return found
    return tuple(each for each in found if _concerns_us(cloud, deployment, belongings, each))


def _concerns_us(cloud: Cloud, deployment: Deployment, belongings: Belongings, namespace: Namespace) -> bool:
    if may_share(cloud, deployment, cloud.cloud_map.tags(namespace.arn)):
        return True
    owner, there = removable_tags(cloud, deployment), cloud.cloud_map.registered(namespace)
    named = (there[name] for name in _names(belongings, namespace) if name in there)
    return any(owner.items() <= cloud.cloud_map.tags(each.arn).items() for each in named)


def _names(belongings: Belongings, namespace: Namespace) -> set[str]:
    return {name for each in belongings.services.values() for space, name in each.names if space == namespace.name}


def _remove(cloud: Cloud, deployment: Deployment, belongings: Belongings, namespace: Namespace) -> bool:
    """Remove what is ours in a namespace, then itself; tell whether an operation was started that must be awaited."""
    name, owner = namespace.name, removable_tags(cloud, deployment)
    removed = remove_names(cloud, deployment, namespace, _names(belongings, namespace), owner)
    if reason := _reason_to_stay(cloud, deployment, namespace, removed):
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
) -> frozenset[str]:
    """Delete those services of a namespace that are ours, for they carry the tags `owner`; return their names.

    One that has instances still is refused, and asked again at the next look.
    """
    removed: set[str] = set()
    for name, registered in cloud.cloud_map.registered(namespace).items():
        if name not in names:
            continue
        if owner.items() <= cloud.cloud_map.tags(registered.arn).items():
            cloud.cloud_map.delete_service(registered.arn)
            _forget_registry(cloud, deployment, registered.arn)
            removed.add(name)
        else:
            leave(cloud, deployment.id, f"the name {name}.{namespace.name}, which is not this application's")
    return frozenset(removed)


def _reason_to_stay(cloud: Cloud, deployment: Deployment, namespace: Namespace, removed: frozenset[str]) -> str | None:
    """Return why a namespace is left alone; what we removed just now may be listed still."""
    if not may_share(cloud, deployment, cloud.cloud_map.tags(namespace.arn)):
        return "which Slipway did not make"
    others = sorted(cloud.cloud_map.registered(namespace).keys() - removed)
    return f"in which others have {', '.join(others)}" if others else None
