"""How a deployment begins and ends in the record: it takes the locks of its services, and releases them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from chalicelib.aws.dynamodb import Condition, ConditionFailed, Delete, Item, Put, Table, Update, Write
from chalicelib.deployment import Deployment, Event, Failure, Status, new_id
from chalicelib.errors import DeploymentInProgress, FailureDecided, PruneFailed, StoreConflict
from chalicelib.items import (
    IdempotencyRecord,
    asked_items,
    changed_item,
    deployment_item,
    deployment_key,
    event_item,
    idempotency_item,
    idempotency_record,
    live_items,
    service_item,
    services_ended,
    unused,
)

if TYPE_CHECKING:
    from chalicelib.belongings import Belongings
    from chalicelib.manifest import Manifest

WRITES_AT_MOST = 100  # in one transaction: API reference, TransactWriteItems
ABSENT = Condition("attribute_not_exists(pk)")
# After its deadline a deployment may still be recording its end.
LEASE_MARGIN = timedelta(minutes=10)
OPEN = "#status IN (:pending, :running)"
NO_FAILURE = "attribute_type(#failure, :null)"


def _held_by(*deployment_ids: str) -> Condition:
    """Return the condition that a lock is free, or held by one of these deployments."""
    values = {f":holder{at}": each for at, each in enumerate(deployment_ids)}
    return Condition(f"attribute_not_exists(pk) OR deployment_id IN ({', '.join(values)})", values=values)


def still_open() -> Condition:
    """Return the condition that a deployment has not ended."""
    return Condition(OPEN, {"#status": "status"}, {":pending": "pending", ":running": "running"})


def open_without_failure() -> Condition:
    """Return the condition that a deployment has not ended, and no failure of it is recorded."""
    still = still_open()
    return Condition(
        f"{OPEN} AND {NO_FAILURE}", {**still.names, "#failure": "failure"}, {**still.values, ":null": "NULL"}
    )


def _as_read(deployment: Deployment) -> Condition:
    """Return the condition that a deployment has the status that was read, and no failure if none was."""
    names, values = {"#status": "status"}, {":status": deployment.status.value}
    if deployment.failure:
        return Condition("#status = :status", names, values)
    return Condition(
        f"#status = :status AND {NO_FAILURE}", {**names, "#failure": "failure"}, {**values, ":null": "NULL"}
    )


def _is_written(ended: Update, item: Item) -> bool:
    """Tell whether a deployment's item has this very end."""
    return all(item.get(key) == ended.changes[key] for key in ("status", "verdict", "finished_at"))


def failed(failure: Failure, at: datetime) -> Item:
    """Return what a failure writes into its deployment."""
    return {"failure": failure.model_dump(mode="json"), "failed_at": at.isoformat()}


@dataclass(frozen=True)
class Lock:
    """Which deployment holds an ECS service; a lease: after `expires_at` its holder is asked whether it lives."""

    deployment_id: str
    expires_at: datetime


class AlreadyAccepted(Exception):
    """The Idempotency-Key is known; `record` says what it made."""

    def __init__(self, record: IdempotencyRecord) -> None:
        super().__init__(record.deployment_id)
        self.record = record


