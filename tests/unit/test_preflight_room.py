"""Room on container instances: which services wait for it, and what a task of them reserves."""

from dataclasses import replace
from typing import Any

import pytest

from chalicelib import preflight
from chalicelib.plan import task_spec
from chalicelib.preflight import Capacity, Room
from chalicelib.specs import Serving, TaskSpec
from tests.unit.test_preflight import manifest, serving, told

ON_EC2 = {"image": "web:1", "launch_type": "EC2", "cpu": 512, "memory": 1024}
NO_ROOM = [("no_room", "/services/a/launch_type", "a")]


def desired(count: int) -> Serving:
    """Return an ECS service of so many tasks."""
    now = serving()
    return replace(now, spec=replace(now.spec, desired_count=count))


@pytest.mark.parametrize(
    ("service", "now", "changed", "expected"),
    [
        ({}, None, True, True),
        ({}, serving(status="DRAINING"), False, True),
        ({}, serving(), True, True),
        ({}, serving(), False, False),
        ({"desired_count": 0}, None, True, False),
        ({"rollout": {"minimum_healthy_percent": 0}}, serving(), True, False),
        ({"rollout": {"minimum_healthy_percent": 50}}, serving(), True, True),
        ({"rollout": {"minimum_healthy_percent": 0}}, None, True, True),
        ({"rollout": {"minimum_healthy_percent": 0}}, desired(0), True, False),
        ({"rollout": {"minimum_healthy_percent": 0}, "desired_count": 1}, desired(0), True, True),
        ({"rollout": {"minimum_healthy_percent": 50}}, desired(2), True, False),
        (
            {"rollout": {"minimum_healthy_percent": 50}, "scaling": {"min": 0, "max": 4, "cpu": 60}},
            desired(0),
            True,
            False,
        ),
        ({"desired_count": 101}, desired(101), True, True),
        ({"rollout": {"minimum_healthy_percent": 99}}, desired(101), True, False),
        ({"launch_type": "FARGATE"}, None, True, False),
    ],
)
def test_which_services_wait(service: dict[str, Any], now: Serving | None, changed: bool, expected: bool) -> None:
    """One that is new, or changes while its tasks are kept, needs room for one more task."""
    (asked,) = manifest({**ON_EC2, **service}).services.values()

    assert expected is preflight.waits_for_room(asked, now, changed=changed)


HALF = {"rollout": {"minimum_healthy_percent": 50, "maximum_percent": 100}}
ONE_IN_HALF = "a: with 1 desired, 100 % allows 1 tasks and 50 % keeps 1, so that none can be replaced"


def scaled(least: int) -> dict[str, Any]:
    """Return the scaling of a service."""
    return {"scaling": {"min": least, "max": 4, "cpu": 60}}


@pytest.mark.parametrize(
    ("service", "now", "expected"),
    [
        (HALF, None, ONE_IN_HALF),
        (HALF, desired(1), ONE_IN_HALF),
        (HALF, desired(2), None),
        (HALF, desired(0), None),
        (HALF, replace(desired(2), status="DRAINING"), ONE_IN_HALF),
        ({**HALF, "desired_count": 2}, desired(1), None),
        ({**HALF, **scaled(2)}, desired(3), None),
        ({**HALF, **scaled(2)}, desired(1), ONE_IN_HALF),
        ({**HALF, **scaled(1), "desired_count": 4}, desired(4), ONE_IN_HALF),
        ({**HALF, **scaled(0), "desired_count": 4}, desired(0), ONE_IN_HALF),
        ({"rollout": {"maximum_percent": 150}}, desired(2), None),
        (
            {"rollout": {"maximum_percent": 149}},
            desired(2),
            "a: with 2 desired, 149 % allows 2 tasks and 100 % keeps 2, ",
        ),
        ({}, desired(1), None),
    ],
)
def test_rollout_replaces_a_task(service: dict[str, Any], now: Serving | None, expected: str | None) -> None:
    """The percentages leave room at the count that is kept, or asked for, and at the fewest that scaling may leave."""
    asked = manifest({"image": "web:1", **service})
    found = list(preflight.rollout_findings(asked, {"a": now}))

    assert ([("rollout_has_no_room", "/services/a/rollout", "a")] if expected else []) == [told(each) for each in found]
    assert [] == [each.detail for each in found if not each.detail.startswith(expected or "")]


@pytest.mark.parametrize(
    ("rooms", "expected"),
    [
        ((), NO_ROOM),
        ((Room(512, 1024),), []),
        ((Room(511, 4096), Room(4096, 1023)), NO_ROOM),
        ((Room(0, 0), Room(4096, 4096)), []),
    ],
)
def test_one_task_fits(rooms: tuple[Room, ...], expected: list[Any]) -> None:
    """A task needs CPU and memory on one instance; how much is left of each is told."""
    asked = manifest(ON_EC2)
    found = list(preflight.room_findings(asked, {"a": task_spec(asked, "a")}, Capacity(rooms)))

    assert expected == [told(each) for each in found]
    assert all(f"{room.cpu} and {room.memory_mib}" in each.detail for each in found for room in rooms)


def test_what_says_no_size_reserves_nothing() -> None:
    """A task without sizes, and a container of a raw definition without its own, reserve nothing."""
    asked = manifest(ON_EC2)
    sizeless = TaskSpec("f"), TaskSpec("f", raw={"containerDefinitions": [{"name": "a"}]})
    for task in sizeless:
        assert [] == list(preflight.room_findings(asked, {"a": task}, Capacity((Room(0, 0),))))


def test_capacity_that_scales() -> None:
    """Where a capacity provider adds instances it is a warning."""
    asked = manifest({"image": "web:1", "capacity_providers": [{"name": "own"}]})
    (finding,) = preflight.room_findings(asked, {"a": task_spec(asked, "a")}, Capacity(scales=True))

    assert ("/services/a/capacity_providers", "warning") == (finding.pointer, finding.severity)


@pytest.mark.parametrize(
    ("sizes", "reserved"),
    [
        ({"cpu": "1 vCPU", "memory": "2 GB"}, Room(1024, 2048)),
        ({"cpu": "128"}, Room(128, 96)),
        ({}, Room(30, 96)),
    ],
)
def test_a_raw_definition(sizes: dict[str, str], reserved: Room) -> None:
    """A raw task definition reserves its own size, else what its containers reserve together."""
    containers = [
        {"name": "web", "image": "web:1", "cpu": 10, "memory": 512, "memoryReservation": 32},
        {"name": "log", "image": "log:1", "cpu": 20, "memory": 64},
    ]
    definition = {"networkMode": "awsvpc", **sizes, "containerDefinitions": containers}
    asked = manifest({"image": None, "task_definition": definition, "launch_type": "EC2"})
    task = {"a": task_spec(asked, "a")}
    smaller = (Room(reserved.cpu - 1, reserved.memory_mib), Room(reserved.cpu, reserved.memory_mib - 1))

    assert [] == list(preflight.room_findings(asked, task, Capacity((reserved,))))
    assert NO_ROOM == [told(each) for each in preflight.room_findings(asked, task, Capacity(smaller))]
