"""Facts to decisions. Pure: no AWS, no clock, no table."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from chalicelib.deployment import Deployment, Failure, NameProof
from chalicelib.diagnosis import Facts, StoppedTask, diagnose, explains, observed
from chalicelib.errors import (
    BeforeDeployFailed,
    DeploymentError,
    DeploymentTimedOut,
    RolloutFailed,
    SiblingFailed,
)

NOTHING_SEEN = Facts()
EXPECTED_STOP = "Scaling activity initiated by"  # how ECS says that it replaced a task, or scaled in
ANSWERED_AT_MOST = 8  # addresses in one multivalue answer: Cloud Map developer guide, "DnsConfig"


@dataclass(frozen=True)
class OneOffTask:
    """A task of before_deploy; `container` runs its command, and `end` is how that ended, None while it runs."""

    arn: str
    task_definition: str
    container: str
    status: str
    created_at: datetime
    end: StoppedTask | None = None


@dataclass(frozen=True)
class Answer:
    """What DNS says of a name: the addresses, and with SRV records the ports they stand for."""

    addresses: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()


@dataclass(frozen=True)
class ZoneRecord:
    """One record of a hosted zone; `name` in small letters, without its last dot."""

    name: str
    type: str
    value: str


@dataclass(frozen=True)
class Reach:
    """What decides whether a VPC's resolver answers a zone: the VPCs of the zone, the VPC's DNS attributes."""

    vpc: str
    zone_vpcs: tuple[str, ...]
    dns_attributes_off: tuple[str, ...]


def task_ended(task: OneOffTask | None, timeout_seconds: int, now: datetime) -> bool:
    """Tell whether a task of before_deploy ended well: its command exited 0. Raises BeforeDeployFailed otherwise.

    The exit codes of other containers tell nothing: ECS stops them when the command's has ended. None is a task that
    ECS does not show yet: its answers are eventually consistent (API reference, RunTask).
    """
    if task is None:
        return False
    if task.end is None:
        if now - task.created_at >= timedelta(seconds=timeout_seconds):
            raise BeforeDeployFailed(f"before_deploy was {task.status} after its timeout_seconds of {timeout_seconds}")
        return False
    if task.end.exit_code != 0:
        raise BeforeDeployFailed(f"before_deploy failed: {task.end.cause}")
    return True


def name_proof(vpc: str, resolve_vpc: str) -> NameProof:
    """Return how names are proven that tasks in a VPC have; `resolve_vpc` is that of the resolver, "" without one."""
    return "resolver" if vpc == resolve_vpc else "records"


def recorded(records: Sequence[ZoneRecord], name: str, *, srv: bool) -> Answer:
    """Return what a zone's records say of a name, by SRV records and the A records of their targets, or by A records.

    An SRV record of Cloud Map reads "1 1 8080 <instance>.<name>":
    https://docs.aws.amazon.com/cloud-map/latest/api/API_DnsRecord.html
    """
    if not srv:
        return Answer(_values(records, name, "A"))
    targets = [each.split() for each in _values(records, name, "SRV")]
    addresses = (address for *_, target in targets for address in _values(records, target.removesuffix("."), "A"))
    return Answer(tuple(sorted(addresses)), tuple(sorted({int(port) for _, _, port, _ in targets})))


def _values(records: Sequence[ZoneRecord], name: str, type_: str) -> tuple[str, ...]:
    return tuple(sorted(each.value for each in records if (each.name, each.type) == (name.lower(), type_)))


def unreached(namespace: str, reach: Reach) -> str | None:
    """Return why a VPC does not answer from a namespace's zone, None when it does.

    It must be one of the zone's VPCs, and have both its DNS attributes:
    https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/hosted-zone-private-considerations.html
    """
    if reach.vpc not in reach.zone_vpcs:
        serves = ", ".join(reach.zone_vpcs) or "no VPC"
        return f"the hosted zone of {namespace} serves {serves}, the tasks run in {reach.vpc}"
    if reach.dns_attributes_off:
        return f"DNS attributes of {reach.vpc} are off: {', '.join(reach.dns_attributes_off)}"
    return None


def names_proven(
    running: Sequence[str], registered: Sequence[str], answer: Answer, port: int | None, by: NameProof
) -> bool:
    """Tell whether running tasks, registered healthy instances and DNS agree.

    DNS answers at most eight addresses, all of running tasks, none stale; with nothing running it answers nothing.
    The records of a zone are all there. `port` is the one that SRV records must carry, None without them.
    """
    expected = len(set(running)) if by == "records" else min(len(set(running)), ANSWERED_AT_MOST)
    addresses_agree = (
        set(running) == set(registered)
        and set(answer.addresses) <= set(running)
        and len(set(answer.addresses)) == expected
    )
    ports_agree = port is None or set(answer.ports) == ({port} if expected else set())
    return addresses_agree and ports_agree


def disagreement(
    name: str, running: Collection[str], registered: Collection[str], answers: Sequence[Answer] | None = None
) -> str:
    """Return what of a name does not agree, in words; DNS is asked once running and registered are the same."""
    words = f"{name}: tasks run at {_listed(running)}, Cloud Map has {_listed(registered)}"
    return words if answers is None else f"{words}, DNS answers {_answered(answers)}"


def registration_lost(name: str, lost: Sequence[str], since: datetime, answers: Sequence[Answer]) -> str:
    """Return in words that tasks run without being registered: their addresses, and what is answered all the same."""
    run, are = ("run", "are") if len(lost) > 1 else ("runs", "is")
    at = since.isoformat(timespec="seconds").replace("+00:00", "Z")
    words = f"{_listed(lost)} {run} since {at} and {are} not registered in Cloud Map as {name}"
    return f"{words}; DNS answers {_answered(answers)}"


def _answered(answers: Sequence[Answer]) -> str:
    return " and ".join(dict.fromkeys(_listed(each.addresses) + _on_ports(each.ports) for each in answers))


def _on_ports(ports: Sequence[int]) -> str:
    said = ", ".join(str(port) for port in sorted(ports))
    return f" on port{'s' if len(ports) > 1 else ''} {said}" if ports else ""


def _listed(addresses: Iterable[str]) -> str:
    return ", ".join(sorted(addresses)) or "nothing"


def failure_of(error: DeploymentError, service: str | None, facts: Facts = NOTHING_SEEN) -> Failure:
    """Return the failure that an error means, with all that was seen.

    A rollout that failed has the diagnosis's code, words and fix, and ECS's own words where they tell more. One that
    took too long keeps its code, because that names the deployment's status, and says what was seen meanwhile.
    """
    found, cause, fix = diagnose(facts), error.cause, error.fix
    if found and isinstance(error, RolloutFailed):
        failure = found.failure(service)
        return failure.model_copy(update={"cause": _with_words_of_ecs(failure.cause, error.cause)})
    if found and isinstance(error, DeploymentTimedOut):
        cause, fix = f"{cause}; seen meanwhile: {found.cause}", f"{found.fix} {fix}"
    ended = next((task for task in facts.stopped_tasks if explains(task.reason)), None)
    if ended and isinstance(error, RolloutFailed):
        cause = f"{ended.cause} ({cause})"  # it proves nothing, such as exit code 137, but tells more than the rollout
    return Failure(code=error.code(), service=service, cause=cause, fix=fix, evidence=observed(facts))


def _with_words_of_ecs(cause: str, words: str) -> str:
    return f"{cause} ({words})" if explains(words) and words not in cause else cause


def called_off(deployment: Deployment, service: str | None) -> SiblingFailed | None:
    """Return the error that ends this service's branch, or what is before all branches, when a failure is decided.

    On the way back it is decided, and nothing ends because of it.
    """
    failure = deployment.failure
    if failure is None or deployment.goes_back or (service is not None and failure.service == service):
        return None
    return SiblingFailed(f"{failure.service} failed first: {failure.cause}" if failure.service else failure.cause)


ROLLOUT_WAITS = ("AwaitStable", "AwaitRestored")
NAME_WAITS = (
    "AwaitNames",
    "AwaitRestoredNames",
    "AwaitInactive",
    "RemoveRoute",
    "RemoveUnnamed",
    "AwaitFreedNames",
)


def wakes(detail_type: str, detail: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the waits of a service that an ECS event can decide: they look again, the others need not.

    A rollout is decided by its own end, and by a task that ECS did not stop by itself; names and removals by any task
    that went. After those that came the service is in its steady state, which is an event of its own.
    """
    if detail_type == "ECS Deployment State Change":
        ended = detail.get("eventName") in ("SERVICE_DEPLOYMENT_COMPLETED", "SERVICE_DEPLOYMENT_FAILED")
        return ROLLOUT_WAITS if ended else ()
    if detail_type == "ECS Service Action":
        return (*ROLLOUT_WAITS, *NAME_WAITS) if detail.get("eventName") == "SERVICE_STEADY_STATE" else ()
    if detail_type == "ECS Task State Change":
        return _task_wakes(detail)
    return ()


def _task_wakes(detail: Mapping[str, Any]) -> tuple[str, ...]:
    if detail.get("lastStatus") != "STOPPED":
        return ()
    expected = str(detail.get("stoppedReason")).startswith(EXPECTED_STOP)
    return NAME_WAITS if expected else (*ROLLOUT_WAITS, *NAME_WAITS)
