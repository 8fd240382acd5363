"""Load: many who want the same service, records of thousands, and a record that is slow; beside a bare Chalice route.

What is asked again and again is timed from the request to its answer. A place is taken by `on_busy=supersede`, of a
rollout that never ends; for each token the local cloud looks through all executions that there ever were, so that a
long chain costs it more. The slow record answers each call a second late, and polls are a second apart. Dry runs of
40 services are asked for while every call to AWS takes 60 ms more: before they are deployed, after it, and of a change.
"""

import json
import statistics
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

from boto3.dynamodb.types import TypeSerializer
from chalice.app import Chalice

import app
from benchmarks import growth
from benchmarks.figure import Figure, Options, figure
from benchmarks.scale import IMAGES
from chalicelib.deployment import Deployment, Status, new_id, progress_of
from chalicelib.items import deployment_item, services_ended
from localcloud.account import TABLE
from localcloud.gateway import Gateway
from localcloud.ports import listen
from tests.deliveries import push_of_a_tag
from tests.local.faults import going_wrong
from tests.local.local_cloud import HttpAnswer, LocalCloud, hello, local_cloud
from tests.local.stuck import STUCK, accepted, under_way
from tests.local.test_github import deliver, register

SPEED = 10
CHAIN, BURST, DELIVERIES, AT_A_TIME = 200, 50, 300, 10
DEPLOYMENTS, REGISTRATIONS = 2_000, 400
TIMEOUT_SECONDS = 30
SERVICES, CALL_SECONDS = 40, 0.06
ASKED = 300
SUPERSEDING = {"event": "push", "tag": "v*", "on_busy": "supersede"}


def measure(options: Options) -> Iterator[Figure]:
    """Ask one local cloud for all of it; the bare route and ours are asked in this process."""
    yield from overhead()
    with local_cloud(SLIPWAY_SPEED=str(SPEED)) as cloud:
        yield from chain(cloud, options.runs_or(CHAIN))
        yield from burst(cloud)
        yield from deliveries(cloud)
        yield from lists(cloud)
        yield from webhook(cloud)
        yield from slow_record(cloud)
    with local_cloud(SLIPWAY_SPEED=str(SPEED), SLIPWAY_IMAGES=str(IMAGES)) as cloud:
        yield from dry_runs(cloud)


def overhead() -> Iterator[Figure]:
    """Yield how long a route of ours takes that asks nobody, against one of a Chalice app that has nothing else."""
    bare = Chalice(app_name="bare")

    @bare.route("/health")
    def health() -> dict[str, str]:
        return {"status": "ok"}

    gateways = [Gateway(each, listen(0)) for each in (bare, app.app)]
    for gateway in gateways:
        gateway.start()
    in_turn = [[asked(f"{gateway.url}/health") for gateway in gateways] for _ in range(ASKED)]
    theirs, ours = (list(each) for each in zip(*in_turn, strict=True))
    for gateway in gateways:
        gateway.stop()
    yield figure("a bare Chalice route", theirs, "ms")
    yield figure("a route of ours that asks nobody, against the bare one", medians(ours) / medians(theirs), "x", 1.2)


def asked(url: str) -> float:
    """Return the milliseconds that a page took."""
    begun = time.monotonic()
    with urllib.request.urlopen(url, timeout=10) as answer:
        answer.read()
    return (time.monotonic() - begun) * 1000


def medians(milliseconds: Sequence[float]) -> float:
    """Return the middle of what was measured."""
    return statistics.median(milliseconds)


def timed(ask: Callable[[], HttpAnswer]) -> tuple[float, HttpAnswer]:
    """Return the milliseconds that an answer took, and the answer."""
    begun = time.monotonic()
    answer = ask()
    return (time.monotonic() - begun) * 1000, answer


def superseding(cloud: LocalCloud, application: str, number: int) -> HttpAnswer:
    """Take the place of whatever deploys an application."""
    manifest = hello(application, **{**STUCK, "environment": {"BOOT_SECONDS": "600", "NUMBER": str(number)}})
    body = json.dumps(manifest).encode()
    return cloud.ask("POST", "/deployments?on_busy=supersede", body, Content_Type="application/json")


def holder(cloud: LocalCloud, application: str) -> None:
    """Have a deployment that never ends by itself at work on an application."""
    under_way(cloud, accepted(cloud, hello(application, **STUCK)))


