"""The record: deployments, their progress and timeline, and the locks that keep two from one service.

One table; `pk` and `sk` of its items:

    deployment#<id>        deployment           the deployment; in the indexes `newest`, `application` and `open`
    deployment#<id>        service#<name>       the progress of one service
    manifest#<id>          manifest             what was asked, as canonical JSON, gzipped, and its images as resolved
    before#<id>            <service>#<part>     what served before a deployment changed it: see `chalicelib/before.py`
    live#<a>/<env>         <service>            which deployment of an application last succeeded with this service
    belongings#<id>        belongings           what a teardown removes
    application#<a>/<env>  outline#<hash>       what a manifest asked to be made, and the latest deployment of it
    application#<a>/<env>  torn_down            that there was one, and the shared parts that its teardown left
    registration#<a>       <env>                the manifest and triggers that are registered, as JSON, gzipped
    registrations          <a>/<env>            the same without the manifest, for whoever looks through all of them
    events#<id>            <event id>           one line of the timeline
    waits#<id>             <service>#<state>    the token of a wait
    wakes#<id>             wakes                how often a task's event woke a wait
    notices#<id>           <request id>         how often an invocation of `notify` tried in vain to tell GitHub
    lock#<cluster>/<name>  lock                 which deployment holds this ECS service, and until when
    idempotency#<caller>   <key>                which deployment an Idempotency-Key made, or a signed body
    revision#<family>      <content hash>       the task definition that holds this content
    token#<sha256>         token                whom a bearer token belongs to, and what he may

What holds a document of ours says its `version`: see `chalicelib/versions.py`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from chalicelib import limits
from chalicelib.aws.dynamodb import Condition, ConditionFailed, Delete, Item, Put, Update, Write
from chalicelib.belongings import Belongings, belongings_of
from chalicelib.deployment import Deployment, Event, Failure, Status, new_id
from chalicelib.errors import DeploymentInProgress, FailureDecided, NotFound, StoreConflict
from chalicelib.items import (
    IdempotencyRecord,
    asked_belongings,
    asked_items,
    belongings_key,
    deployment_item,
    deployment_key,
    deployment_of,
    equal,
    event_item,
    event_of,
    idempotency_item,
    idempotency_record,
    live_items,
    manifest_key,
    plain,
    service_item,
    service_key,
    service_of,
    unpacked_manifest,
    unused,
)
from chalicelib.ledger import Ledger
from chalicelib.manifest import Manifest
from chalicelib.waits import Waits

if TYPE_CHECKING:
    from chalicelib.before import Before, BeforePart

PAGE = 100
WRITES_AT_MOST = 100  # in one transaction: API reference, TransactWriteItems
ABSENT = Condition("attribute_not_exists(pk)")
# After its deadline a deployment may still be recording its end.
LEASE_MARGIN = timedelta(minutes=10)


def _held_by(*deployment_ids: str) -> Condition:
    """Return the condition that a lock is free, or held by one of these deployments."""
    values = {f":holder{at}": each for at, each in enumerate(deployment_ids)}
    return Condition(f"attribute_not_exists(pk) OR deployment_id IN ({', '.join(values)})", values=values)


OPEN = "#status IN (:pending, :running)"
NO_FAILURE = "attribute_type(#failure, :null)"


def _still_open() -> Condition:
    return Condition(OPEN, {"#status": "status"}, {":pending": "pending", ":running": "running"})


def _open_without_failure() -> Condition:
    still_open = _still_open()
    return Condition(
        f"{OPEN} AND {NO_FAILURE}", {**still_open.names, "#failure": "failure"}, {**still_open.values, ":null": "NULL"}
    )


def _failed(failure: Failure, at: datetime) -> Item:
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


def _deployment(deployment_id: str, items: Sequence[Item]) -> Deployment:
    own = next((item for item in items if item["sk"] == "deployment"), None)
    if own is None:
        raise NotFound(f"There is no deployment {deployment_id}.")
    services = [service_of(item) for item in items if item["sk"] != "deployment"]
    return deployment_of(own, {progress.name: progress for progress in services})


class Store(Ledger, Waits):
    """The table, in our words. Times are aware datetimes; a write that is refused raises."""

    # ── begin and finish ────────────────────────────────────────────────────────────────────────────

    def begin(
        self,
        deployment: Deployment,
        asked: Manifest | Belongings,
        idempotency: Sequence[IdempotencyRecord] = (),
        taking_over: Sequence[Update] = (),
    ) -> None:
        """Write a deployment, with what it is asked, and take its locks, all or nothing.

        It takes them from the deployments that it comes `after` too; `taking_over` is what that writes into those.
        Raises DeploymentInProgress naming the holder of a service, AlreadyAccepted where one of its keys is known,
        and StoreConflict.
        """
        locks = [self._lock(deployment, name) for name in deployment.locks]
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

    def _lock(self, deployment: Deployment, name: str) -> Put:
        expires_at = deployment.deadline_at + LEASE_MARGIN
        item = {
            "pk": f"lock#{name}",
            "sk": "lock",
            "deployment_id": deployment.id,
            "expires_at": expires_at.isoformat(),
        }
        return Put(item, _held_by(deployment.id, *deployment.after))

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
        """Return the write that has a deployment give way to `by`: it fails so, unless it has failed already."""
        first = holder.failure is None
        changes: Item = {"superseded_by": by, "updated_at": at.isoformat()}
        changes |= _failed(failure, at) if first else {}
        return Update(deployment_key(holder.id), changes, _open_without_failure() if first else _still_open())

    def finish(self, deployment: Deployment, status: Status, verdict: str, at: datetime) -> bool:
        """Write the end of a deployment and release its locks, all or nothing; False when it had ended before.

        Its services are what a later deployment goes back to, if it succeeded. Raises FailureDecided when it was to
        succeed, and a failure was recorded meanwhile.
        """
        succeeded = status is Status.SUCCEEDED
        end = {"status": status.value, "phase": status.value, "verdict": verdict} | {
            name: at.isoformat() for name in ("updated_at", "finished_at")
        }
        failure = {"failure": deployment.failure.model_dump(mode="json")} if deployment.failure else {}
        condition = _open_without_failure() if succeeded else _still_open()
        ended = Update(deployment_key(deployment.id), end | failure, condition, remove=("open",))
        live = [Put(item) for item in live_items(deployment)] if succeeded and deployment.kind == "deploy" else []
        return self._finish(ended, deployment, list(deployment.locks), live)

    def _finish(self, ended: Update, deployment: Deployment, locks: list[str], live: Sequence[Put]) -> bool:
        """Write the end; a lock that another deployment has taken over is not ours to release."""
        releases = [Delete({"pk": f"lock#{name}", "sk": "lock"}, _held_by(deployment.id)) for name in locks]
        try:
            self._table.write(ended, *releases, *live)
        except ConditionFailed as refusal:
            if 0 not in refusal.refused:
                held = [name for at, name in enumerate(locks, start=1) if at not in refusal.refused]
                return self._finish(ended, deployment, held, live)
            if refusal.refused[0].get("status") in (Status.PENDING.value, Status.RUNNING.value):
                raise FailureDecided("a failure was recorded while the deployment was about to succeed") from refusal
            return False
        return True

    def lock(self, name: str) -> Lock | None:
        """Return who holds `cluster/service`, None when nobody does."""
        item = self._table.get({"pk": f"lock#{name}", "sk": "lock"})
        return Lock(item["deployment_id"], datetime.fromisoformat(item["expires_at"])) if item else None

    # ── reading ─────────────────────────────────────────────────────────────────────────────────────

    def get(self, deployment_id: str) -> Deployment:
        """Return a deployment with its services; raises NotFound."""
        return _deployment(deployment_id, self._table.partition(f"deployment#{deployment_id}"))

    def part(self, deployment_id: str, service: str) -> Deployment:
        """Return a deployment with one of its services alone, for who follows this one; raises NotFound."""
        keys = [deployment_key(deployment_id), service_key(deployment_id, service)]
        return _deployment(deployment_id, self._table.batch(keys))

    def manifest(self, deployment_id: str) -> Manifest:
        """Return what a deployment was asked, its images as `keep_images` has them; raises NotFound."""
        item = self._table.get(manifest_key(deployment_id))
        if item is None:
            raise NotFound(f"There is no manifest of {deployment_id}.")
        return unpacked_manifest(item)

    def belongings_of(self, deployment_id: str) -> Belongings:
        """Return what a teardown removes, or what the manifest of a deployment asks for; raises NotFound."""
        item = self._table.get(belongings_key(deployment_id))
        return asked_belongings(item) if item else belongings_of(self.manifest(deployment_id))

    def before(self, deployment_id: str, service: str) -> Before:
        """Return what served under a service's name before a deployment changed it."""
        from chalicelib.before import before_of

        items = self._table.partition(f"before#{deployment_id}")
        return before_of({item["sk"]: item for item in items}, service)

    def keep_before(self, deployment_id: str, service: str, part: BeforePart) -> None:
        """Keep a part of what served before; the first that is kept is true, a step that runs again sees its own."""
        from chalicelib.before import before_item

        with suppress(ConditionFailed):
            self._table.write(Put(before_item(deployment_id, service, part), ABSENT))

    def newest(
        self, *, application: str | None, filters: Mapping[str, str], limit: int, after: str | None
    ) -> tuple[list[Deployment], str | None]:
        """Return up to `limit` deployments older than the id `after`, newest first, and the id to go on after.

        `filters` compare attributes exactly. There may be fewer than `limit` although older ones match: a call looks
        at no more than limits.DEPLOYMENTS_LOOKED_AT deployments.
        """
        index, key, value = (
            ("application",) * 2 + (application,) if application else ("newest", "listing", "deployment")
        )
        condition = Condition("#key = :key", {"#key": key}, {":key": value})
        found: list[str] = []
        for _ in range(limits.DEPLOYMENTS_LOOKED_AT // PAGE):
            start = {**deployment_key(after), key: value, "id": after} if after else None
            items, last = self._table.page(
                condition, index=index, where=equal(filters), limit=PAGE, start=start, newest_first=True
            )
            found += [item["id"] for item in items]
            after = last["id"] if last else None
            if len(found) > limit:
                return [self.get(each) for each in found[:limit]], found[limit - 1]
            if after is None:
                break
        return [self.get(each) for each in found], after

    def open_deployments(self) -> list[str]:
        """Return the ids of the deployments that have not ended, oldest first."""
        ids: list[str] = []
        start: Item | None = None
        while True:
            condition = Condition("#pk = :pk", {"#pk": "open"}, {":pk": "open"})
            items, start = self._table.page(condition, index="open", limit=100, start=start)
            ids += [item["id"] for item in items]
            if start is None:
                return ids

    def idempotency(self, caller: str, key: str, now: datetime) -> IdempotencyRecord | None:
        """Return what a caller's key made, None when it is unknown or forgotten."""
        item = self._table.get({"pk": f"idempotency#{caller}", "sk": key})
        return idempotency_record(item) if item and item.get("expires", math.inf) > now.timestamp() else None

    def keep_images(self, deployment_id: str, images: Mapping[str, str]) -> bool:
        """Keep what a deployment's images were resolved to, unless something is kept already; tell whether it was."""
        first = Condition("attribute_exists(pk) AND attribute_not_exists(images)")
        try:
            self._table.write(Update(manifest_key(deployment_id), {"images": dict(images)}, first))
        except ConditionFailed:
            return False
        return True

    # ── progress ────────────────────────────────────────────────────────────────────────────────────

    def update(self, deployment_id: str, at: datetime, **changes: Any) -> None:
        """Set fields of a deployment that has not ended; one that has stays as it is."""
        try:
            self._table.write(
                Update(deployment_key(deployment_id), {**plain(changes), "updated_at": at.isoformat()}, _still_open())
            )
        except ConditionFailed:
            return

    def fail(self, deployment_id: str, failure: Failure, at: datetime) -> bool:
        """Record why a deployment fails, unless a reason is recorded already; tell whether this one was taken."""
        changes = {**_failed(failure, at), "updated_at": at.isoformat()}
        try:
            self._table.write(Update(deployment_key(deployment_id), changes, _open_without_failure()))
        except ConditionFailed:
            return False
        return True

    def progress(self, deployment_id: str, service: str, at: datetime, **changes: Any) -> None:
        """Set fields of one service's progress."""
        self._table.write(Update(service_key(deployment_id, service), {**plain(changes), "updated_at": at.isoformat()}))

    def record(self, deployment_id: str, service: str | None, phase: str, message: str, at: datetime) -> None:
        """Add a line to a deployment's timeline."""
        event = Event(id=new_id("evt", at), at=at, service=service, phase=phase, message=message)
        self._table.write(Put(event_item(deployment_id, event)))

    def events(self, deployment_id: str, after: str | None, limit: int) -> list[Event]:
        """Return up to `limit` lines of the timeline after an event id, oldest first."""
        condition = Condition(
            "pk = :pk AND sk > :after", values={":pk": f"events#{deployment_id}", ":after": after or " "}
        )
        items, _ = self._table.page(condition, limit=limit)
        return [event_of(item) for item in items]
