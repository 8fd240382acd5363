"""What is happening: a deployment, the progress of each of its services, and how it ended."""

import os
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, PlainSerializer, WithJsonSchema


def rfc3339(moment: datetime) -> str:
    """Return an instant as callers read it: "2026-11-20T18:50:00.123Z" (RFC 3339)."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


Instant = Annotated[
    datetime,
    PlainSerializer(rfc3339, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}, mode="serialization"),
]
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class Status(StrEnum):
    """Where a deployment is; all but the first two are ends."""

    PENDING = "pending"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    ROLLED_BACK = "rolled_back"
    SUPERSEDED = "superseded"
    CANCELLED = "cancelled"
    TIMED_OUT = "timed_out"

    @property
    def ended(self) -> bool:
        """Tell whether nothing more will happen."""
        return self not in (Status.PENDING, Status.RUNNING)


class Value(BaseModel):
    """A value: frozen, and closed to keys that nobody named."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Evidence(Value):
    """One observation behind a failure; `kind` is stopped_task, event, target_health, log or alarm."""

    kind: str
    message: str
    at: Instant | None = None
    resource: str | None = None


class Failure(Value):
    """Why a deployment failed: a stable `code`, the `cause` verbatim, what to do, and what was seen."""

    code: str
    service: str | None = None
    cause: str
    fix: str
    evidence: tuple[Evidence, ...] = ()


NameProof = Literal["resolver", "records"]


class Names(Value):
    """The DNS name of a service, what it answers, and when that was proven equal to the running tasks.

    `by` tells which proof looked: the answers of a resolver in the tasks' VPC, or the records that it would answer.
    """

    name: str
    addresses: tuple[str, ...] = ()
    proven_at: Instant | None = None
    by: NameProof | None = None


class ServiceProgress(Value):
    """How far one service is.

    `changed` is None until it is known. `previous_task_definition` served before, `what_serves` serves now that it
    ended. `replaces` is the ECS deployment that a forced one takes the place of. `registry_arn`, `target_group_arn`,
    `discovery_operation_id` (which changes the registry), `before_deploy_task` (an ARN), `ecs_deployment_id` and
    `service_deployment_arn` are what the steps of this service hand to one another. `as_asked` are its parts that
    nothing happens to, None where an older release has planned. From `judged_from` on, the load balancer has had its
    time to judge its tasks by a health check that changed. `called_at` is when our last call on the ECS service was
    made, or none was needed; `desired_asked` is the count that it leaves, where it started no ECS deployment;
    `rolls_out` tells that it started one. `ecs_deployments_before` were there before it. `ecs_deployment_created_at`
    and `settled_at`, when ECS had settled how our rollout ends, are by ECS's own clock. `restored_task_definition` has
    the content of a previous one from which nothing starts any more.
    """

    name: str
    status: str = "pending"
    phase: str = "pending"
    changed: bool | None = None
    changed_fields: tuple[str, ...] = ()
    task_definition: str | None = None
    previous_task_definition: str | None = None
    what_serves: str | None = None
    desired: int = 0
    running: int = 0
    pending: int = 0
    failed: int = 0
    dns: Names | None = None
    url: str | None = None
    started_at: Instant | None = None
    finished_at: Instant | None = None
    updated_at: Instant | None = None
    registry_arn: str | None = None
    discovery_operation_id: str | None = None
    target_group_arn: str | None = None
    before_deploy_task: str | None = None
    replaces: str | None = None
    called_at: Instant | None = None
    desired_asked: int | None = None
    rolls_out: bool = False
    ecs_deployments_before: tuple[str, ...] = ()
    ecs_deployment_id: str | None = None
    ecs_deployment_created_at: Instant | None = None
    service_deployment_arn: str | None = None
    settled_at: Instant | None = None
    restored_task_definition: str | None = None
    as_asked: tuple[str, ...] | None = None
    judged_from: Instant | None = None

    def stays(self, *parts: str) -> bool:
        """Tell whether Plan found parts of the service as they are asked for."""
        return self.as_asked is not None and set(parts) <= set(self.as_asked)


