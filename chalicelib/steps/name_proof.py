"""The proof of a name: running tasks, Cloud Map and DNS agree.

DNS is a resolver in the VPC of the tasks. Where Slipway has none, it is the records that such a resolver would answer:
those of the namespace's hosted zone, as soon as that is a zone of this VPC.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.aws.cloud_map import Namespace
from chalicelib.cloud import Cloud
from chalicelib.decide import (
    Answer,
    Reach,
    disagreement,
    name_proof,
    names_proven,
    recorded,
    registration_lost,
    unreached,
)
from chalicelib.deployment import Deployment, NameProof, Names, ServiceProgress
from chalicelib.errors import DiscoveryFailed, NameUnreached, RegistrationLost
from chalicelib.rollout import may_be_old
from chalicelib.specs import Placement
from chalicelib.steps.looks import vpc_of
from chalicelib.steps.step import StepEvent

LOST_AFTER = timedelta(minutes=2)
"""ECS registers a task within seconds of its start, once: one that Cloud Map lacks so long after it was lost."""


@dataclass(frozen=True)
class Wanted:
    """A name that must lead to a service's tasks: "user" in "api.local", by records A, SRV or both.

    `vpc` is the id or the Name tag of their VPC, or a placement in it.
    `sharing` are (cluster, ECS service) of those whose tasks may be in the name, too, for they are still to be removed.
    """

    namespace: str
    service: str
    records: Sequence[str]
    port: int | None
    vpc: str | Placement
    sharing: tuple[tuple[str, str], ...] = ()

    @property
    def name(self) -> str:
        """Return the DNS name."""
        return f"{self.service}.{self.namespace}"


def proven(cloud: Cloud, event: StepEvent, wanted: Wanted, namespace: Namespace | None, deployment: Deployment) -> bool:
    """Return True when a name leads to the running tasks and nothing else; what it answers is recorded.

    What changes it in Cloud Map has to succeed first. Raises DiscoveryFailed in Cloud Map's words when it does not.
    DNS is asked last, once Cloud Map equals the running tasks: a resolver remembers what it did not find. While others
    share the name, it is proven for their tasks and ours, and has no `proven_at`.
    Raises RegistrationLost, and NameUnreached, which says what does not agree, while that may pass.
    """
    if not _changed(cloud, deployment.services[event.service_name]):
        return False
    running = cloud.ecs.running_addresses(deployment.cluster, event.service_name)
    _refuse_old(cloud, running, deployment, deployment.services[event.service_name], wanted)
    tasks = set(running).union(*(cloud.ecs.running_addresses(*each) for each in wanted.sharing))
    registered = cloud.cloud_map.healthy_addresses(namespace, wanted.service) if namespace else ()
    vpc = vpc_of(cloud, wanted.vpc)
    by = name_proof(vpc, cloud.settings.resolve_vpc)
    if set(registered) != tasks:
        _record(cloud, event, Names(name=wanted.name))
        progress = deployment.services[event.service_name]
        if namespace and not (progress.changed and may_be_old(progress.called_at, cloud.now())):
            _refuse_lost(cloud, namespace, wanted, _of_now(cloud, running, progress), by)
        raise NameUnreached(disagreement(wanted.name, tasks, registered))
    answers = answers_of(cloud, namespace, wanted.name, wanted.records, by)
    ports = {"SRV": wanted.port} if not wanted.sharing else {}
    agreed = all(
        names_proven(sorted(tasks), registered, answer, ports.get(record), by)
        for record, answer in zip(wanted.records, answers, strict=True)
    )
    found = Names(name=wanted.name, addresses=answers[0].addresses, by=by)
    if not agreed:
        _record(cloud, event, found)
        raise NameUnreached(disagreement(wanted.name, tasks, registered, answers))
    if by == "records" and (why := _unreached(cloud, namespace, vpc)):
        _record(cloud, event, found)
        raise NameUnreached(why)
    _record_proven(cloud, event, found, vpc, shared=bool(wanted.sharing))
    return True


def _changed(cloud: Cloud, progress: ServiceProgress) -> bool:
    operation_id = progress.discovery_operation_id
    return operation_id is None or cloud.cloud_map.operation_succeeded(operation_id, DiscoveryFailed)


def _refuse_old(
    cloud: Cloud, running: Mapping[str, datetime], deployment: Deployment, progress: ServiceProgress, wanted: Wanted
) -> None:
    """Raise NameUnreached while ECS lists none of the tasks that run, or some that a rollout has replaced."""
    unknown = f"so nobody knows whether {wanted.name} leads to those that run"
    if not running and progress.running:
        raise NameUnreached(f"ECS lists none of the tasks, {unknown}")
    replaced = ", ".join(sorted(running.keys() - _of_now(cloud, running, progress)))
    if replaced and not deployment.goes_back:
        raise NameUnreached(f"ECS still lists the tasks at {replaced}, which were replaced, {unknown}")


def _of_now(cloud: Cloud, running: Mapping[str, datetime], progress: ServiceProgress) -> dict[str, datetime]:
    """Return the running tasks but for those that a rollout has just replaced: ECS may list them a while longer."""
    made_at = progress.ecs_deployment_created_at
    began = made_at if progress.rolls_out or may_be_old(made_at, cloud.now()) else None
    return {address: since for address, since in running.items() if began is None or since >= began}


def _refuse_lost(
    cloud: Cloud, namespace: Namespace, wanted: Wanted, running: Mapping[str, datetime], by: NameProof
) -> None:
    """Raise RegistrationLost when tasks have run for long and are not registered, by both ways to ask Cloud Map."""
    long_since = {address for address, since in running.items() if cloud.now() - since >= LOST_AFTER}
    registered = cloud.cloud_map.registered(namespace).get(wanted.service) if long_since else None
    lost = sorted(long_since - cloud.cloud_map.registered_addresses(registered.arn)) if registered else []
    if lost:
        answers = answers_of(cloud, namespace, wanted.name, wanted.records, by)
        since = min(running[each] for each in lost)
        raise RegistrationLost(registration_lost(wanted.name, lost, since, answers))


def answers_of(
    cloud: Cloud, namespace: Namespace | None, name: str, records: Sequence[str], by: NameProof
) -> tuple[Answer, ...]:
    """Return what is answered for a name by each type of record, or what the records say that would be."""
    if by == "resolver":
        return tuple(cloud.resolver.ask(name, srv=record == "SRV") for record in records)
    found = cloud.hosted_zones.records(namespace.hosted_zone_id, name) if namespace else ()
    return tuple(recorded(found, name, srv=record == "SRV") for record in records)


def _unreached(cloud: Cloud, namespace: Namespace | None, vpc: str) -> str | None:
    """Return why the VPC does not answer from the namespace's zone; without a namespace nothing runs and nothing is."""
    if namespace is None:
        return None
    zone_vpcs = cloud.hosted_zones.vpcs(namespace.hosted_zone_id)
    return unreached(namespace.name, Reach(vpc, zone_vpcs, cloud.ec2.dns_attributes_off(vpc)))


def _record(cloud: Cloud, event: StepEvent, names: Names) -> None:
    cloud.store.progress(event.deployment_id, event.service_name, cloud.now(), phase="awaiting_names", dns=names)


def _record_proven(cloud: Cloud, event: StepEvent, found: Names, vpc: str, *, shared: bool) -> None:
    now, addresses = cloud.now(), ", ".join(found.addresses) or "nothing, as nothing runs"
    if shared:
        _record(cloud, event, found)
        message = f"{found.name} answers {addresses}: these tasks, and those of a service that is still to be removed."
        cloud.store.record(event.deployment_id, event.service_name, "awaiting_names", message, now)
        return
    by_records = f"The records of {found.name}, in a hosted zone of {vpc}, say {addresses}: proven."
    message = by_records if found.by == "records" else f"{found.name} answers {addresses}: proven."
    proof = found.model_copy(update={"proven_at": now})
    cloud.store.tell(event.deployment_id, event.service_name, "awaiting_names", message, now, dns=proof)
