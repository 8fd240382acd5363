"""Growth: what a deployment asks of AWS and of its record, and its state transitions, for 1, 10 and 40 services.

Each service has a name and a route. They are deployed twice: at first all is made, then nothing changes. Whatever
Slipway's functions call is counted, from the POST to the verdict, and divided by the services.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from benchmarks.cost import transitions_in
from benchmarks.door import ask
from benchmarks.figure import Figure, Options, figure
from benchmarks.following import succeeded
from benchmarks.scale import IMAGES, LIGHT
from localcloud.account import STATE_MACHINE_ARN
from tests.local.local_cloud import LocalCloud, local_cloud, wait_for

SPEED = 10
SIZES = (1, 10, 40)
SLIPWAY = "local"  # the access key of its functions
GOALS: Mapping[tuple[int, str], tuple[float, float]] = {
    (1, "created"): (40, 45),
    (1, "unchanged"): (25, 25),
    (40, "created"): (14, 28),
    (40, "unchanged"): (9, 15),
}
"""By size and kind: calls a service to AWS, and to DynamoDB."""


def measure(_: Options) -> Iterator[Figure]:
    """Deploy each size twice, in one local cloud."""
    with local_cloud(SLIPWAY_SPEED=str(SPEED), SLIPWAY_IMAGES=str(IMAGES)) as cloud:
        for size in SIZES:
            for kind in ("created", "unchanged"):
                yield from figures(size, kind, *counted(cloud, manifest(size)))


def manifest(size: int) -> dict[str, Any]:
    """Return the manifest of so many services."""
    names = [f"service-{number}" for number in range(size)]
    return {
        "application": f"growth-{size}",
        "namespace": f"growth-{size}.local",
        "load_balancer": {"name": "slipway"},
        "poll_seconds": 60,
        "services": {
            name: {
                "image": LIGHT,
                "port": 8080,
                "discovery": {},
                "route": {"path": f"/growth-{size}/{name}*", "health_check": {"matcher": "200-404"}},
            }
            for name in names
        },
    }


def counted(cloud: LocalCloud, asked: Mapping[str, Any]) -> tuple[dict[str, int], int]:
    """Deploy; return the calls by service of AWS, and the state transitions."""
    ask(cloud, "DELETE", "/_slipway/calls")
    accepted = cloud.post(asked)
    arn = STATE_MACHINE_ARN.replace(":stateMachine:", ":execution:") + f":{accepted.document['id']}"
    states = cloud.client("stepfunctions")
    wait_for(lambda: states.describe_execution(executionArn=arn)["status"] != "RUNNING" or None, seconds=600)
    calls = ask(cloud, "GET", f"/_slipway/calls?access_key_id={SLIPWAY}")
    succeeded(cloud, accepted.document["id"])
    by_service = {service: sum(operations.values()) for service, operations in calls.items()}
    pages = states.get_paginator("get_execution_history").paginate(executionArn=arn)
    return by_service, transitions_in([event for page in pages for event in page["events"]])


def figures(size: int, kind: str, calls: dict[str, int], transitions: int) -> Iterator[Figure]:
    """Yield what one deployment took, a service."""
    record = calls.pop("dynamodb")
    goals = GOALS.get((size, kind), (None, None))
    what = f"{size} {'service' if size == 1 else 'services'} {kind}"
    yield figure(f"{what}: calls to AWS a service", sum(calls.values()) / size, "", goals[0])
    yield figure(f"{what}: calls to DynamoDB a service", record / size, "", goals[1])
    yield figure(f"{what}: state transitions a service", transitions / size, "")
