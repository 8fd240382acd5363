"""How often which AWS operation was called, and by whom: what benchmarks and tests ask the AWS endpoint.

GET    /_slipway/calls                      {"ecs": {"DescribeServices": 12, …}, …}, of all callers
GET    /_slipway/calls?access_key_id=peer   of those only that came with this access key
DELETE /_slipway/calls                      begin again at zero

An access key is enough to tell callers apart: the local cloud admits any.
"""

import json
import threading
from collections import Counter
from urllib.parse import parse_qs

from localcloud.wsgi_server import HttpAnswer

PATH = "/_slipway/calls"
JSON = (("Content-Type", "application/json"),)


class CallCounter:
    """Counts calls, refused ones too. Safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, str, str]] = Counter()

    def count(self, access_key_id: str, service: str, operation: str) -> None:
        """Count one call."""
        with self._lock:
            self._counts[access_key_id, service, operation] += 1

    def calls(self, access_key_id: str | None = None) -> dict[str, dict[str, int]]:
        """Return the calls so far of all callers, or of one, by service and operation."""
        found: dict[str, dict[str, int]] = {}
        with self._lock:
            for (caller, service, operation), times in self._counts.items():
                if access_key_id in (None, caller):
                    operations = found.setdefault(service, {})
                    operations[operation] = operations.get(operation, 0) + times
        return found

    def answer(self, method: str, query: str) -> HttpAnswer:
        """Answer a request to PATH."""
        if method == "DELETE":
            with self._lock:
                self._counts.clear()
        [caller] = parse_qs(query).get("access_key_id", [None])[:1]
        return HttpAnswer(200, JSON, json.dumps(self.calls(caller)).encode())
