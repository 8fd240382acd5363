"""How much memory containers use, and which of them uses more than it may.

Rules: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html (memory: "If your container
attempts to exceed the memory specified here, the container is killed") and
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html (the words).
"""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

OUT_OF_MEMORY = "OutOfMemoryError: Container killed due to memory usage"
MEBIBYTE = 2**20
PROCESSES = Path("/proc")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def hungriest(used: Mapping[str, int], limits: Mapping[str, int], task_limit: int | None) -> str | None:
    """Return the container that must be killed, or None; all in bytes, by container name.

    That is one over its own limit, else the largest one when together they are over the task's.
    """
    over = [name for name in used if name in limits and used[name] > limits[name]]
    if not over and task_limit is not None and sum(used.values()) > task_limit:
        over = list(used)
    return max(over, key=lambda name: used[name], default=None)


def limit_bytes(asked: Mapping[str, Any]) -> int | None:
    """Return the `memory` (MiB) of a container definition, a task definition or its override; None without one."""
    mebibytes = asked.get("memory")
    return None if mebibytes is None else int(mebibytes) * MEBIBYTE


def used_bytes(pid: int, at_most: int | None) -> int:
    """Return what a process and its descendants use.

    Like a control group it counts memory that they share once; the count is exact only where it may exceed `at_most`,
    for it takes long. Processes that have ended use nothing.
    """
    family = list(_family(pid))
    resident = sum(_resident_bytes(each) for each in family)
    if at_most is None or resident <= at_most:
        return resident
    return sum(_proportional_bytes(each) for each in family)


def _family(pid: int) -> Iterable[int]:
    yield pid
    try:
        lists = [(thread / "children").read_text() for thread in (PROCESSES / str(pid) / "task").iterdir()]
    except OSError:
        return  # it has ended
    for children in lists:
        for child in children.split():
            yield from _family(int(child))


def _resident_bytes(pid: int) -> int:
    try:
        return int((PROCESSES / str(pid) / "statm").read_text().split()[1]) * PAGE_BYTES
    except OSError:
        return 0


def _proportional_bytes(pid: int) -> int:
    """Return its own pages and its share of those that others map too (proc(5), smaps_rollup)."""
    try:
        lines = (PROCESSES / str(pid) / "smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) * 1024
