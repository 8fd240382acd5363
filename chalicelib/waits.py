"""What is kept only while something goes on, in the record's table: tokens of waits, and counts. All of it expires."""

from datetime import datetime, timedelta
from typing import Any

from chalicelib.aws.dynamodb import Condition, ConditionFailed, Item, Put, Table

# The longest execution goes for a day, and a day back.
KEPT = timedelta(days=7)
# A look has eight events in an execution's history, and those that polls bring about leave room for so many more.
WAKES_AT_MOST = 300


class Waits:
    """The tokens of waits, how often events woke them, and how often an asynchronous invocation was tried."""

    _table: Table

    def keep_token(self, deployment_id: str, wait: str, token: str, entered_at: str, at: datetime) -> None:
        """Keep the token of a wait, unless one of a later entry is kept already. `entered_at` sorts as text."""
        item = {"pk": f"waits#{deployment_id}", "sk": wait, "token": token, "entered_at": entered_at}
        newer = Condition("attribute_not_exists(pk) OR entered_at <= :entered_at", values={":entered_at": entered_at})
        try:
            self._table.write(Put(_expiring(item, at), newer))
        except ConditionFailed:
            return

    def tokens(self, deployment_id: str) -> dict[str, str]:
        """Return the tokens of a deployment's waits, each by "service#state", or "#state" where no service waits."""
        return {item["sk"]: item["token"] for item in self._table.partition(f"waits#{deployment_id}")}

    def count_wake(self, deployment_id: str, at: datetime) -> bool:
        """Count a wake of a deployment's waits, unless there were WAKES_AT_MOST; tell whether it was counted."""
        key = {"pk": f"wakes#{deployment_id}", "sk": "wakes"}
        wakes = self._counted(key, "wakes")
        if wakes >= WAKES_AT_MOST:
            return False
        unchanged = Condition("attribute_not_exists(pk) OR wakes = :wakes", values={":wakes": wakes})
        try:
            self._table.write(Put(_expiring({**key, "wakes": wakes + 1}, at), unchanged))
        except ConditionFailed:
            return self.count_wake(deployment_id, at)
        return True

    def count_attempt(self, deployment_id: str, request_id: str, at: datetime) -> int:
        """Count a vain attempt of an asynchronous invocation, and return how many it had: they follow one another."""
        key = {"pk": f"notices#{deployment_id}", "sk": request_id}
        attempts = self._counted(key, "attempts") + 1
        self._table.write(Put(_expiring({**key, "attempts": attempts}, at)))
        return attempts

    def _counted(self, key: Item, name: str) -> int:
        item = self._table.get(key)
        return int(item[name]) if item else 0


def _expiring(item: Item, at: datetime) -> dict[str, Any]:
    return {**item, "expires": int((at + KEPT).timestamp())}
