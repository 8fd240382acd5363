"""How much a deployment asks of AWS's adapters and of the record: nobody adds a question unnoticed.

What an adapter's method takes of requests is counted by the benchmark `growth`.
"""

from typing import Any

import pytest

from chalicelib.deployment import Status
from chalicelib.store import Store
from tests.machine.slipway import Slipway, with_service
from tests.machine.test_way_back_faults import passed_until


def manifest(size: int) -> dict[str, Any]:
    """Return so many services, each with a name and a route."""
    names = [f"service-{number}" for number in range(size)]
    return {
        "application": f"calls-{size}",
        "namespace": "calls.local",
        "load_balancer": {"name": "slipway"},
        "network": {"vpc": "main", "subnets": ["private"], "security_groups": ["default"]},
        "services": {
            each: {"image": "home:1", "port": 80, "discovery": {}, "route": {"path": f"/{each}*"}} for each in names
        },
    }


def asked(slipway: Slipway, size: int) -> tuple[int, int]:
    """Deploy; return how often the adapters of AWS were called, and the record."""
    before = len(slipway.faults.calls)
    assert Status.SUCCEEDED is slipway.deploy(manifest(size)).status
    calls = slipway.faults.calls[before:]
    record = sum(call.startswith("store.") for call in calls)
    return len(calls) - record, record


@pytest.mark.parametrize(
    ("size", "created", "unchanged"),
    [(1, (32, 45), (16, 20)), (40, (538, 745), (250, 254))],
    ids=["one", "forty"],
)
def test_no_more_is_asked(store: Store, size: int, created: tuple[int, int], unchanged: tuple[int, int]) -> None:
    """So many calls of AWS's adapters and of the record at first, and when nothing changes, are enough."""
    slipway = Slipway(store, dns_seconds=0)  # the names are there as soon as the tasks run
    for most in (created, unchanged):
        calls = asked(slipway, size)
        enough = all(allowed >= each for allowed, each in zip(most, calls, strict=True))
        assert enough, f"{calls} calls of the adapters and of the record, and {most} were enough"


def test_a_namespace_is_found_once(store: Store) -> None:
    """The proof of a name on the way back goes by the namespace that Plan found, and does not ask for it again."""
    slipway = Slipway(store)
    slipway.deploy(manifest(1))
    slipway.world.broken.add("home:2")
    back = slipway.post(with_service(manifest(1), "service-0", image="home:2"))
    passed_until(slipway, back, "AwaitRestoredNames")
    mark = len(slipway.faults.calls)
    passed_until(slipway, back, "RemoveRoute")
    asked_then = slipway.calls_since(mark)
    assert (0, True) == (asked_then.count("cloud_map.namespaces"), "cloud_map.healthy_addresses" in asked_then)
