"""EventBridge: events in, the functions whose rules match called, in order, off the caller's back."""

import json
import logging
import queue
import re
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Event, Thread
from typing import Any

from chalice.app import Chalice, CloudWatchEventConfig, ScheduledEventConfig
from moto.events.models import EventPattern

from localcloud.faults import AwsFault
from localcloud.lambdas import Lambdas

ATTEMPTS = 3  # Lambda tries an event that fails twice more

RATE = re.compile(r"rate\((?P<value>\d+) (?P<unit>minute|hour|day)s?\)")
UNIT_SECONDS = {"minute": 60.0, "hour": 3600.0, "day": 86400.0}

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Delivery:
    """An event, as JSON, on its way to a function."""

    function_name: str
    event: bytes


class EventBus:
    """The default bus, and the schedules. Declare rules and schedules, then `start()`."""

    def __init__(self, *, lambdas: Lambdas, account: str = "000000000000", region: str = "us-east-1") -> None:
        self._lambdas = lambdas
        self._account = account
        self._region = region
        self._rules: list[tuple[EventPattern, str]] = []
        self._schedules: list[tuple[float, str]] = []
        self._deliveries: queue.SimpleQueue[Delivery | None] = queue.SimpleQueue()
        self._stopping = Event()
        self._threads: list[Thread] = []

    def rule(self, pattern: dict[str, Any], function_name: str) -> None:
        """Send the events that `pattern` matches to `function_name`.

        Raises moto's InvalidEventPatternException when it is not an event pattern:
        https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html
        """
        self._rules.append((EventPattern.load(json.dumps(pattern)), function_name))

    def every(self, seconds: float, function_name: str) -> None:
        """Send a scheduled event to `function_name` every `seconds`, first after that time."""
        self._schedules.append((seconds, function_name))

    def put(self, source: str, detail_type: str, resources: list[str], detail: dict[str, Any]) -> None:
        """Take an event and return at once. Raises TypeError when `detail` is not JSON."""
        envelope = self._envelope(source, detail_type, resources, detail)
        event = json.dumps(envelope).encode()
        for pattern, function_name in self._rules:
            if pattern.matches_event(json.loads(event)):
                self._deliveries.put(Delivery(function_name, event))

    def start(self) -> None:
        """Deliver, and run the schedules."""
        self._threads = [Thread(target=self._deliver_all, name="event-bus", daemon=True)]
        for seconds, function_name in self._schedules:
            self._threads.append(Thread(target=self._tick, args=(seconds, function_name), name="schedule", daemon=True))
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End after the delivery that is under way; what waits behind it is dropped."""
        self._stopping.set()
        self._deliveries.put(None)
        for thread in self._threads:
            thread.join()

    def _envelope(self, source: str, detail_type: str, resources: list[str], detail: dict[str, Any]) -> dict[str, Any]:
        return {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": detail_type,
            "source": source,
            "account": self._account,
            "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "region": self._region,
            "resources": resources,
            "detail": detail,
        }

    def _tick(self, seconds: float, function_name: str) -> None:
        rule_arn = f"arn:aws:events:{self._region}:{self._account}:rule/{function_name}"
        while not self._stopping.wait(seconds):
            event = self._envelope("aws.events", "Scheduled Event", [rule_arn], {})
            self._deliveries.put(Delivery(function_name, json.dumps(event).encode()))

    def _deliver_all(self) -> None:
        while (delivery := self._deliveries.get()) and not self._stopping.is_set():
            try:
                self._deliver(delivery)
            except AwsFault:
                logger.exception("an event for %s could not be delivered: %s", delivery.function_name, delivery.event)

    def _deliver(self, delivery: Delivery) -> None:
        for _ in range(ATTEMPTS):
            invocation = self._lambdas.invoke(delivery.function_name, delivery.event)
            if not invocation.failed:
                return
        logger.error("%s failed on the event %s: %s", delivery.function_name, delivery.event, invocation.body)


def rules_of(app: Chalice) -> list[tuple[dict[str, Any], str]]:
    """Return (pattern, function name) for each `@app.on_cw_event`."""
    return [(one.event_pattern, one.name) for one in app.event_sources if isinstance(one, CloudWatchEventConfig)]


def schedules_of(app: Chalice) -> list[tuple[float, str]]:
    """Return (seconds, function name) for each `@app.schedule`. Raises ValueError for one that is not a rate."""
    return [
        (seconds_of(one.schedule_expression), one.name)
        for one in app.event_sources
        if isinstance(one, ScheduledEventConfig)
    ]


def seconds_of(expression: Any) -> float:
    """Return the period of a rate expression, text or Chalice's Rate. Raises ValueError for anything else.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
    """
    text = expression if isinstance(expression, str) else expression.to_string()
    rate = RATE.fullmatch(text)
    if not rate:
        raise ValueError(f"the schedule {text!r} is not like 'rate(5 minutes)', all that the local cloud can run")
    return int(rate["value"]) * UNIT_SECONDS[rate["unit"]]
