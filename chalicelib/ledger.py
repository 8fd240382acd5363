"""The ledger: what outlives a deployment, in the record's table. `store.py` has the table's items."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from chalicelib.aws.calls import batched
from chalicelib.aws.dynamodb import Delete, Item, Put, Table
from chalicelib.belongings import Belongings, all_of
from chalicelib.deployment import Deployment
from chalicelib.items import (
    TORN_DOWN,
    application_key,
    asked_belongings,
    belongings_in,
    changes_key,
    live_key,
    revision_key,
    torn_down_item,
)
from chalicelib.versions import stamped

READ_AT_ONCE = 100  # keys of one BatchGetItem: API reference


@dataclass(frozen=True)
class Principal:
    """Whom a bearer token belongs to, and what he may: `read`, `plan`, `write`."""

    name: str
    scopes: tuple[str, ...]


@dataclass(frozen=True)
class Changes:
    """Which services a deployment has changed, or may have, and when it ended."""

    deployment_id: str
    services: tuple[str, ...]
    ended_at: datetime
    tears_down: bool


def changes_in(item: Item) -> Changes:
    """Return what an item tells of a deployment that changed something."""
    ended_at = datetime.fromisoformat(item["ended_at"])
    return Changes(item["sk"], tuple(item["services"]), ended_at, item["kind"] == "teardown")


class Ledger:
    """What applications have and are to have, task definitions by content, and whom tokens belong to."""

    def __init__(self, table: Table) -> None:
        self._table = table

    # ── applications ─────────────────────────────────────────────────────────────────────────────────

    def live(self, application: str, environment: str) -> dict[str, str]:
        """Return which deployment last succeeded with each service of an application."""
        return {
            item["sk"]: item["deployment_id"] for item in self._table.partition(f"live#{application}/{environment}")
        }

    def forget_live(self, deployment: Deployment, service: str) -> None:
        """Forget with which deployment a service last succeeded: it was removed."""
        self._table.write(Delete(live_key(deployment, service)))

    def changes(self, application: str, environment: str) -> list[Changes]:
        """Return what the deployments of an application have changed that ended in the last day, the latest first."""
        items = self._table.partition(changes_key(application, environment))
        return sorted(map(changes_in, items), key=lambda each: each.ended_at, reverse=True)

    def belongings(self, application: str, environment: str) -> Belongings | None:
        """Return what an application may have, as its manifests asked for it; None when nobody ever deployed it."""
        items = self._table.partition(application_key(application, environment, "")["pk"])
        oldest_first = sorted(items, key=lambda item: str(item["deployment_id"]))
        return all_of(belongings_in(item) for item in oldest_first) if items else None

    def forget_belongings(self, deployment: Deployment, belongings: Belongings) -> None:
        """Forget what a teardown removed; that there was an application stays known, and what it left."""
        self._table.write(Put(torn_down_item(deployment, belongings)))
        for outline in belongings.outlines:
            if outline != TORN_DOWN:
                self._table.write(Delete(application_key(deployment.application, deployment.environment, outline)))

    def forget_services(self, deployment: Deployment, services: Collection[str]) -> None:
        """Forget services of an application, `cluster/name`, that were removed; what they shared stays known.

        Whoever may write of them meanwhile would hold their locks, which this deployment has.
        """
        for item in self._table.partition(application_key(deployment.application, deployment.environment, "")["pk"]):
            known = asked_belongings(item)
            left = {key: each for key, each in known.services.items() if key not in services}
            if len(left) < len(known.services):
                body = known.model_copy(update={"services": left}).model_dump_json()
                self._table.write(Put(stamped("belongings", {**item, "body": body})))

    # ── task definitions and tokens ──────────────────────────────────────────────────────────────────

    def revisions(self, contents: Collection[tuple[str, str]]) -> dict[tuple[str, str], str]:
        """Return the ARNs of the task definitions that hold contents, each (family, hash), those that are known."""
        keys = [revision_key(each) for each in sorted(contents)]
        items = [item for batch in batched(keys, READ_AT_ONCE) for item in self._table.batch(batch)]
        return {(item["pk"].removeprefix("revision#"), item["sk"]): item["arn"] for item in items}

    def keep_principal(self, token_sha256: str, principal: Principal) -> None:
        """Admit a bearer token, known by its hash alone."""
        item = {"pk": f"token#{token_sha256}", "sk": "token", "name": principal.name, "scopes": list(principal.scopes)}
        self._table.write(Put(item))

    def principal(self, token_sha256: str) -> Principal | None:
        """Return whom a bearer token belongs to, None when nobody issued it."""
        item = self._table.get({"pk": f"token#{token_sha256}", "sk": "token"})
        return Principal(item["name"], tuple(item["scopes"])) if item else None