def chain(cloud: LocalCloud, length: int) -> Iterator[Figure]:
    """Yield how long the first and the last take of a chain, each of which takes the place of the one before."""
    holder(cloud, "chain")
    measured = [timed(partial(superseding, cloud, "chain", number)) for number in range(length)]
    milliseconds = [each for each, _ in measured]
    few = max(1, length // 10)
    yield figure("taking a place, the first of a chain of 200", milliseconds[:few], "ms")
    yield figure("taking a place, the last of a chain of 200", milliseconds[-few:], "ms")
    yield figure("the last, against the first", medians(milliseconds[-few:]) / medians(milliseconds[:few]), "x", 2)
    yield figure("refused in a chain of 200", sum(answer.status != 202 for _, answer in measured), "", 0)


def burst(cloud: LocalCloud) -> Iterator[Figure]:
    """Yield how a burst goes that wants one service, in whose place a rollout never ends."""
    holder(cloud, "burst")
    with ThreadPoolExecutor(BURST) as pool:
        measured = list(pool.map(lambda number: timed(lambda: superseding(cloud, "burst", number)), range(BURST)))
    ids = [answer.document.get("id", "") for _, answer in measured]
    gave_way = [each for each in ids if cloud.ask("GET", f"/deployments/{each}").document.get("superseded_by")]
    yield figure("answer in a burst of 50 who take one place", [each for each, _ in measured], "ms")
    yield figure("refused in a burst of 50", sum(answer.status != 202 for _, answer in measured), "", 0)
    yield figure("others than the newest that keep the place", len({*ids} - {*gave_way} - {max(ids)}), "", 0)


def deliveries(cloud: LocalCloud) -> Iterator[Figure]:
    """Yield how long deliveries take that come ten at a time, each in the place of the one before."""
    register(cloud, "delivered", SUPERSEDING)

    def push(number: int) -> tuple[float, HttpAnswer]:
        payload = push_of_a_tag(f"v{number}", repository="acme/delivered")
        return timed(lambda: deliver(cloud, "push", payload, str(uuid4())))

    begun = time.monotonic()
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        measured = list(pool.map(push, range(DELIVERIES)))
    yield figure("300 deliveries, ten at a time", time.monotonic() - begun, "s", 60)
    yield figure("answer to one of them", [each for each, _ in measured], "ms", 2000)
    yield figure("refused of 300 deliveries", sum(answer.status != 202 for _, answer in measured), "", 0)


def lists(cloud: LocalCloud) -> Iterator[Figure]:
    """Yield how long a page takes of a record of thousands."""
    fill(cloud)
    for query in ("limit=20", "limit=100", "status=running", "status=failed&limit=20", "status=cancelled"):
        milliseconds = [timed(partial(cloud.ask, "GET", f"/deployments?{query}"))[0] for _ in range(10)]
        yield figure(f"GET /deployments?{query}, of 2,000", milliseconds, "ms", 250)


def fill(cloud: LocalCloud) -> None:
    """Have thousands of deployments in the record that ended."""
    now, serializer, dynamodb = datetime.now(UTC), TypeSerializer(), cloud.client("dynamodb")
    puts = [
        {"Put": {"TableName": TABLE, "Item": {key: serializer.serialize(value) for key, value in item.items()}}}
        for item in (ended(now - timedelta(hours=1, seconds=number), number) for number in range(DEPLOYMENTS))
    ]
    for at in range(0, len(puts), 100):
        dynamodb.transact_write_items(TransactItems=puts[at : at + 100])


def ended(at: datetime, number: int) -> dict[str, Any]:
    """Return a deployment of three services that ended, as an item of the record."""
    deployment = Deployment(
        id=new_id("dep", at),
        application=f"app{number % 20}",
        environment="default",
        cluster="listed",
        status=Status.FAILED if number % 20 == 0 else Status.SUCCEEDED,
        requested_by="benchmark",
        created_at=at,
        updated_at=at,
        finished_at=at,
        deadline_at=at,
        services=progress_of({"home": "home.listed.local", "redis": None, "worker": None}),
    )
    item = {**deployment_item(deployment), **services_ended(deployment)}
    del item["open"]
    return item


def webhook(cloud: LocalCloud) -> Iterator[Figure]:
    """Yield how long a delivery takes that deploys nothing, among hundreds of registrations."""
    for number in range(REGISTRATIONS):
        register(cloud, f"registered-{number}", SUPERSEDING)
    payload = push_of_a_tag("nightly", repository="acme/registered-7")
    measured = [timed(lambda: deliver(cloud, "push", payload, str(uuid4())))[0] for _ in range(20)]
    yield figure("answer to a push that no trigger wants, of 400 registrations", measured, "ms", 50)


def slow_record(cloud: LocalCloud) -> Iterator[Figure]:
    """Yield how long after its deadline it is written why a deployment fails whose rollout never ends."""
    manifest = hello("slow", **STUCK) | {
        "poll_seconds": 1,
        "timeout_seconds": TIMEOUT_SECONDS,
        "on_failure": "keep",
    }
    slow = {"kind": "delay", "service": "dynamodb", "operation": "*", "seconds": 1.0, "times": None}
    document = cloud.post(manifest).document
    with going_wrong(cloud, slow):
        cloud.ended(document["id"])
    events = cloud.ask("GET", f"/deployments/{document['id']}/events?limit=100").document["events"]
    failed_at = next(instant(each["at"]) for each in events if each["phase"] == "failed")
    late = failed_at - instant(document["created_at"]) - timedelta(seconds=TIMEOUT_SECONDS)
    yield figure("a failure after its deadline, each call of the record 1 s late", late.total_seconds(), "s", 15)


def dry_runs(cloud: LocalCloud) -> Iterator[Figure]:
    """Yield how long dry runs of many services take, each call of which is slow."""
    asked = growth.manifest(SERVICES)
    services = asked["services"].items()
    changes = {"environment": {"A": "b"}, "scaling": {"min": 1, "max": 2, "cpu": 60}}
    changed = asked | {"services": {name: service | changes for name, service in services}}
    yield dry_run(cloud, "new", asked)
    cloud.ended(cloud.post(asked).document["id"], seconds=600)
    yield dry_run(cloud, "unchanged", asked)
    yield dry_run(cloud, "changed and newly scaled", changed)


def dry_run(cloud: LocalCloud, kind: str, asked: dict[str, Any]) -> Figure:
    """Return how many seconds dry runs of a manifest take, one after the other."""
    body, slow = json.dumps(asked).encode(), {"kind": "delay", "service": "*", "operation": "*", "times": None}
    url = "/deployments?dry_run=true"
    with going_wrong(cloud, slow | {"seconds": CALL_SECONDS}):
        measured = [timed(lambda: cloud.ask("POST", url, body, Content_Type="application/json")) for _ in range(3)]
    seconds = [milliseconds / 1000 for milliseconds, answer in measured if answer.status == 200]
    return figure(f"dry run of {SERVICES} services, {kind}, each call 60 ms late", seconds, "s", 10)


def instant(text: str) -> datetime:
    """Return an instant as the API tells it."""
    return datetime.fromisoformat(text)
