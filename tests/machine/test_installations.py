"""Two installations in one account: neither changes, removes or disturbs what the other made."""

from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib import events
from chalicelib.deployment import Deployment, Status
from chalicelib.store import Store
from tests.direct_dynamodb import DirectClient, DirectDynamoDb
from tests.machine.slipway import Slipway, two_services
from tests.machine.test_events import ecs_event
from tests.machine.test_teardown import code
from tests.machine.test_way_back import served
from tests.tables import fresh_store


@pytest.fixture
def beside(dynamodb: Any, items: DirectDynamoDb) -> Iterator[Store]:
    """Lend the record of the other installation: a table of its own."""
    with fresh_store(dynamodb, "slipway-beside", DirectClient(items)) as store:
        yield store


@pytest.fixture
def both(store: Store, beside: Store) -> tuple[Slipway, Slipway]:
    """Return two installations in one account."""
    first = Slipway(store)
    return first, Slipway(beside, beside=first)


DEPLOYMENT = "ECS Deployment State Change"


def shop(cluster: str, **changes: Any) -> dict[str, Any]:
    """Return the manifest of an application whose names are the same in every cluster."""
    manifest = two_services(application="shop", cluster=cluster, namespace=f"{cluster}.local", **changes)
    manifest["services"]["home"]["route"] = {"path": f"/{cluster}*"}
    return manifest


def of_cluster(slipway: Slipway, cluster: str) -> dict[str, Any]:
    """Return what serves in a cluster and under its namespace's names, and the ACTIVE revisions that it runs."""
    world, everything = slipway.world, served(slipway)
    specs = {key: spec for key, spec in everything["specs"].items() if key[0] == cluster}
    return {
        "specs": specs,
        "runs": {key: each for key, each in everything["runs"].items() if key[0] == cluster},
        "names": {key: each for key, each in everything["names"].items() if key[0] == f"{cluster}.local"},
        "rules": [path for path in everything["rules"].values() if str(path).startswith(f"/{cluster}")],
        "shared": [each for each in (*world.namespaces, *world.clusters) if each.startswith(cluster)],
        "inactive": sorted({str(spec.task_definition) for spec in specs.values()} & world.inactive),
    }


def statuses(*deployments: Deployment) -> list[Status]:
    """Return how deployments ended."""
    return [each.status for each in deployments]


def test_same_names_in_two_clusters(both: tuple[Slipway, Slipway]) -> None:
    """Two applications of one name are two applications: a teardown of one leaves all of the other's."""
    first, second = both
    deployed = [first.deploy(shop("one")), second.deploy(shop("two"))]
    others = of_cluster(first, "two")
    ended = first.tear_down(deployed[0])

    assert [Status.SUCCEEDED] * 3 == statuses(*deployed, ended)
    assert (others, []) == (of_cluster(first, "two"), of_cluster(first, "two")["inactive"])
    assert not any(of_cluster(first, "one").values())
    again = second.deploy(shop("two"))
    assert (Status.SUCCEEDED, {False}) == (again.status, {each.changed for each in again.services.values()})


def test_one_that_goes_back_leaves_the_other(both: tuple[Slipway, Slipway]) -> None:
    """A deployment that goes back in one installation changes nothing of the other's."""
    first, second = both
    first.deploy(shop("one"))
    before = of_cluster(first, "one")
    second.world.broken.add("home:1")
    ended = second.deploy(shop("two"))
    assert (Status.FAILED, before) == (ended.status, of_cluster(first, "one"))
    assert not any(of_cluster(first, "two").values())


@pytest.mark.parametrize("adopt", [False, True], ids=["as it is", "adopt"])
def test_the_others_services_are_refused(both: tuple[Slipway, Slipway], adopt: bool) -> None:
    """The same services in the same cluster are the other's: refused before anything changes, `adopt` or not."""
    first, second = both
    services = {"home": {"image": "home:1", "port": 80, "adopt": adopt}}
    manifest = two_services(application="shop", namespace=None, services=services)
    first.deploy(manifest)
    mark = len(first.world.changes)
    refused = second.deploy(manifest)
    assert ("service_not_owned", Status.FAILED) == (code(refused), refused.status)
    assert [] == first.world.changes[mark:]


def test_what_both_use_stays(both: tuple[Slipway, Slipway]) -> None:
    """A cluster and a namespace that both use stay with a teardown of whoever made them, and serve the other."""
    first, second = both
    mine = first.deploy(shop("one"))
    services = {"cart": {"image": "cart:1", "port": 80, "discovery": {}}}
    theirs = second.deploy(two_services(application="cart", cluster="one", namespace="one.local", services=services))
    ended = first.tear_down(mine)

    left = [each.split(",")[0] for each in ended.left]
    assert ([Status.SUCCEEDED] * 3, ["the namespace one.local", "the cluster one"]) == (
        statuses(mine, theirs, ended),
        left,
    )
    assert [("one", "cart")] == list(served(second)["specs"])
    last = second.tear_down(theirs)
    assert ({"one"}, [Status.SUCCEEDED]) == (second.world.clusters, statuses(last))


def test_the_others_events_wake_nobody(both: tuple[Slipway, Slipway]) -> None:
    """ECS's events reach both; whoever does not deploy the service looks into its own record, and does nothing."""
    first, second = both
    theirs, mine = second.post(shop("two")), first.post(shop("one"))
    while "AwaitStable" not in first.execution(mine).path:
        assert first.clock.step()
    mark = len(second.faults.calls)
    events.on_event(
        second.cloud, ecs_event(DEPLOYMENT, mine.cluster, "redis", eventName="SERVICE_DEPLOYMENT_COMPLETED")
    )
    asked = second.faults.calls[mark:]
    second.machine.run(theirs.id)
    first.machine.run(mine.id)

    assert ["store.lock"] == asked
    assert [Status.SUCCEEDED] * 2 == statuses(first.record(mine), second.record(theirs))


def test_the_others_executions_are_not_met(both: tuple[Slipway, Slipway]) -> None:
    """An execution of the other's that ended badly is the other's to close."""
    first, second = both
    mine = first.post(shop("one"))
    while "Cluster" not in first.execution(mine).path:
        assert first.clock.step()
    first.machine.stop(mine.id)
    machine = first.cloud.settings.state_machine_arn
    ended = {"source": "aws.states", "detail": {"stateMachineArn": machine, "status": "ABORTED", "name": mine.id}}
    for slipway in both:
        events.on_event(slipway.cloud, ended)
    assert [] == second.faults.calls
    assert Status.FAILED is first.record(mine).status
