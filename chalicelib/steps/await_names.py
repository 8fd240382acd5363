"""AwaitNames: running tasks, Cloud Map and DNS agree."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chalicelib.cloud import Cloud
from chalicelib.decide import Answer, names_proven
from chalicelib.deployment import Deployment, Names
from chalicelib.manifest import Manifest, registered_container
from chalicelib.steps.step import StepEvent
from chalicelib.steps.wait import look


@dataclass(frozen=True)
class Wanted:
    """A name that must lead to a service's tasks: "user" in "api.local", by records A, SRV or both."""

    namespace: str
    service: str
    records: Sequence[str]
    port: int | None

    @property
    def name(self) -> str:
        """Return the DNS name."""
        return f"{self.service}.{self.namespace}"


def run(cloud: Cloud, event: StepEvent) -> dict[str, Any]:
    """Look at the name of a discovered service; one without a name has nothing to prove."""
    wanted = _wanted(cloud.store.manifest(event.deployment_id), event.service_name)
    return look(cloud, event, lambda deployment: wanted is None or proven(cloud, event, wanted, deployment))


def _wanted(manifest: Manifest, service: str) -> Wanted | None:
    discovery, container = manifest.services[service].discovery, registered_container(manifest, service)
    if discovery is None or manifest.namespace is None:
        return None
    port = container.port if container else None
    return Wanted(manifest.namespace, discovery.name or service, discovery.records, port)


def proven(cloud: Cloud, event: StepEvent, wanted: Wanted, deployment: Deployment) -> bool:
    """Tell whether a name leads to the running tasks and nothing else, and record what it answers.

    DNS is asked last, once Cloud Map equals the running tasks: a resolver remembers what it did not find.
    """
    namespace = cloud.cloud_map.namespace(wanted.namespace)
    running = cloud.ecs.running_addresses(deployment.cluster, event.service_name)
    registered = cloud.cloud_map.healthy_addresses(namespace, wanted.service) if namespace else ()
    if set(registered) != set(running):
        _record(cloud, event, wanted, Answer(), proven=False)
        return False
    answers = [cloud.resolver.ask(wanted.name, srv=record == "SRV") for record in wanted.records]
    agreed = all(
        names_proven(running, registered, answer, wanted.port if record == "SRV" else None)
        for record, answer in zip(wanted.records, answers, strict=True)
    )
    _record(cloud, event, wanted, answers[0], proven=agreed)
    return agreed


def _record(cloud: Cloud, event: StepEvent, wanted: Wanted, answer: Answer, *, proven: bool) -> None:
    now = cloud.now()
    names = Names(name=wanted.name, addresses=answer.addresses, proven_at=now if proven else None)
    cloud.store.progress(event.deployment_id, event.service_name, now, phase="awaiting_names", dns=names)
    if proven:
        message = f"{wanted.name} answers {', '.join(answer.addresses) or 'nothing, as nothing runs'}: proven."
        cloud.store.record(event.deployment_id, event.service_name, "awaiting_names", message, now)
