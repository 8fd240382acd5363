"""What reads show for a while after a write: what was there before it, for AWS is eventually consistent.

For so many seconds after a call has changed a resource, of three reads of it the first two answer as before the call
and the third one as it is: whoever looks again sees the old thing again, and may see it once more after the new one. On
that third one a service still has its former `currentServiceDeployment`, or none. What a call deletes is gone at once.

Seen of AWS: a service that was made is MISSING, https://github.com/hashicorp/terraform-provider-aws/pull/3387; the old
PRIMARY after UpdateService, https://github.com/kayac/ecspresso/pull/28; the former service deployment,
https://github.com/kayac/ecspresso/pull/945.
"""

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from localcloud.faults import AwsFault
from localcloud.resources import ASKED_BY_NAME, READS, Each, Look, Request, looks, name_of, named, not_found, seen

Ask = Callable[[Look], Mapping[str, Any]]
"""Carry out a read, and return what is true now; raises AwsFault."""
FRESH_EACH = 3
LAGS = "currentServiceDeployment"


@dataclass
class Past:
    """How a resource was before the last write, by the reads that show it; `absent` when it was not there."""

    until_seconds: float
    absent: bool
    shown: dict[str, Any] = field(default_factory=dict)
    asked: int = 0


class Staleness:
    """Remembers what was before writes; for reads to be answered with it. Safe to use from many threads.

    `seconds` are those of `now_seconds`, a clock that only goes forward.
    """

    def __init__(self, seconds: float, now_seconds: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._now_seconds = now_seconds
        self._lock = threading.Lock()
        self._pasts: dict[tuple[str, str], Past] = {}

    def seen(self, service: str, operation: str, request: Request, ask: Ask) -> dict[str, dict[str, Any]]:
        """Return what is there now of what a call changes: by resource, and by the reads that show it."""
        found: dict[str, dict[str, Any]] = {}
        for look in looks(service, operation, request):
            with suppress(AwsFault):  # it is not there
                for name, resource in seen(service, look, ask(look)).items():
                    found.setdefault(name, {})[look[0]] = resource
        return found

    def written(self, service: str, before: Mapping[str, dict[str, Any]], after: Mapping[str, dict[str, Any]]) -> None:
        """Keep what a call has changed, from what was `seen` before it and after it."""
        until = self._now_seconds() + self._seconds
        with self._lock:
            for name, shown in after.items():
                if before.get(name) != shown:
                    self._pasts[service, name] = Past(until, name not in before, before.get(name, {}))

    def answered(self, service: str, operation: str, request: Request, answer: dict[str, Any]) -> dict[str, Any]:
        """Return what a read is answered, which would be answered `answer`; raises AwsFault for what was not there."""
        if not self._has_pasts(service):
            return answer
        read = READS[service, operation]
        for name in named(service, operation, request):
            past, stale = self._past(service, name)
            if past and stale:
                if past.absent:
                    raise not_found(service, operation, name)
                if not isinstance(read, Each):
                    answer = past.shown.get(operation, answer)
        return self._each(service, operation, request, answer, read) if isinstance(read, Each) else answer

    def _each(
        self, service: str, operation: str, request: Request, answer: dict[str, Any], read: Each
    ) -> dict[str, Any]:
        kept, absent = list[Any](), list[str]()
        for resource in answer[read.member]:
            arn = resource[read.name] if read.name else resource
            past, stale = self._past(service, name_of(service, arn))
            if past is None:
                kept.append(resource)
            elif not stale:
                kept.append(_lagging(operation, resource, past))
            elif past.absent:
                absent.append(arn)
            else:
                kept.append(_as_asked(request, past.shown.get(operation, resource)))
        if absent and any(member in request for member in ASKED_BY_NAME):
            raise not_found(service, operation, name_of(service, absent[0]))
        missing = [{"arn": arn, "reason": "MISSING"} for arn in absent]
        failures = {"failures": [*answer["failures"], *missing]} if "failures" in answer else {}
        return {**answer, read.member: kept, **failures}

    def _has_pasts(self, service: str) -> bool:
        """Tell whether any resource of a service has a past, after forgetting those that are over."""
        with self._lock:
            now = self._now_seconds()
            self._pasts = {key: past for key, past in self._pasts.items() if now < past.until_seconds}
            return any(of == service for of, _ in self._pasts)

    def _past(self, service: str, name: str) -> tuple[Past | None, bool]:
        """Return how a resource was, None where that is over, and whether this read shall show it."""
        with self._lock:
            past = self._pasts.get((service, name))
            if past is None:
                return None, False
            past.asked += 1
            return past, past.asked % FRESH_EACH != 0


def _lagging(operation: str, resource: Any, past: Past) -> Any:
    if operation != "DescribeServices":
        return resource
    before = past.shown.get(operation, {})
    others = {member: value for member, value in resource.items() if member != LAGS}
    return others | ({LAGS: before[LAGS]} if LAGS in before else {})


def _as_asked(request: Request, resource: Any) -> Any:
    """Leave out the tags, which ECS shows to those alone that ask for them."""
    if not isinstance(resource, dict) or "TAGS" in request.get("include", []):
        return resource
    return {member: value for member, value in resource.items() if member != "tags"}
