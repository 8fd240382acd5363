"""The record: deployments, their progress and timeline, and the locks that keep two from one service.

One table; `pk` and `sk` of its items:

    deployment#<id>        deployment           the deployment; in the indexes `newest`, `application` and `open`
    deployment#<id>        service#<name>       the progress of one service
    manifest#<id>          manifest             what was asked, as canonical JSON, gzipped, and its images as resolved
    manifest#<id>          ground               what was found of networks, listener, namespace and cluster
    before#<id>            <service>#<part>     what served before a deployment changed it: see `chalicelib/before.py`
    live#<a>/<env>         <service>            which deployment of an application last succeeded with this service
    changes#<a>/<env>      <deployment id>      which services it changed, until a day after it ended
    belongings#<id>        belongings           what a teardown removes
    application#<a>/<env>  outline#<hash>       what a manifest asked to be made, and the latest deployment of it
    application#<a>/<env>  torn_down            that there was one, and the shared parts that its teardown left
    registration#<a>       <env>                the manifest and triggers that are registered, as JSON, gzipped
    registrations          <a>/<env>            the same without the manifest, for whoever looks through all of them
    repository#<owner/r>   <a>/<env>            that it has a trigger of this repository; of a pattern by `owner/*`
    repositories           listed               until when it is believed that all that is registered stands so
    events#<id>            <event id>           one line of the timeline
    waits#<id>             <service>#<state>    the token of a wait
    wakes#<id>             wakes                how often a task's event woke a wait
    notices#<id>           <request id>         how often an invocation of `notify` tried in vain to tell GitHub
    lock#<cluster>/<name>  lock                 which deployment holds this ECS service, and until when
    idempotency#<caller>   <key>                which deployment an Idempotency-Key made, or a signed body
    revision#<family>      <content hash>       the task definition that holds this content
    token#<sha256>         token                whom a bearer token belongs to, and what he may

What holds a document of ours says its `version`: see `chalicelib/versions.py`. How a deployment begins and ends
stands in `claims`, how it is read in `reading`, what outlives it in `ledger` and `registered`, what expires in `waits`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any

from chalicelib.aws.calls import batched
from chalicelib.aws.dynamodb import Condition, ConditionFailed, Item, Put, Update
from chalicelib.belongings import Belongings, belongings_of
from chalicelib.claims import ABSENT, WRITES_AT_MOST, Claims, failed, open_without_failure, still_open
from chalicelib.deployment import Deployment, Event, Failure, Status, new_id
from chalicelib.errors import NotFound
from chalicelib.items import (
    GROUND,
    IdempotencyRecord,
    asked_belongings,
    belongings_key,
    deployment_key,
    event_item,
    event_of,
    idempotency_record,
    manifest_key,
    plain,
    revision_item,
    service_key,
    unpacked_manifest,
)
from chalicelib.ledger import Ledger
from chalicelib.manifest import Manifest
from chalicelib.reading import Reading, deployment_in
from chalicelib.registered import Registered
from chalicelib.waits import Waits

if TYPE_CHECKING:
    from chalicelib.before import Before, BeforePart
    from chalicelib.ground import Ground


def _line(service: str | None, phase: str, message: str, at: datetime) -> Event:
    return Event(id=new_id("evt", at), at=at, service=service, phase=phase, message=message)


def _progress(deployment_id: str, service: str, at: datetime, changes: Mapping[str, Any]) -> Update:
    return Update(service_key(deployment_id, service), {**plain(changes), "updated_at": at.isoformat()})


def _asked(deployment_id: str, items: Sequence[Item]) -> tuple[Manifest, Ground | None]:
    from chalicelib.ground import ground_of

    found = {item["sk"]: item for item in items if item["pk"] == manifest_key(deployment_id)["pk"]}
    if "manifest" not in found:
        raise NotFound(f"There is no manifest of {deployment_id}.")
    return unpacked_manifest(found["manifest"]), ground_of(found[GROUND]) if GROUND in found else None


class Store(Claims, Reading, Ledger, Registered, Waits):
    """The table, in our words. Times are aware datetimes; a write that is refused raises."""

    # ── reading ─────────────────────────────────────────────────────────────────────────────────────

    def manifest(self, deployment_id: str) -> Manifest:
        """Return what a deployment was asked, its images as `keep_images` has them; raises NotFound."""
        item = self._table.get(manifest_key(deployment_id))
        if item is None:
            raise NotFound(f"There is no manifest of {deployment_id}.")
        return unpacked_manifest(item)

    def asked(self, deployment_id: str) -> tuple[Manifest, Ground | None]:
        """Return what a deployment was asked, and what Plan found that it stands on; raises NotFound."""
        return _asked(deployment_id, self._table.partition(manifest_key(deployment_id)["pk"]))

    def branch(self, deployment_id: str, *services: str) -> tuple[Deployment, Manifest, Ground | None]:
        """Return what the branch of a service goes by: what `part` and `asked` do, in one question; raises NotFound."""
        asked = manifest_key(deployment_id)
        own = [deployment_key(deployment_id), *(service_key(deployment_id, each) for each in services)]
        items = self._table.batch([*own, asked, {**asked, "sk": GROUND}])
        progress = [item for item in items if item["pk"] != asked["pk"]]
        return deployment_in(deployment_id, progress), *_asked(deployment_id, items)

    def keep_ground(
        self, deployment_id: str, ground: Ground, services: Mapping[str, Mapping[str, Any]], at: datetime
    ) -> None:
        """Keep what a deployment stands on, and what was found of its services, by their names."""
        from chalicelib.ground import ground_item

        found = [_progress(deployment_id, name, at, changes) for name, changes in services.items()]
        writes: list[Put | Update] = [Put(ground_item(deployment_id, ground)), *found]
        for together in batched(writes, WRITES_AT_MOST):
            self._table.write(*together)

    def begin_namespace(self, deployment_id: str, operation_id: str, message: str, at: datetime) -> None:
        """Keep which operation makes the namespace of a deployment, and tell of it."""
        changes = {"phase": "awaiting_namespace", "namespace_operation_id": operation_id, "updated_at": at.isoformat()}
        with suppress(ConditionFailed):
            self._table.write(
                Update(deployment_key(deployment_id), changes, still_open()),
                Put(event_item(deployment_id, _line(None, "awaiting_namespace", message, at))),
            )

    def keep_namespace(self, deployment_id: str, ground: Ground, at: datetime) -> None:
        """Keep what a deployment stands on now that its namespace was made: it goes on."""
        from chalicelib.ground import ground_item

        changes = {"phase": "deploying", "updated_at": at.isoformat()}
        with suppress(ConditionFailed):
            self._table.write(
                Update(deployment_key(deployment_id), changes, still_open()), Put(ground_item(deployment_id, ground))
            )

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
                Update(deployment_key(deployment_id), {**plain(changes), "updated_at": at.isoformat()}, still_open())
            )
        except ConditionFailed:
            return

    def run(self, deployment_id: str, message: str, at: datetime, **changes: Any) -> bool:
        """Set a deployment running as it is planned, and tell how, unless a failure is recorded; say whether it was."""
        running = {"status": Status.RUNNING.value, "phase": "planned", **plain(changes), "updated_at": at.isoformat()}
        try:
            self._table.write(
                Update(deployment_key(deployment_id), running, open_without_failure()),
                Put(event_item(deployment_id, _line(None, "planned", message, at))),
            )
        except ConditionFailed:
            return False
        return True

    def fail(self, deployment_id: str, failure: Failure, at: datetime) -> bool:
        """Record why a deployment fails, unless a reason is recorded already; tell whether this one was taken."""
        changes = {**failed(failure, at), "updated_at": at.isoformat()}
        try:
            self._table.write(Update(deployment_key(deployment_id), changes, open_without_failure()))
        except ConditionFailed:
            return False
        return True

    def begin_pruning(self, deployment_id: str, at: datetime) -> bool:
        """Record that what is not named goes, unless a failure is recorded; tell whether none is."""
        changes = {"phase": "pruning", "updated_at": at.isoformat()}
        try:
            self._table.write(Update(deployment_key(deployment_id), changes, open_without_failure()))
        except ConditionFailed:
            return False
        return True

    def progress(self, deployment_id: str, service: str, at: datetime, **changes: Any) -> None:
        """Set fields of one service's progress."""
        self._table.write(_progress(deployment_id, service, at, changes))

    def record(self, deployment_id: str, service: str | None, phase: str, message: str, at: datetime) -> None:
        """Add a line to a deployment's timeline."""
        self._table.write(Put(event_item(deployment_id, _line(service, phase, message, at))))

    def tell(self, deployment_id: str, service: str, phase: str, message: str, at: datetime, **changes: Any) -> None:
        """Set the phase and more of one service's progress, and add the line that tells of it, both or neither."""
        self._table.write(
            _progress(deployment_id, service, at, {**changes, "phase": phase}),
            Put(event_item(deployment_id, _line(service, phase, message, at))),
        )

    def keep_revision(
        self, deployment_id: str, service: str, content: tuple[str, str], message: str | None, at: datetime, **made: Any
    ) -> None:
        """Keep the `task_definition` that was `made` for a service, remember it by its content, tell of a new one."""
        told = [Put(event_item(deployment_id, _line(service, "registering", message, at)))] if message else []
        progress = _progress(deployment_id, service, at, {"phase": "registering", "status": "running", **made})
        self._table.write(progress, Put(revision_item(content, made["task_definition"])), *told)

    def events(self, deployment_id: str, after: str | None, limit: int) -> list[Event]:
        """Return up to `limit` lines of the timeline after an event id, oldest first."""
        condition = Condition(
            "pk = :pk AND sk > :after", values={":pk": f"events#{deployment_id}", ":after": after or " "}
        )
        items, _ = self._table.page(condition, limit=limit)
        return [event_of(item) for item in items]
