"""Where tasks are placed."""

from datetime import UTC, datetime
from typing import Any

import pytest

from localcloud.ecs.capacity import (
    ContainerInstance,
    Need,
    NoRoomError,
    Room,
    choose_instance,
    choose_provider,
    need_of,
)

SMALL = Need(256, 512)


def instance(name: str) -> ContainerInstance:
    """Return a machine."""
    now = datetime(2026, 11, 20, tzinfo=UTC)
    return ContainerInstance(f"arn:aws:ecs:::container-instance/main/{name}", "main", "i-1", "a", 1024, 2048, now)


A, B = instance("a"), instance("b")


def test_a_task_needs_its_own_size_or_its_containers() -> None:
    """The task's size counts; without one the containers' sizes are added, soft limits before hard ones."""
    containers: list[dict[str, Any]] = [{"cpu": 10, "memory": 64}, {"cpu": 20, "memory": 256, "memoryReservation": 128}]

    assert Need(30, 192) == need_of({"containerDefinitions": containers})
    assert Need(1024, 2048) == need_of({"cpu": "1024", "memory": "2048", "containerDefinitions": containers})


def test_tasks_of_a_group_are_spread() -> None:
    """The instance with the fewest tasks of the group wins, then the one with more memory."""
    assert B is choose_instance(SMALL, [Room(A, 1024, 2048, tasks_alike=1), Room(B, 256, 512)])
    assert B is choose_instance(SMALL, [Room(A, 1024, 1024), Room(B, 1024, 2048)])


@pytest.mark.parametrize(
    ("rooms", "sentence", "lacks"),
    [
        ([], "Reason: No Container Instances were found in your cluster.", ()),
        (
            [Room(A, 255, 4096)],
            "The closest matching container-instance a has insufficient CPU units available.",
            ((A.arn, "RESOURCE:CPU"),),
        ),
        (
            [Room(A, 0, 4096), Room(B, 256, 511)],
            "The closest matching container-instance b has insufficient memory available.",
            ((A.arn, "RESOURCE:CPU"), (B.arn, "RESOURCE:MEMORY")),
        ),
    ],
)
def test_no_room(rooms: list[Room], sentence: str, lacks: tuple[tuple[str, str], ...]) -> None:
    """A task without a place says what the closest instance lacks, in the words of a service event."""
    with pytest.raises(NoRoomError) as refused:
        choose_instance(SMALL, rooms)

    assert str(refused.value) == (
        "was unable to place a task because no container instance met all of its requirements. "
        f"{sentence} For more information, see the Troubleshooting section of the Amazon ECS Developer Guide."
    )
    assert lacks == refused.value.lacks


def test_a_strategy_fills_its_base_and_then_its_weights() -> None:
    """With a base of 1 and weights of 1 to 3, nine tasks are three on demand and six on spot."""
    strategy = [
        {"capacityProvider": "FARGATE", "base": 1, "weight": 1},
        {"capacityProvider": "FARGATE_SPOT", "weight": 3},
    ]
    given = {"FARGATE": 0, "FARGATE_SPOT": 0}
    for _ in range(9):
        given[choose_provider(strategy, given)] += 1

    assert {"FARGATE": 3, "FARGATE_SPOT": 6} == given


def test_a_provider_alone_needs_no_weight() -> None:
    """A strategy of one provider uses it."""
    assert "FARGATE_SPOT" == choose_provider([{"capacityProvider": "FARGATE_SPOT"}], {})