class Claims:
    """Who holds which ECS service: one deployment at any time."""

    _table: Table

    def begin(
        self,
        deployment: Deployment,
        asked: Manifest | Belongings,
        idempotency: Sequence[IdempotencyRecord] = (),
        *,
        holders: Sequence[str] = (),
        taking_over: Sequence[Update] = (),
    ) -> None:
        """Write a deployment, with what it is asked, and take its locks, all or nothing; a superseded one takes none.

        It takes them from these `holders` too; `taking_over` is what that writes into those. Raises
        DeploymentInProgress naming the holder of a service, AlreadyAccepted where one of its keys is known, and
        StoreConflict.
        """
        names = () if deployment.superseded_by else deployment.locks
        locks = [self._lock(deployment, name, holders) for name in names]
        others: list[Write] = [
            Put(deployment_item(deployment), ABSENT),
            *(Put(item) for item in asked_items(deployment, asked)),
            *taking_over,
        ]
        services = [Put(service_item(deployment.id, progress)) for progress in deployment.services.values()]
        keys = [Put(idempotency_item(each, deployment.created_at), unused(deployment)) for each in idempotency]
        room = max(0, WRITES_AT_MOST - len(locks) - len(keys) - len(others))
        for surplus in services[room:]:
            self._table.write(surplus)
        try:
            self._table.write(*locks, *keys, *others, *services[:room])
        except ConditionFailed as refusal:
            raise self._refused(refusal, deployment, len(locks)) from refusal

    def _lock(self, deployment: Deployment, name: str, holders: Sequence[str]) -> Put:
        expires_at = deployment.deadline_at + LEASE_MARGIN
        item = {
            "pk": f"lock#{name}",
            "sk": "lock",
            "deployment_id": deployment.id,
            "expires_at": expires_at.isoformat(),
        }
        return Put(item, _held_by(deployment.id, *holders))

    def _refused(self, refusal: ConditionFailed, deployment: Deployment, locks: int) -> Exception:
        """Tell a known key from a busy service: the key counts first, its request was accepted before."""
        for item in refusal.refused.values():
            if "fingerprint" in item:
                return AlreadyAccepted(idempotency_record(item))
        at, item = next(iter(refusal.refused.items()))
        if at >= locks:
            return StoreConflict("a deployment that was to be superseded changed meanwhile")
        holder = str(item.get("deployment_id", ""))
        return DeploymentInProgress(
            f"{deployment.locks[at]} is being deployed by {holder}.",
            holder=holder,
            hint=f"Follow GET /deployments/{holder}, and send this again when it has ended; "
            "or send it with ?on_busy=supersede, which calls that one off.",
        )

    def supersede(self, holder: Deployment, failure: Failure, by: str, at: datetime) -> Update:
        """Return the write that has a deployment give way to `by`: it fails so, unless it has failed already.

        It is refused once the deployment is not pending any more, or has ended: what was read of it is not true then.
        """
        first = holder.failure is None
        changes: Item = {"superseded_by": by, "updated_at": at.isoformat()}
        changes |= failed(failure, at) if first else {}
        return Update(deployment_key(holder.id), changes, _as_read(holder))

    def finish(self, deployment: Deployment, status: Status, verdict: str, at: datetime) -> bool:
        """Write the end of a deployment, its last line, and release its locks, all or nothing; False if it had ended.

        Written again with the same instant it is the same end, of which the answer was lost, and so True. Its services
        are what a later deployment goes back to, if all were proven. Raises FailureDecided when it was to succeed, and
        a failure was recorded meanwhile.
        """
        succeeded = status is Status.SUCCEEDED
        end = {"status": status.value, "phase": status.value, "verdict": verdict} | {
            name: at.isoformat() for name in ("updated_at", "finished_at")
        }
        failure = {"failure": deployment.failure.model_dump(mode="json")} if deployment.failure else {}
        condition = open_without_failure() if succeeded else still_open()
        changes = end | failure | services_ended(deployment)
        ended = Update(deployment_key(deployment.id), changes, condition, remove=("open",))
        last = Event(id=new_id("evt", at), at=at, service=None, phase=status.value, message=verdict)
        proven = succeeded or (deployment.failure is not None and deployment.failure.code == PruneFailed.code())
        live = [Put(item) for item in live_items(deployment)] if proven and deployment.kind == "deploy" else []
        changed = changed_item(deployment, at)
        more = [Put(event_item(deployment.id, last)), *live, *([Put(changed)] if changed else [])]
        return self._finish(ended, deployment, self._own_locks(deployment), more)

    def _own_locks(self, deployment: Deployment) -> list[str]:
        """Return the locks that an ending deployment releases; of a superseded one others may have taken them."""
        if not deployment.superseded_by:
            return list(deployment.locks)
        return [name for name, holder in self.lock_holders(deployment.locks).items() if holder == deployment.id]

    def _finish(self, ended: Update, deployment: Deployment, locks: list[str], more: Sequence[Put]) -> bool:
        """Write the end; a lock that another deployment has taken over is not ours to release."""
        releases = [Delete({"pk": f"lock#{name}", "sk": "lock"}, _held_by(deployment.id)) for name in locks]
        try:
            self._table.write(ended, *releases, *more)
        except ConditionFailed as refusal:
            if 0 not in refusal.refused:
                held = [name for at, name in enumerate(locks, start=1) if at not in refusal.refused]
                return self._finish(ended, deployment, held, more)
            if refusal.refused[0].get("status") in (Status.PENDING.value, Status.RUNNING.value):
                raise FailureDecided("a failure was recorded while the deployment was about to succeed") from refusal
            return _is_written(ended, refusal.refused[0])
        return True

    def lock_holders(self, names: Sequence[str]) -> dict[str, str]:
        """Return which deployment holds each of these services, those that anybody holds."""
        items = self._table.batch([{"pk": f"lock#{name}", "sk": "lock"} for name in names])
        return {item["pk"].removeprefix("lock#"): item["deployment_id"] for item in items}

    def lock(self, name: str) -> Lock | None:
        """Return who holds `cluster/service`, None when nobody does."""
        item = self._table.get({"pk": f"lock#{name}", "sk": "lock"})
        return Lock(item["deployment_id"], datetime.fromisoformat(item["expires_at"])) if item else None
