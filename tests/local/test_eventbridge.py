"""The event bus, its rules and schedules."""

import json
import logging
from collections.abc import Callable, Iterator
from threading import Event
from typing import Any

import pytest
from chalice.app import Chalice, CloudWatchEvent, Cron, Rate

from localcloud.eventbridge import EventBus, rules_of, schedules_of, seconds_of
from localcloud.lambdas import Lambdas, functions_of
from tests.local.doors import wait_until


class Listener:
    """A function that keeps the events it got, and fails the first `failures` times."""

    def __init__(self, failures: int = 0) -> None:
        self.events: list[dict[str, Any]] = []
        self.attempts = 0
        self._failures = failures

    def __call__(self, event: dict[str, Any], _context: Any) -> None:
        """Take an event, or fail while failures are left."""
        self.attempts += 1
        if self.attempts <= self._failures:
            raise ConnectionError("not yet")
        self.events.append(event)


@pytest.fixture
def listener() -> Listener:
    """Return a function that never fails."""
    return Listener()


@pytest.fixture
def lambdas(listener: Listener) -> Lambdas:
    """Return functions of which `listen` is the listener."""
    lambdas = Lambdas()
    lambdas.add("listen", listener)
    return lambdas


@pytest.fixture
def bus(lambdas: Lambdas) -> Iterator[EventBus]:
    """Return a bus that delivers."""
    bus = EventBus(lambdas=lambdas)
    bus.start()
    yield bus
    bus.stop()


def test_envelope(bus: EventBus, listener: Listener) -> None:
    """An event arrives in AWS's envelope."""
    bus.rule({"source": ["aws.ecs"]}, "listen")
    bus.put("aws.ecs", "ECS Task State Change", ["arn:task"], {"lastStatus": "RUNNING"})
    [event] = wait_until(lambda: listener.events)
    assert len(event.pop("id")) == 36
    assert event.pop("time")[19:] == "Z"
    assert event == {
        "version": "0",
        "detail-type": "ECS Task State Change",
        "source": "aws.ecs",
        "account": "000000000000",
        "region": "us-east-1",
        "resources": ["arn:task"],
        "detail": {"lastStatus": "RUNNING"},
    }


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ({"source": ["aws.ecs", "aws.states"]}, True),
        ({"source": ["aws.states"]}, False),
        ({"detail": {"group": [{"prefix": "service:"}]}}, True),
        ({"detail": {"group": [{"prefix": "family:"}]}}, False),
        ({"detail": {"group": [{"anything-but": ["service:home"]}]}}, False),
        ({"detail": {"group": [{"anything-but": {"prefix": "family:"}}]}}, True),
        ({"detail": {"stopCode": [{"exists": False}], "group": [{"exists": True}]}}, True),
        ({"resources": [{"prefix": "arn:two"}]}, True),
        ({"source": ["aws.ecs"], "detail": {"nested": {"n": [2]}}}, True),
        ({"source": ["aws.ecs"], "detail": {"nested": {"n": [3]}}}, False),
    ],
)
def test_patterns(bus: EventBus, lambdas: Lambdas, listener: Listener, pattern: dict[str, Any], expected: bool) -> None:
    """A rule calls its function for the events that its whole pattern matches."""
    last = Listener()
    lambdas.add("last", last)
    bus.rule(pattern, "listen")
    bus.rule({"source": ["aws.ecs"]}, "last")
    bus.put("aws.ecs", "x", ["arn:one", "arn:two"], {"group": "service:home", "nested": {"n": 2}})
    wait_until(lambda: last.events)
    assert expected == bool(listener.events)


def test_put_does_not_wait(bus: EventBus, lambdas: Lambdas, listener: Listener) -> None:
    """The caller never waits for a function, and events arrive in the order they were put."""
    gate = Event()
    lambdas.add("slow", lambda _event, _context: gate.wait(60))
    bus.rule({"source": ["aws.ecs"]}, "slow")
    bus.rule({"source": ["aws.ecs"]}, "listen")
    for number in range(5):
        bus.put("aws.ecs", "x", [], {"number": number})
    assert listener.events == []
    gate.set()
    wait_until(lambda: len(listener.events) == 5)
    assert [one["detail"]["number"] for one in listener.events] == [0, 1, 2, 3, 4]


def test_what_is_put_is_a_copy(bus: EventBus, lambdas: Lambdas, listener: Listener) -> None:
    """Changing a detail after it was put does not change the event."""
    gate = Event()
    lambdas.add("slow", lambda _event, _context: gate.wait(60))
    bus.rule({"source": ["aws.ecs"]}, "slow")
    bus.rule({"source": ["aws.ecs"]}, "listen")
    detail = {"status": "before"}
    bus.put("aws.ecs", "x", [], detail)
    detail["status"] = "after"
    gate.set()
    [event] = wait_until(lambda: listener.events)
    assert event["detail"]["status"] == "before"


