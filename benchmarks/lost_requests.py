"""Requests lost by visitors who ask a two-task service without pause, through its load balancer, while it changes.

Each run is a rollout that succeeds, one whose tasks crash, and the way back from that to what served, until ECS rests.
"""

from collections import Counter
from collections.abc import Iterator

from benchmarks.figure import Figure, Options, figure
from benchmarks.following import ended, succeeded, when
from tests.local.local_cloud import LocalCloud, hello, local_cloud, visitors

SPEED = 10
APPLICATION = "visited"
REST_SECONDS = 0.1
CRASHING = "actors-crash-loop:1"


def measure(options: Options) -> Iterator[Figure]:
    """Let visitors ask through all runs in one local cloud."""
    answers: dict[str, Counter[str]] = {"rollout": Counter(), "failed rollout and the way back": Counter()}
    with local_cloud(SLIPWAY_SPEED=str(SPEED)) as cloud:
        succeeded(cloud, cloud.post(two_tasks(0)).document["id"])
        for run in range(1, options.runs_or(20) + 1):
            answers["rollout"] += while_visited(cloud, two_tasks(run), "succeeded")
            bad = two_tasks(run, image=CRASHING)
            answers["failed rollout and the way back"] += while_visited(cloud, bad, "failed", "rolled_back")
    for what, seen in answers.items():
        yield figure(f"requests lost, {what}", lost(seen), "", 0)
        yield figure(f"requests, {what}", seen.total(), "")


def while_visited(cloud: LocalCloud, manifest: dict[str, object], *expected: str) -> Counter[str]:
    """Deploy under the eyes of visitors until nothing moves any more; return what they were answered."""
    with visitors(f"{cloud.balancer}/{APPLICATION}") as seen:
        document = ended(cloud, cloud.post(manifest).document["id"], REST_SECONDS)
        if document["status"] not in expected:
            raise AssertionError(f"{document['status']}, not {' or '.join(expected)}: {document['verdict']}")
        when(lambda: rests(cloud), REST_SECONDS)
    return Counter(seen)


def rests(cloud: LocalCloud) -> bool:
    """Tell whether one deployment is left, complete, with all its tasks."""
    service = cloud.client("ecs").describe_services(cluster=APPLICATION, services=["hello"])["services"][0]
    states = [each["rolloutState"] for each in service["deployments"]]
    return states == ["COMPLETED"] and bool(service["runningCount"] == service["desiredCount"])


def lost(seen: Counter[str]) -> int:
    """Return how many requests were not answered 200."""
    return seen.total() - seen["200"]


def two_tasks(number: int, **changes: object) -> dict[str, object]:
    """Return the manifest of a service of two tasks behind the load balancer, in revision `number`."""
    return hello(APPLICATION, desired_count=2, environment={"GREETING": f"hello {number}"}, **changes)
