"""Deployments as the record has them: one, a part of one, or a page of many."""

from collections.abc import Iterator, Mapping, Sequence

from chalicelib import limits
from chalicelib.aws.dynamodb import Condition, Item, Table
from chalicelib.deployment import Deployment, Status
from chalicelib.errors import NotFound
from chalicelib.items import deployment_key, deployment_of, equal, service_key, service_of, services_in, services_named

BATCH = 100  # keys of one BatchGetItem: API reference
OPEN = {Status.PENDING.value, Status.RUNNING.value}


def deployment_in(deployment_id: str, items: Sequence[Item]) -> Deployment:
    """Return the deployment that its items hold, with those of its services that are there; raises NotFound."""
    own = next((item for item in items if item["sk"] == "deployment"), None)
    if own is None:
        raise NotFound(f"There is no deployment {deployment_id}.")
    services = [service_of(item) for item in items if item["sk"] != "deployment"]
    return deployment_of(own, {progress.name: progress for progress in services})


class Reading:
    """Who reads deployments."""

    _table: Table

    def get(self, deployment_id: str) -> Deployment:
        """Return a deployment with its services; raises NotFound."""
        return deployment_in(deployment_id, self._table.partition(f"deployment#{deployment_id}"))

    def part(self, deployment_id: str, service: str) -> Deployment:
        """Return a deployment with one of its services alone, for who follows this one; raises NotFound."""
        keys = [deployment_key(deployment_id), service_key(deployment_id, service)]
        return deployment_in(deployment_id, self._table.batch(keys))

    def newest(
        self, *, application: str | None, filters: Mapping[str, str], limit: int, after: str | None
    ) -> tuple[list[Deployment], str | None]:
        """Return up to `limit` deployments older than the id `after`, newest first, and the id to go on after.

        `filters` compare attributes exactly. There may be fewer than `limit` although older ones match: a call looks
        at no more than limits.DEPLOYMENTS_LOOKED_AT deployments, and at no more than a batch of those that are open.
        It asks one query, whatever is asked for, and then by key.
        """
        if filters.get("status") in OPEN:
            wanted = {**filters, **({"application": application} if application else {})}
            return self._newest_open(wanted, limit, after)
        index = "application" if application else "newest"
        key, value = ("application", application) if application else ("listing", "deployment")
        looked_at = limits.DEPLOYMENTS_LOOKED_AT if filters else limit
        ids, after = self._ids(index, key, str(value), filters, looked_at, after)
        if len(ids) > limit:
            ids, after = ids[:limit], ids[limit - 1]
        return self._deployments(self._heads(ids)), after

    def open_deployments(self) -> list[str]:
        """Return the ids of the deployments that have not ended, oldest first."""
        found: list[str] = []
        after: str | None = None
        while True:
            ids, after = self._ids("open", "open", "open", {}, limits.DEPLOYMENTS_LOOKED_AT, after, newest_first=False)
            found += ids
            if after is None:
                return found

    def _newest_open(
        self, wanted: Mapping[str, str], limit: int, after: str | None
    ) -> tuple[list[Deployment], str | None]:
        """Return those of the open deployments that are wanted: their index knows no more of them than the ids."""
        ids, after = self._ids("open", "open", "open", {}, BATCH, after)
        heads = [head for head in self._heads(ids) if all(head[name] == value for name, value in wanted.items())]
        if len(heads) > limit:
            heads, after = heads[:limit], heads[limit - 1]["id"]
        return self._deployments(heads), after

    def _ids(
        self,
        index: str,
        key: str,
        value: str,
        filters: Mapping[str, str],
        looked_at: int,
        after: str | None,
        *,
        newest_first: bool = True,
    ) -> tuple[list[str], str | None]:
        """Return the ids that a query of an index finds, and the one to go on after."""
        condition = Condition("#key = :key", {"#key": key}, {":key": value})
        start = {**deployment_key(after), key: value, "id": after} if after else None
        items, last = self._table.page(
            condition, index=index, where=equal(filters), limit=looked_at, start=start, newest_first=newest_first
        )
        return [item["id"] for item in items], last["id"] if last else None

    def _heads(self, ids: Sequence[str]) -> list[Item]:
        """Return the items of deployments without their services, in the order of the ids."""
        found = {item["id"]: item for item in self._batches([deployment_key(each) for each in ids])}
        return [found[each] for each in ids if each in found]

    def _deployments(self, heads: Sequence[Item]) -> list[Deployment]:
        """Return deployments with their services, as they ended with, or as they are now where one is open.

        What an older release wrote names no services in its head: of such a deployment each is asked by itself.
        """
        keys = [
            service_key(head["id"], name)
            for head in heads
            if services_in(head) is None
            for name in services_named(head) or ()
        ]
        services: dict[str, list[Item]] = {}
        for item in self._batches(keys):
            services.setdefault(item["pk"], []).append(item)
        return [self._listed(head, services.get(head["pk"], [])) for head in heads]

    def _listed(self, head: Item, services: Sequence[Item]) -> Deployment:
        ended = services_in(head)
        if ended is None and services_named(head) is None:
            return self.get(head["id"])
        return deployment_in(head["id"], [head, *(ended if ended is not None else services)])

    def _batches(self, keys: Sequence[Item]) -> Iterator[Item]:
        for at in range(0, len(keys), BATCH):
            yield from self._table.batch(keys[at : at + BATCH])
