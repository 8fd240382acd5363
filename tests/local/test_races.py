"""Requests that race: one deployment holds a service at any time, and a key counts once."""

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.local.local_cloud import HttpAnswer, LocalCloud, hello
from tests.local.stuck import STUCK, accepted, timeline, under_way

PARALLEL = 50
RUNS = [pytest.param(1, id="once"), pytest.param(100, id="often", marks=pytest.mark.full)]


def at_once(cloud: LocalCloud, manifests: Sequence[dict[str, Any]], **headers: str) -> list[HttpAnswer]:
    """POST manifests at the same time."""
    with ThreadPoolExecutor(len(manifests)) as pool:
        return list(pool.map(lambda manifest: cloud.post(manifest, **headers), manifests))


def begun(cloud: LocalCloud, application: str) -> list[str]:
    """Return the ids of the deployments of an application."""
    listed = cloud.ask("GET", f"/deployments?application={application}").document["deployments"]
    return [each["id"] for each in listed]


def end(cloud: LocalCloud, deployment_id: str) -> None:
    """Call a deployment off, and wait for its end."""
    cloud.ask("POST", f"/deployments/{deployment_id}/cancel")
    cloud.ended(deployment_id)


@pytest.mark.full
@pytest.mark.parametrize("runs", RUNS)
def test_one_of_many(cloud: LocalCloud, runs: int) -> None:
    """Of 50 POSTs for one service at once exactly one is accepted, and all others name it."""
    for run in range(runs):
        application = f"race{runs}-{run}"
        answers = at_once(cloud, [hello(application)] * PARALLEL)
        [winner] = begun(cloud, application)
        busy = [each.document["deployment"] for each in answers if each.status == 409]
        end(cloud, winner)

        assert {202: 1, 409: PARALLEL - 1} == Counter(each.status for each in answers)
        assert {winner} == set(busy)


@pytest.mark.full
def test_the_newest_of_many_serves(cloud: LocalCloud) -> None:
    """Of 50 POSTs at once that take the place of who holds the service none is refused, and the newest serves."""
    holder = accepted(cloud, hello("newest", **STUCK))
    under_way(cloud, holder)
    manifests = [hello("newest", environment={"GREETING": f"number {number}"}) for number in range(PARALLEL)]
    with ThreadPoolExecutor(PARALLEL) as pool:
        burst = list(pool.map(lambda manifest: accepted(cloud, manifest, "?on_busy=supersede"), manifests))
    newest = max(burst)
    ends = {each: cloud.ended(each) for each in (holder, *burst)}
    statuses = {each: end["status"] for each, end in ends.items()}

    assert {**dict.fromkeys((holder, *burst), "superseded"), newest: "succeeded"} == statuses
    assert newest == cloud.ask("GET", "/applications/newest").document["deployment"]["id"]
    assert f"number {burst.index(newest)}" == cloud.visit("/newest")["greeting"]


@pytest.mark.full
@pytest.mark.parametrize("runs", RUNS)
def test_one_key(cloud: LocalCloud, runs: int) -> None:
    """Of 50 POSTs with one Idempotency-Key at once all get the same deployment, of which one made it."""
    for run in range(runs):
        application = f"key{runs}-{run}"
        answers = at_once(cloud, [hello(application)] * PARALLEL, Idempotency_Key=application)
        [made] = begun(cloud, application)
        end(cloud, made)

        assert {(202, made): PARALLEL} == Counter((each.status, each.document["id"]) for each in answers)
        assert {None: 1, "true": PARALLEL - 1} == Counter(each.headers.get("Idempotency-Replayed") for each in answers)


@pytest.mark.full
def test_one_key_for_two_bodies(cloud: LocalCloud) -> None:
    """Of two bodies that race with one key, one is deployed, and the other is refused."""
    manifests = [hello(f"bodies-{number}") for number in range(2)]
    answers = at_once(cloud, manifests * (PARALLEL // 2), Idempotency_Key="bodies")
    made = [each for manifest in manifests for each in begun(cloud, manifest["application"])]
    end(cloud, made[0])

    assert 1 == len(made)
    assert {202: PARALLEL // 2, 422: PARALLEL // 2} == Counter(each.status for each in answers)


@pytest.mark.full
def test_one_namespace(cloud: LocalCloud) -> None:
    """Two applications that ask for the same new namespace at once both succeed, in the one that the first has made."""
    manifests = [
        hello(f"meets-{number}", discovery={"name": f"meets-{number}"}) | {"namespace": "met.internal"}
        for number in range(2)
    ]
    ids = [each.document["id"] for each in at_once(cloud, manifests)]
    ends = [cloud.ended(each)["status"] for each in ids]
    namespaces = cloud.client("servicediscovery").list_namespaces()["Namespaces"]

    assert [(None, "awaiting_namespace")] * 2 == [
        each for id_ in ids for each in timeline(cloud, id_) if "namespace" in each[1]
    ]
    assert ["succeeded"] * 2 == ends
    assert ["met.internal"] == [each["Name"] for each in namespaces]
