"""What the record knows of an application: the real store on a table made from the template."""

from datetime import timedelta

import pytest

from chalicelib.belongings import Belongings
from chalicelib.deployment import progress_of
from chalicelib.errors import NotFound
from chalicelib.store import Store
from tests.contract.records import NOW, asked, begun, holders, new


def known(store: Store) -> Belongings:
    """Return what is known of the application `shop`."""
    found = store.belongings("shop", "default")
    assert found is not None
    return found


def test_nothing_is_known_of_what_nobody_deployed(store: Store) -> None:
    """An application is known from its first deployment on, each environment by itself."""
    assert store.belongings("shop", "default") is None
    begun(store, "home")
    assert store.belongings("shop", "staging") is None
    assert ("home",) == known(store).labels


def test_one_outline_is_kept_once(store: Store) -> None:
    """Deployments of the same outline do not add up, and the latest one counts as the latest."""
    for number, services in enumerate([("home",), ("home", "redis"), ("home",)]):
        deployment = new(*services, at=NOW + timedelta(seconds=number))
        store.begin(deployment, asked(*services))
        store.finish(deployment, deployment.status.SUCCEEDED, "Fine.", NOW)
    assert ({"home", "redis"}, 2) == (set(known(store).labels), len(known(store).outlines))


def test_teardown_keeps_what_it_removes(store: Store) -> None:
    """A teardown holds every service that it removes, and what it removes does not change any more."""
    deployment = begun(store, "home", "redis")
    store.finish(deployment, deployment.status.SUCCEEDED, "Fine.", NOW)
    teardown = new("home", "redis", kind="teardown")
    store.begin(teardown, known(store))
    begun(store, "cart", at=NOW + timedelta(seconds=1))
    assert [teardown.id, teardown.id] == holders(store, "home", "redis")
    assert {"home", "redis"} == set(store.belongings_of(teardown.id).labels)


def test_deployment_that_goes_back_removes_what_it_asked_for(store: Store) -> None:
    """What a deployment may have made is what its manifest asks for; of one that is not there nobody knows."""
    deployment = begun(store, "home")
    begun(store, "cart", at=NOW + timedelta(seconds=1))
    assert ("home",) == store.belongings_of(deployment.id).labels
    with pytest.raises(NotFound):
        store.belongings_of("dep_0")


def test_forgotten_but_for_what_came_later(store: Store) -> None:
    """What was torn down is forgotten, that it was there is not; what began meanwhile stays."""
    deployment = begun(store, "home", "redis")
    torn_down = known(store)
    begun(store, "cart", at=NOW + timedelta(seconds=1))
    for _ in range(2):
        store.forget_belongings(deployment, torn_down)
    assert ("cart",) == known(store).labels


def test_pruned_services_are_forgotten(store: Store) -> None:
    """What was pruned is known of no outline any more; the others are, and what all of them share."""
    first = begun(store, "home", "redis")
    store.finish(first, first.status.SUCCEEDED, "Fine.", NOW)
    deployment = begun(store, "cart", "home", at=NOW + timedelta(seconds=1))
    before = known(store)
    for _ in range(2):
        store.forget_services(deployment, {"shop/home"})
    assert {"cart", "redis"} == set(known(store).labels)
    assert (before.clusters, before.namespaces) == (known(store).clusters, known(store).namespaces)


def test_more_services_than_a_transaction_holds(store: Store) -> None:
    """A teardown of more services than fit into one transaction, with their progress, takes every lock all the same."""
    names = [f"s{number}" for number in range(60)]
    teardown = new(*names, kind="teardown")
    store.begin(teardown, Belongings(cluster="shop"))
    assert {teardown.id} == set(holders(store, *names))
    assert progress_of(dict.fromkeys(names)) == store.get(teardown.id).services
    assert store.finish(teardown, teardown.status.SUCCEEDED, "Fine.", NOW)
