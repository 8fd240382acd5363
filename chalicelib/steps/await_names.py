"""AwaitNames: running tasks, Cloud Map and DNS agree."""

from typing import Any

from chalicelib.cloud import Cloud
from chalicelib.decide import Answer, names_proven
from chalicelib.deployment import Deployment, Names
from chalicelib.manifest import Discovery, Manifest, registered_container
from chalicelib.steps.step import StepEvent
from chalicelib.steps.wait import look


def run(cloud: Cloud, event: StepEvent) -> dict[str, Any]:
    """Look at the name of a discovered service; one without a name has nothing to prove."""
    manifest = cloud.store.manifest(event.deployment_id)
    wanted = manifest.services[event.service_name].discovery

    def decided(deployment: Deployment) -> bool:
        return wanted is None or _proven(cloud, event, manifest, wanted, deployment.cluster)

    return look(cloud, event, decided)


def _proven(cloud: Cloud, event: StepEvent, manifest: Manifest, wanted: Discovery, cluster: str) -> bool:
    """DNS is asked last, once Cloud Map equals the running tasks: a resolver remembers what it did not find."""
    namespace = cloud.cloud_map.namespace(manifest.namespace or "")
    running = cloud.ecs.running_addresses(cluster, event.service_name)
    registered = cloud.cloud_map.healthy_addresses(namespace, wanted.name or event.service_name) if namespace else ()
    if set(registered) != set(running):
        _record(cloud, event, manifest, Answer(), proven=False)
        return False
    name = manifest.discovered_name(event.service_name) or ""
    answers = [cloud.resolver.ask(name, srv=record == "SRV") for record in wanted.records]
    container = registered_container(manifest, event.service_name)
    port = container.port if container else None
    proven = all(
        names_proven(running, registered, answer, port if record == "SRV" else None)
        for record, answer in zip(wanted.records, answers, strict=True)
    )
    _record(cloud, event, manifest, answers[0], proven=proven)
    return proven


def _record(cloud: Cloud, event: StepEvent, manifest: Manifest, answer: Answer, *, proven: bool) -> None:
    now = cloud.now()
    name = manifest.discovered_name(event.service_name) or ""
    names = Names(name=name, addresses=answer.addresses, proven_at=now if proven else None)
    cloud.store.progress(event.deployment_id, event.service_name, now, phase="awaiting_names", dns=names)
    if proven:
        message = f"{name} answers {', '.join(answer.addresses) or 'nothing, as nothing runs'}: proven."
        cloud.store.record(event.deployment_id, event.service_name, "awaiting_names", message, now)
