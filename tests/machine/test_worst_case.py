"""The longest execution that a manifest can ask for stays within what Step Functions keeps and carries.

The interpreter counts the events of the history, and refuses a document of more than 256 KB: states_language.wire.
Forty minutes with few looks take seconds here, and the looks and wakes that there may be are added to them; two days
take minutes.
"""

from itertools import cycle
from typing import Any

import pytest

from chalicelib import events, limits, polls
from chalicelib.deployment import Deployment, Status
from chalicelib.store import Store
from chalicelib.waits import WAKES_AT_MOST
from tests.machine.interpreter import EVENTS_AT_MOST
from tests.machine.slipway import NUMBERS, Slipway
from tests.machine.test_events import task_stopped

pytestmark = pytest.mark.full

LONGEST_SECONDS = 86_400
EVENTS_OF_A_LOOK = 8
# Of a deployment, which has as long to go back.
LASTS = pytest.mark.parametrize("seconds", [1_200, LONGEST_SECONDS], ids=["minutes", "days"])
POLL_SECONDS = {1_200: 300, LONGEST_SECONDS: 1}
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


def events_at_most(slipway: Slipway, deployment: Deployment, seconds: int, ways: int, looks: int) -> float:
    """Return how many events a history has with all wakes, and all of `looks`, that there may be.

    Its own polls were those of each service, on its way there and back if those are its `ways`.
    """
    polls = ways * len(deployment.services) * seconds / POLL_SECONDS[seconds]
    wakes = min(slipway.faults.calls.count("store.count_wake"), WAKES_AT_MOST)
    others = max(0, looks - polls) + WAKES_AT_MOST - wakes
    return slipway.execution(deployment).events + EVENTS_OF_A_LOOK * others


def tasks_stop(slipway: Slipway, deployment: Deployment, seconds: int) -> None:
    """Have a task of one of the services stop again and again, from now on, as in a crash loop."""
    services = cycle(deployment.services)

    def stop() -> None:
        events.on_event(slipway.cloud, task_stopped(deployment.cluster, next(services)))
        slipway.clock.call_later(seconds / 240, stop)

    stop()


def late(slipway: Slipway, manifest: dict[str, Any], seconds: int) -> Deployment:
    """Deploy what nobody proves in time, there or back, while tasks come and go."""
    deployment = slipway.post(manifest | {"timeout_seconds": seconds, "poll_seconds": POLL_SECONDS[seconds]})
    tasks_stop(slipway, deployment, seconds)
    slipway.machine.run(deployment.id)
    assert slipway.clock.seconds > 2 * seconds
    return slipway.record(deployment)


@LASTS
def test_late_there_and_back(store: Store, seconds: int) -> None:
    """Forty services that hang for a day, and then for another on their way back, fit into one history."""
    slipway = Slipway(store)
    manifest = largest("web:1")
    assert Status.SUCCEEDED is slipway.deploy(manifest).status
    slipway.world.hanging |= {"web:1", "web:2"}
    changed = manifest | {"services": {name: {**each, "image": "web:2"} for name, each in manifest["services"].items()}}
    ended = late(slipway, changed, seconds)

    assert (Status.FAILED, "deployment_timed_out") == (ended.status, ended.failure and ended.failure.code)
    assert events_at_most(slipway, ended, seconds, 2, polls.LOOKS_IN_ALL) + ROOM_FOR_RETRIES <= EVENTS_AT_MOST


@LASTS
def test_late_there_and_away(store: Store, seconds: int) -> None:
    """So do forty first deployments that hang, and then drain for a day."""
    slipway = Slipway(store, hanging={"web:1"}, drain_seconds=float("inf"))
    ended = late(slipway, largest("web:1"), seconds)

    assert (Status.FAILED, "deployment_timed_out") == (ended.status, ended.failure and ended.failure.code)
    assert events_at_most(slipway, ended, seconds, 2, polls.LOOKS_IN_ALL) + ROOM_FOR_RETRIES <= EVENTS_AT_MOST


@LASTS
def test_late_teardown(store: Store, seconds: int) -> None:
    """So does the largest teardown, of services that drain for a day."""
    slipway = Slipway(store)
    whole = largest("web:1", timeout_seconds=seconds, poll_seconds=POLL_SECONDS[seconds])
    for start in range(0, limits.TEARDOWN_SERVICES, limits.SERVICES):
        numbers = range(start, min(start + limits.SERVICES, limits.TEARDOWN_SERVICES))
        deployed = slipway.deploy(whole | {"services": {f"s{number}": {"image": "web:1"} for number in numbers}})
        assert Status.SUCCEEDED is deployed.status
    slipway.world.drain_seconds = float("inf")
    teardown = slipway.delete(deployed)
    tasks_stop(slipway, teardown, seconds)
    slipway.teardowns.run(teardown.id)
    ended = slipway.record(teardown)

    assert (limits.TEARDOWN_SERVICES, "deployment_timed_out") == (
        len(ended.services),
        ended.failure and ended.failure.code,
    )
    assert events_at_most(slipway, ended, seconds, 1, polls.LOOKS_THERE) + ROOM_FOR_RETRIES <= EVENTS_AT_MOST
