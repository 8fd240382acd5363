"""The longest execution that a manifest can ask for stays within what Step Functions keeps and carries.

The interpreter counts the events of the history, and refuses a document of more than 256 KB: states_language.wire.
A tenth of all looks and wakes takes seconds, and the rest is added to it; the whole takes minutes.
"""

from itertools import cycle
from typing import Any

import pytest

from chalicelib import events, limits, waits
from chalicelib.deployment import Deployment, Status
from chalicelib.steps import plan
from chalicelib.store import Store
from tests.machine.interpreter import EVENTS_AT_MOST
from tests.machine.slipway import NUMBERS, Slipway
from tests.machine.test_events import task_stopped

LONGEST_SECONDS = 86_400
EVENTS_OF_A_LOOK = 8
PARTS = pytest.mark.parametrize(
    "part", [pytest.param(0.1, id="a tenth"), pytest.param(1, id="the whole", marks=pytest.mark.full)], indirect=True
)
NAME_LENGTH = 230  # with the application's before it, it names a family of 255
ROOM_FOR_RETRIES = 3_600
"""Events of the history left for steps that AWS throttles, three for each attempt: forty services with thirty each."""


def largest(image: str, **changes: Any) -> dict[str, Any]:
    """Return a manifest of as many services as there may be, with long names, side by side, looked at every second."""
    service = {"image": image, "port": 80, "before_deploy": {"command": ["migrate"]}}
    names = [f"s{number:02}" for number in range(limits.SERVICES)]
    return {
        "application": f"large{next(NUMBERS)}",
        "namespace": "large.local",
        "network": {"vpc": "main", "subnets": ["private"], "security_groups": ["default"]},
        "poll_seconds": 1,
        "services": {name.ljust(NAME_LENGTH, "x"): {**service, "discovery": {"name": name}} for name in names},
        **changes,
    }


@pytest.fixture
def part(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> float:
    """Have this part of the looks and wakes that there may be."""
    part = float(request.param)
    for module, name in ((plan, "LOOKS_THERE"), (plan, "LOOKS_IN_ALL"), (waits, "WAKES_AT_MOST")):
        monkeypatch.setattr(module, name, round(getattr(module, name) * part))
    return part


def events_of_the_whole(slipway: Slipway, deployment: Deployment, part: float, looks: int) -> float:
    """Return how many events the history has, with those of the other part, up to so many `looks` and all wakes."""
    others = (1 / part - 1) * (looks + waits.WAKES_AT_MOST)
    return slipway.execution(deployment).events + EVENTS_OF_A_LOOK * others


def tasks_stop(slipway: Slipway, deployment: Deployment, part: float) -> None:
    """Have a task of one of the services stop every few seconds, from now on, as in a crash loop."""
    services = cycle(deployment.services)

    def stop() -> None:
        events.on_event(slipway.cloud, task_stopped(deployment.cluster, next(services)))
        slipway.clock.call_later(10 / part, stop)

    stop()


def late(slipway: Slipway, manifest: dict[str, Any], part: float) -> Deployment:
    """Deploy what nobody proves in time, there or back, while tasks come and go; a day each way."""
    deployment = slipway.post(manifest | {"timeout_seconds": LONGEST_SECONDS})
    tasks_stop(slipway, deployment, part)
    slipway.machine.run(deployment.id)
    assert slipway.clock.seconds > 2 * LONGEST_SECONDS
    return slipway.record(deployment)


@PARTS
def test_late_there_and_back(store: Store, part: float) -> None:
    """Forty services that hang for a day, and then for another on their way back, fit into one history."""
    slipway = Slipway(store)
    manifest = largest("web:1")
    assert Status.SUCCEEDED is slipway.deploy(manifest).status
    slipway.world.hanging |= {"web:1", "web:2"}
    changed = manifest | {"services": {name: {**each, "image": "web:2"} for name, each in manifest["services"].items()}}
    ended = late(slipway, changed, part)

    assert (Status.FAILED, "deployment_timed_out") == (ended.status, ended.failure and ended.failure.code)
    assert events_of_the_whole(slipway, ended, part, plan.LOOKS_IN_ALL) + ROOM_FOR_RETRIES <= EVENTS_AT_MOST


@PARTS
def test_late_there_and_away(store: Store, part: float) -> None:
    """So do forty first deployments that hang, and then drain for a day."""
    slipway = Slipway(store, hanging={"web:1"}, drain_seconds=float("inf"))
    ended = late(slipway, largest("web:1"), part)

    assert (Status.FAILED, "deployment_timed_out") == (ended.status, ended.failure and ended.failure.code)
    assert events_of_the_whole(slipway, ended, part, plan.LOOKS_IN_ALL) + ROOM_FOR_RETRIES <= EVENTS_AT_MOST


@PARTS
def test_late_teardown(store: Store, part: float) -> None:
    """So does the largest teardown, of services that drain for a day."""
    slipway = Slipway(store)
    whole = largest("web:1", timeout_seconds=LONGEST_SECONDS)
    for start in range(0, limits.TEARDOWN_SERVICES, limits.SERVICES):
        numbers = range(start, min(start + limits.SERVICES, limits.TEARDOWN_SERVICES))
        deployed = slipway.deploy(whole | {"services": {f"s{number}": {"image": "web:1"} for number in numbers}})
        assert Status.SUCCEEDED is deployed.status
    slipway.world.drain_seconds = float("inf")
    teardown = slipway.delete(deployed)
    tasks_stop(slipway, teardown, part)
    slipway.teardowns.run(teardown.id)
    ended = slipway.record(teardown)

    assert (limits.TEARDOWN_SERVICES, "deployment_timed_out") == (
        len(ended.services),
        ended.failure and ended.failure.code,
    )
    assert events_of_the_whole(slipway, ended, part, plan.LOOKS_THERE) + ROOM_FOR_RETRIES <= EVENTS_AT_MOST
