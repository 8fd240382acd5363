"""What is registered, in the record's table, found by application, by repository, or all of it."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from chalicelib.aws.dynamodb import Delete, Item, Put, Table
from chalicelib.items import (
    registration_items,
    registration_key,
    registration_of,
    repository_items,
    repository_keys,
)
from chalicelib.registration import Registration

AT_ONCE = 100  # writes of a transaction, keys of a read: API reference, TransactWriteItems and BatchGetItem
LISTED = {"pk": "repositories", "sk": "listed"}
LISTED_FOR = timedelta(days=1)


class Registered:
    """Registrations, and which of them have triggers of a repository."""

    _table: Table

    def register(self, registration: Registration) -> None:
        """Keep a registration in the place of the one before."""
        before = self.registration(registration.application, registration.environment)
        items = [*registration_items(registration), *repository_items(registration)]
        self._table.write(*(Put(item) for item in items))
        named = repository_items(registration)
        self._forget(item for item in (repository_items(before) if before else ()) if item not in named)

    def unregister(self, application: str, environment: str) -> None:
        """Forget a registration."""
        before = self.registration(application, environment)
        self._table.write(*(Delete(key) for key in registration_key(application, environment)))
        self._forget(repository_items(before) if before else ())

    def _forget(self, keys: Iterable[Item]) -> None:
        """Forget which repositories a registration had: one that is found by such a key names no such trigger."""
        for key in keys:
            self._table.write(Delete(key))

    def registration(self, application: str, environment: str) -> Registration | None:
        """Return what is registered, None when nothing is."""
        item = self._table.get(registration_key(application, environment)[0])
        return registration_of(item) if item else None

    def registrations(self) -> list[Registration]:
        """Return all that is registered, by application and environment, each without its manifest."""
        return [registration_of(item) for item in self._table.partition("registrations")]

    def registrations_of(self, repository: str, now: datetime) -> list[Registration]:
        """Return those with a trigger that may name a repository, and those that such a trigger deploys to.

        Each is without its manifest. What an older release registered stands by no repository: once a day all are read.
        """
        listed = self._table.get(LISTED)
        if listed is None or datetime.fromisoformat(listed["until"]) <= now:
            self._list_by_repository(now)
        found = [item["sk"] for key in repository_keys(repository) for item in self._table.partition(key)]
        registrations = self._all_of(set(found))
        targets = {
            f"{each.application}/{trigger.to_environment}"
            for each in registrations
            for trigger in each.triggers
            if trigger.to_environment
        }
        return registrations + self._all_of(targets - set(found))

    def _all_of(self, names: set[str]) -> list[Registration]:
        keys = [{"pk": "registrations", "sk": each} for each in sorted(names)]
        batches = [self._table.batch(keys[at : at + AT_ONCE]) for at in range(0, len(keys), AT_ONCE)]
        return [registration_of(item) for batch in batches for item in sorted(batch, key=lambda item: str(item["sk"]))]

    def _list_by_repository(self, now: datetime) -> None:
        """Have all that is registered stand by its repositories."""
        items = [item for each in self.registrations() for item in repository_items(each)]
        for at in range(0, len(items), AT_ONCE):
            self._table.write(*(Put(item) for item in items[at : at + AT_ONCE]))
        self._table.write(Put({**LISTED, "until": (now + LISTED_FOR).isoformat()}))