class Deployment(Value):
    """One deployment of a manifest, or a teardown, with the progress of each of its services by name.

    A teardown names a service that is in another cluster than `cluster` as `cluster/service`; `left` is what it left
    alone, as sentences. `failed_at` is when `failure` was recorded. `force` deploys what did not change, too.
    `succeeded_before` names, by service, the deployment that last succeeded with it before this one. A deployment that
    goes back has `rollback_deadline_at`, and `rollback_failure` if it cannot. One that takes the place of others waits
    until those, `after`, have ended; theirs says `superseded_by`.
    """

    id: str
    kind: str = "deploy"
    application: str
    environment: str
    cluster: str
    status: Status = Status.PENDING
    phase: str = "pending"
    requested_by: str
    source: dict[str, str] = {"type": "api"}
    force: bool = False
    created_at: Instant
    updated_at: Instant
    finished_at: Instant | None = None
    deadline_at: Instant
    verdict: str | None = None
    failure: Failure | None = None
    failed_at: Instant | None = None
    namespace_operation_id: str | None = None
    left: tuple[str, ...] = ()
    succeeded_before: dict[str, str] = {}
    rollback_deadline_at: Instant | None = None
    rollback_failure: Failure | None = None
    after: tuple[str, ...] = ()
    superseded_by: str | None = None
    services: dict[str, ServiceProgress] = {}

    @property
    def goes_back(self) -> bool:
        """Tell whether this deployment is on its way back, or has been."""
        return self.rollback_deadline_at is not None

    @property
    def due_at(self) -> datetime:
        """Return when what goes on has to be over: the way there, or the way back."""
        return self.rollback_deadline_at or self.deadline_at

    @property
    def can_rollback(self) -> bool:
        """Tell whether a set that succeeded before this deployment can be deployed in its place."""
        return self.kind == "deploy" and self.status.ended and bool(self.succeeded_before)

    @property
    def locks(self) -> tuple[str, ...]:
        """Return what this deployment holds while it runs: one `cluster/service` for each service."""
        return tuple("/".join(self.ecs_service(name)) for name in self.services)

    def ecs_service(self, name: str) -> tuple[str, str]:
        """Return cluster and name of the ECS service that one of our services is."""
        cluster, _, own_name = name.rpartition("/")
        return cluster or self.cluster, own_name


class Event(Value):
    """One line of a deployment's timeline; `id` sorts by time."""

    id: str
    at: Instant
    service: str | None = None
    phase: str
    message: str


INTERNAL = {
    "updated_at",
    "registry_arn",
    "discovery_operation_id",
    "target_group_arn",
    "before_deploy_task",
    "replaces",
    "called_at",
    "desired_asked",
    "rolls_out",
    "ecs_deployments_before",
    "ecs_deployment_id",
    "ecs_deployment_created_at",
    "service_deployment_arn",
    "settled_at",
    "as_asked",
    "judged_from",
    "restored_task_definition",
    "name",
}
INTERNAL_TO_DEPLOYMENT = {
    "services",
    "cluster",
    "force",
    "failed_at",
    "namespace_operation_id",
    "left",
    "succeeded_before",
    "rollback_deadline_at",
    "after",
}


def status_document(deployment: Deployment, prefix: str = "") -> dict[str, Any]:
    """Return the JSON that GET answers (docs/api.md); `prefix` is the API's stage path, such as "/api"."""
    document = deployment.model_dump(mode="json", exclude=INTERNAL_TO_DEPLOYMENT)
    document["can_rollback"] = deployment.can_rollback
    document["services"] = {
        name: progress.model_dump(mode="json", exclude=INTERNAL) for name, progress in deployment.services.items()
    }
    document["links"] = _links(deployment, f"{prefix}/deployments/{deployment.id}")
    return document


def _links(deployment: Deployment, own: str) -> dict[str, str]:
    links = {"self": own, "events": f"{own}/events"}
    in_time = deployment.failure is None and deployment.phase != "pruning"
    if deployment.kind == "deploy" and not deployment.status.ended and in_time:
        links["cancel"] = f"{own}/cancel"
    if deployment.can_rollback:
        links["rollback"] = f"{own}/rollback"
    return links


def new_id(kind: str, at: datetime) -> str:
    """Return `kind_` and 26 characters that sort by time and that nobody can guess (a ULID, github.com/ulid/spec)."""
    number = int(at.timestamp() * 1000) << 80 | int.from_bytes(os.urandom(10), "big")
    return f"{kind}_" + "".join(CROCKFORD[number >> shift & 31] for shift in range(125, -1, -5))


def new_id_after(other: str, at: datetime) -> str:
    """Return a new id that sorts after another one, which may have been made where the clock is ahead of ours."""
    number = 0
    for letter in other.rpartition("_")[2]:
        number = number << 5 | CROCKFORD.index(letter)
    return new_id(other.rpartition("_")[0], max(at, instant(((number >> 80) + 1) / 1000)))


def instant(seconds: float | None = None) -> datetime:
    """Return the present, or `seconds` since the epoch, as an aware datetime with milliseconds, as we store it."""
    moment = datetime.fromtimestamp(time.time() if seconds is None else seconds, UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def progress_of(names: Mapping[str, str | None]) -> dict[str, ServiceProgress]:
    """Return fresh progress for services by name; each value is its DNS name, None when it is not discovered."""
    return {name: ServiceProgress(name=name, dns=Names(name=dns) if dns else None) for name, dns in names.items()}
