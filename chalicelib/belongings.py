"""What an application has in AWS, as far as its manifests ever asked for it: what a teardown has to look for.

The record keeps one of these for each outline that a deployment ever had; what a later manifest dropped stays known.
"""

from collections.abc import Iterable, Mapping
from functools import reduce
from typing import TypeVar

from chalicelib.deployment import Value
from chalicelib.manifest import Manifest
from chalicelib.manifest.base import EMPTY

T = TypeVar("T")


class ServiceBelongings(Value):
    """One ECS service, and all that any manifest gave it.

    `names` are (namespace, Cloud Map service); `tag_keys` those of the manifest's own tags.
    """

    cluster: str
    name: str
    family: str
    names: tuple[tuple[str, str], ...] = ()
    routed: bool = False
    scaled: bool = False
    depends_on: tuple[str, ...] = ()
    tag_keys: tuple[str, ...] = ()


class Belongings(Value):
    """What an application has: its services by `cluster/name`, and what they share.

    `cluster`, `timeout_seconds` and `poll_seconds` are those of the latest manifest; `outlines` are the keys of the
    record's items that told all this.
    """

    cluster: str
    services: Mapping[str, ServiceBelongings] = EMPTY
    clusters: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    timeout_seconds: int = 900
    poll_seconds: int = 15
    outlines: tuple[str, ...] = ()

    def names_in(self, cluster: str) -> dict[str, str]:
        """Return the names of the ECS services of a cluster, by the names that a deployment has for them."""
        return {self._label(key): each.name for key, each in self.services.items() if each.cluster == cluster}

    @property
    def labels(self) -> tuple[str, ...]:
        """Return the services as a deployment names them: those of another cluster with it."""
        return tuple(self._label(key) for key in self.services)

    def service(self, label: str) -> ServiceBelongings:
        """Return the service that a deployment names so."""
        return self.services[label if "/" in label else f"{self.cluster}/{label}"]

    def depends_on(self) -> dict[str, tuple[str, ...]]:
        """Return which services each one needs, by the names that a deployment has for them."""
        return {
            self._label(key): tuple(self._label(need) for need in each.depends_on if need in self.services)
            for key, each in self.services.items()
        }

    def _label(self, key: str) -> str:
        return key.removeprefix(f"{self.cluster}/")


def belongings_of(manifest: Manifest) -> Belongings:
    """Return what a manifest asks to be made."""
    services = {f"{manifest.cluster_name}/{name}": _service(manifest, name) for name in manifest.services}
    return Belongings(
        cluster=manifest.cluster_name,
        services=dict(sorted(services.items())),
        clusters=(manifest.cluster_name,),
        namespaces=(manifest.namespace,) if manifest.namespace else (),
        timeout_seconds=manifest.timeout_seconds,
        poll_seconds=manifest.poll_seconds,
    )


def _service(manifest: Manifest, name: str) -> ServiceBelongings:
    service, cluster = manifest.services[name], manifest.cluster_name
    names: tuple[tuple[str, str], ...] = ()
    if service.discovery and manifest.namespace:
        names = ((manifest.namespace, service.discovery.name or name),)
    return ServiceBelongings(
        cluster=cluster,
        name=name,
        family=manifest.family(name),
        names=names,
        routed=service.route is not None,
        scaled=service.scaling is not None,
        depends_on=tuple(f"{cluster}/{need}" for need in service.depends_on),
        tag_keys=tuple(sorted(manifest.tags)),
    )


def unnamed_in(manifest: Manifest, known: Belongings) -> dict[str, ServiceBelongings]:
    """Return the services that a manifest does not name, by the names that a deployment of it has for them."""
    named = {f"{manifest.cluster_name}/{name}" for name in manifest.services}
    own_cluster = f"{manifest.cluster_name}/"
    return {key.removeprefix(own_cluster): each for key, each in known.services.items() if key not in named}


def needs_of(services: Mapping[str, ServiceBelongings]) -> dict[str, tuple[str, ...]]:
    """Return which of these services each one needs, by the names that they are given here."""
    labels = {f"{each.cluster}/{each.name}": label for label, each in services.items()}
    return {
        label: tuple(labels[need] for need in each.depends_on if need in labels) for label, each in services.items()
    }


def all_of(outlines: Iterable[Belongings]) -> Belongings:
    """Return what all outlines together have; they come oldest first, and there is at least one.

    Each service needs what its latest manifest said. That makes no cycle: a manifest has none, and whoever is needed
    stands in the same manifest, so a road of needs only leads to later ones.
    """
    return reduce(_both, outlines)


def _both(older: Belongings, newer: Belongings) -> Belongings:
    common = {key: _same(older.services[key], each) for key, each in newer.services.items() if key in older.services}
    return newer.model_copy(
        update={
            "services": {**older.services, **newer.services, **common},
            "clusters": _union(older.clusters, newer.clusters),
            "namespaces": _union(older.namespaces, newer.namespaces),
            "outlines": _union(older.outlines, newer.outlines),
        }
    )


def _same(older: ServiceBelongings, newer: ServiceBelongings) -> ServiceBelongings:
    return newer.model_copy(
        update={
            "names": _union(older.names, newer.names),
            "routed": older.routed or newer.routed,
            "scaled": older.scaled or newer.scaled,
            "tag_keys": _union(older.tag_keys, newer.tag_keys),
        }
    )


def _union(older: tuple[T, ...], newer: tuple[T, ...]) -> tuple[T, ...]:
    return tuple(dict.fromkeys((*older, *newer)))
