"""How much memory containers use, and which of them uses more than it may.

Rules: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html (`memory`) and
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html (the words).
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from localcloud.ecs.validate_task_definition import normal_size

OUT_OF_MEMORY = "OutOfMemoryError: Container killed due to memory usage"
MEBIBYTE = 2**20
PROCESSES = Path("/proc")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def hungriest(used: Mapping[str, int], limits: Mapping[str, int | None], task_limit: int | None) -> str | None:
    """Return the container that must be killed, or None; all in bytes, by container name.

    That is one over its own limit, else the largest one when together they are over the task's.
    """
    over = [name for name, limit in limits.items() if limit is not None and used[name] > limit]
    if not over and task_limit is not None and sum(used.values()) > task_limit:
        over = list(used)
    return max(over, key=lambda name: used[name], default=None)


def limit_bytes(memory: str | int | None) -> int | None:
    """Return a `memory` of a definition or an override ("512", "1 GB", MiB) in bytes; None where there is none."""
    return None if memory is None else int(normal_size(str(memory), "GB", 1024)) * MEBIBYTE


def resident_bytes(pid: int) -> int:
    """Return what a process and its descendants use; what they share counts as often as they map it."""
    return sum(_resident_bytes(each) for each in _family(pid))


def proportional_bytes(pid: int) -> int:
    """Return the same, counting once what they share, as a control group does. It takes long."""
    return sum(_proportional_bytes(each) for each in _family(pid))


def _family(pid: int) -> Iterator[int]:
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
        return 0  # it has ended


def _proportional_bytes(pid: int) -> int:
    """Return its own pages and its share of those that others map too (proc(5), smaps_rollup)."""
    try:
        lines = (PROCESSES / str(pid) / "smaps_rollup").read_text().splitlines()
    except OSError:
        return 0  # it has ended
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) * 1024