def test_failing_function_is_tried_again(bus: EventBus, lambdas: Lambdas) -> None:
    """A function that fails twice gets the event the third time."""
    shaky = Listener(failures=2)
    lambdas.add("shaky", shaky)
    bus.rule({"source": ["aws.ecs"]}, "shaky")
    bus.put("aws.ecs", "x", [], {})
    wait_until(lambda: shaky.events)
    assert shaky.attempts == 3


def test_hopeless_function_is_logged(
    bus: EventBus, lambdas: Lambdas, listener: Listener, caplog: pytest.LogCaptureFixture
) -> None:
    """After three failures, or when the function is not there, the event is logged and the next delivered."""
    broken = Listener(failures=99)
    lambdas.add("broken", broken)
    for name in ("broken", "nobody", "listen"):
        bus.rule({"source": ["aws.ecs"]}, name)
    with caplog.at_level(logging.ERROR):
        bus.put("aws.ecs", "x", [], {})
        wait_until(lambda: listener.events)
    assert broken.attempts == 3
    assert "not yet" in caplog.text
    assert "Function not found" in caplog.text


def test_every(lambdas: Lambdas, listener: Listener) -> None:
    """A schedule calls its function again and again with a scheduled event, until the bus stops."""
    bus = EventBus(lambdas=lambdas)
    bus.every(0.02, "listen")
    bus.start()
    wait_until(lambda: len(listener.events) >= 2)
    bus.stop()
    count = len(listener.events)
    first = listener.events[0]
    assert (first["source"], first["detail-type"], first["detail"]) == ("aws.events", "Scheduled Event", {})
    assert count == len(listener.events)


def app_with_events() -> Chalice:
    """Return an app with one function of each kind."""
    app = Chalice(app_name="events")

    @app.middleware("all")
    def note(event: Any, get_response: Callable[[Any], Any]) -> Any:
        return {"noted": get_response(event)}

    @app.lambda_function(name="act")
    def act(event: Any, _context: Any) -> Any:
        return event["a"]

    @app.on_cw_event({"source": ["aws.ecs"]}, name="on-ecs")
    def on_ecs(event: CloudWatchEvent) -> Any:
        return event.detail

    @app.schedule(Rate(1, unit=Rate.MINUTES), name="sweep")
    def sweep(event: CloudWatchEvent) -> Any:
        return event.source

    @app.route("/")
    def index() -> dict[str, Any]:
        return {}

    _ = act, on_ecs, sweep, index, note
    return app


def test_what_an_app_declares() -> None:
    """An app's rules, schedules and functions are read from what it declared."""
    app = app_with_events()
    assert rules_of(app) == [({"source": ["aws.ecs"]}, "on-ecs")]
    assert schedules_of(app) == [(60.0, "sweep")]
    assert {"act", "on-ecs", "sweep"} == set(functions_of(app))


def test_middleware_is_read_before_the_first_call() -> None:
    """An app's functions hold their middleware ready, so that two first calls at once both go through it."""
    act: Any = functions_of(app_with_events())["act"]
    assert [len(list(act.middleware_handlers)) for _ in range(2)] == [1, 1]


def test_an_apps_functions_run_with_their_middleware(bus: EventBus, lambdas: Lambdas) -> None:
    """Functions of an app get events as Chalice gives them, through the app's middleware, on every call."""
    app = app_with_events()
    for name, function in {**functions_of(app), **functions_of(app)}.items():
        lambdas.add(name, function)
    for _ in range(2):
        assert json.loads(lambdas.invoke("act", b'{"a": 1}').body) == {"noted": 1}
    answers: list[Any] = []
    on_ecs = functions_of(app)["on-ecs"]
    lambdas.add("on-ecs", lambda event, context: answers.append(on_ecs(event, context)))
    bus.rule(*rules_of(app)[0])
    bus.put("aws.ecs", "x", [], {"b": 2})
    assert wait_until(lambda: answers) == [{"noted": {"b": 2}}]


@pytest.mark.parametrize(
    ("expression", "seconds"),
    [("rate(1 minute)", 60), ("rate(5 minutes)", 300), ("rate(2 hours)", 7200), (Rate(1, unit=Rate.DAYS), 86400)],
)
def test_rates(expression: Any, seconds: float) -> None:
    """A rate is so many seconds."""
    assert seconds == seconds_of(expression)


def test_cron_is_refused() -> None:
    """A schedule that the local cloud cannot run is refused, naming it."""
    with pytest.raises(ValueError, match="cron"):
        seconds_of(Cron(0, 12, "*", "*", "?", "*"))
