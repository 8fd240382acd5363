"""What containers use, and which of them must be killed for it."""

import os
import subprocess
import sys

import pytest

from localcloud.ecs.memory import MEBIBYTE, hungriest, limit_bytes, proportional_bytes, resident_bytes

GROWS = "import os, sys; held = b'x' * (40 * 2**20); os.fork(); os.write(1, b'ready\\n'); sys.stdin.read()"


@pytest.mark.parametrize(
    ("used", "limits", "task_limit", "expected"),
    [
        ({"web": 9}, {"web": 10}, 10, None),
        ({"web": 11}, {"web": 10}, None, "web"),
        ({"web": 5, "cache": 4}, {"web": None, "cache": 3}, 10, "cache"),
        ({"web": 8, "cache": 4}, {"web": None, "cache": None}, 10, "web"),
        ({"web": 99}, {"web": None}, None, None),
        ({}, {}, 10, None),
    ],
)
def test_who_is_killed(
    used: dict[str, int], limits: dict[str, int | None], task_limit: int | None, expected: str | None
) -> None:
    """A container over its own limit is killed; over the task's, the largest; without a limit, none."""
    assert expected == hungriest(used, limits, task_limit)


@pytest.mark.parametrize(
    ("asked", "expected"), [("512", 512 * MEBIBYTE), (64, 64 * MEBIBYTE), ("1 GB", 1024 * MEBIBYTE), (None, None)]
)
def test_limits_are_mebibytes(asked: str | int | None, expected: int | None) -> None:
    """A limit is written in MiB, or in GB."""
    assert expected == limit_bytes(asked)


def test_what_processes_share_counts_once() -> None:
    """What a parent and its child both map is in both as residents, and once in proportion."""
    with subprocess.Popen([sys.executable, "-c", GROWS], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert [b"ready\n"] * 2 == [process.stdout.readline() for _ in range(2)]
        resident, proportional = resident_bytes(process.pid), proportional_bytes(process.pid)
        process.communicate()

    assert resident > 80 * MEBIBYTE
    assert 40 * MEBIBYTE < proportional < 70 * MEBIBYTE


def test_a_process_that_has_ended_uses_nothing() -> None:
    """A process that is not there, or not any more, counts as nothing."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()

    assert [0, 0] == [resident_bytes(process.pid), proportional_bytes(process.pid)]
    assert resident_bytes(os.getpid()) > MEBIBYTE
