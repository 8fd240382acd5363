"""Which calls of the fakes only read, and may answer what was true before a change."""

from inspect import getmembers, isfunction
from typing import Any, cast

from chalicelib.store import Store
from tests.fake_cloud import FakeCloud
from tests.faults import Faults
from tests.machine.virtual_time import VirtualClock
from tests.world import World

WRITES = {
    "change",
    "create",
    "delete",
    "deregister",
    "ensure",
    "put",
    "register",
    "remove",
    "restart",
    "run",
    "set",
    "stop",
    "tag",
    "untag",
    "update",
}
"""The verbs of what changes AWS; what an adapter calls otherwise only reads."""
OF_ECS = ("clusters", "ecs", "tasks", "task_definitions")
OF_OTHERS = ("autoscaling", "cloud_map", "hosted_zones", "load_balancers", "logs")
NEVER_OLD = {
    "clusters.capacity": "nothing of ours changes it",
    "clusters.find": "a cluster whose counts are old is left, and told of; an empty one costs nothing",
    "ecs.events": "they are told, and decide nothing",
    "ecs.image_digests": "only the API asks, and says when",
    "ecs.rollout_tasks": "only the API asks for logs",
    "ecs.triggered_alarms": "they are told, and decide nothing",
    "hosted_zones.vpcs": "nothing of ours changes it but with its namespace",
    "load_balancers.listener": "nothing of ours changes it",
    "load_balancers.routed": "only an execution that an older release planned asks",
    "logs.tail": "it is told, and decides nothing",
    "tasks.log_stream": "what a revision holds never changes",
}


def reads_of(*parts: str) -> list[str]:
    """Return the reads that may be old of some parts of the cloud, as their fakes have them."""
    fakes = FakeCloud(World(VirtualClock()), Store(cast("Any", None)), None, Faults(), None).parts
    names = [f"{part}.{name}" for part in parts for name, _ in getmembers(type(fakes[part]), isfunction)]
    reads = [each for each in names if each.partition(".")[2].partition("_")[0] not in {"", *WRITES}]
    return [each for each in reads if each not in NEVER_OLD]


ALL = reads_of(*OF_ECS, *OF_OTHERS)
