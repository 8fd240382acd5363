"""What a list of deployments, and a delivery, ask of a record that has thousands: a few calls, whatever is in it."""

from collections import Counter
from datetime import timedelta

import pytest

from chalicelib.aws.dynamodb import Item, Put
from chalicelib.deployment import Deployment, Status
from chalicelib.items import deployment_item, service_item, services_ended
from chalicelib.recovery import conclude
from chalicelib.store import Store
from tests.contract.records import NOW, new
from tests.contract.test_registrations import registration
from tests.direct_dynamodb import DirectDynamoDb
from tests.full import full_but
from tests.machine.slipway import Slipway, two_services

OPEN = 5
STATUSES = (Status.SUCCEEDED,) * 19 + (Status.FAILED,)


def ended(number: int, **fields: str) -> Deployment:
    """Return a deployment of two services that ended."""
    at = NOW + timedelta(seconds=number)
    return new("home", "redis", at=at, status=STATUSES[number % 20], finished_at=at, **fields)


def under_way(number: int) -> Deployment:
    """Return a deployment of two services that goes on."""
    return new("home", "redis", at=NOW + timedelta(seconds=number), status=Status.RUNNING)


def head(deployment: Deployment) -> Item:
    """Return a deployment's head as it stands in the record."""
    item = deployment_item(deployment)
    if not deployment.status.ended:
        return item
    return {**{key: value for key, value in item.items() if key != "open"}, **services_ended(deployment)}


def services(deployment: Deployment) -> list[Item]:
    """Return a deployment's services as they stand in the record."""
    return [service_item(deployment.id, each) for each in deployment.services.values()]


def write(store: Store, items: list[Item]) -> None:
    """Write items as they are."""
    for at in range(0, len(items), 100):
        store._table.write(*(Put(item) for item in items[at : at + 100]))


class Asked:
    """Counts the calls of the record from now on."""

    def __init__(self, items: DirectDynamoDb) -> None:
        self._operations = items.operations
        self._before = len(items.operations)

    def calls(self) -> dict[str, int]:
        """Return how often each operation was called."""
        return dict(Counter(self._operations[self._before :]))


def fill(store: Store, many: int) -> Store:
    """Return a record of so many that ended, and of some that go on, which are the newest."""
    over = [ended(number, environment="live" if number % 2 else "staging") for number in range(many)]
    going_on = [under_way(number) for number in range(many, many + OPEN)]
    write(store, [head(each) for each in (*over, *going_on)] + [item for each in going_on for item in services(each)])
    return store


@pytest.mark.parametrize("many", full_but([200], [200, 2_000]))
def test_few_calls_a_page(store: Store, items: DirectDynamoDb, many: int) -> None:
    """A page is one query and one read of many; one more tells of the services of those that are under way."""
    full, failed = fill(store, many), many // len(STATUSES)
    one, all_open = {"Query": 1, "BatchGetItem": 1}, {"Query": 1, "BatchGetItem": 2}
    found, cursor = full.newest(application=None, filters={}, limit=OPEN, after=None)
    for filters, limit, after, expected, calls in (
        ({}, 100, None, 100, all_open),
        ({}, 100, cursor, 100, one),
        ({"status": "running"}, 20, None, OPEN, all_open),
        ({"status": "pending"}, 20, None, 0, one),
        ({"status": "failed"}, 100, None, min(100, failed), one),
        ({"status": "failed", "environment": "live"}, 20, None, min(20, failed), one),
        ({"status": "cancelled"}, 20, None, 0, {"Query": 1}),
    ):
        for application in (None, "shop"):
            asked = Asked(items)
            page, _ = full.newest(application=application, filters=filters, limit=limit, after=after)
            assert (expected, calls) == (len(page), asked.calls()), (filters, application)
            assert {("home", "redis")} >= {tuple(each.services) for each in page}
    assert [Status.RUNNING] * OPEN == [each.status for each in found]


def test_pages_of_what_is_open(store: Store) -> None:
    """Those under way come newest first, page by page, each once; what ended since the page before is left out."""
    full = fill(store, OPEN)
    running = full.open_deployments()[::-1]
    first, cursor = full.newest(application=None, filters={"status": "running"}, limit=2, after=None)
    full.finish(full.get(running[1]), Status.FAILED, "Broken.", NOW)
    rest, end = full.newest(application="shop", filters={"status": "running"}, limit=10, after=cursor)
    assert running == [each.id for each in (*first, *rest)]
    assert None is end
    assert ([], None) == full.newest(application="other", filters={"status": "running"}, limit=10, after=None)


def test_a_list_tells_what_a_deployment_tells(store: Store) -> None:
    """What a list shows of a deployment is what GET shows of it: before it began, under way, and when it has ended."""
    slipway = Slipway(store)
    posted = slipway.post(two_services())
    shown = []
    for seconds in (0, 40, 3600):
        slipway.clock.advance(seconds)
        listed, _ = store.newest(application=posted.application, filters={}, limit=10, after=None)
        shown.append(listed == [store.get(posted.id)])
    stopped = slipway.post(two_services())
    slipway.clock.advance(40)
    slipway.machine.stop(stopped.id)
    conclude(slipway.cloud, store.get(stopped.id))
    listed, _ = store.newest(application=stopped.application, filters={}, limit=10, after=None)
    assert ([True] * 3, [store.get(stopped.id)]) == (shown, listed)


def test_what_an_older_release_wrote_is_listed(store: Store) -> None:
    """A deployment whose head names no services is told with them all the same, at the cost of a query."""
    open_, over = under_way(1), ended(2)
    for each in (open_, over):
        old = {key: value for key, value in head(each).items() if key not in ("names", "ended")}
        write(store, [old, *services(each)])
    listed, _ = store.newest(application=None, filters={}, limit=10, after=None)
    assert [over, open_] == listed


def test_a_delivery_reads_what_its_repository_has(store: Store, items: DirectDynamoDb) -> None:
    """Of four hundred registrations a delivery reads those with a trigger of its repository, in four calls."""
    for number in range(400):
        trigger = {"event": "push", "repository": f"acme/shop{number}"}
        store.register(registration(f"shop{number}", triggers=(trigger,)))
    store.registrations_of("acme/shop0", NOW)
    asked = Asked(items)
    found = store.registrations_of("acme/shop7", NOW)
    assert ["shop7"] == [each.application for each in found]
    assert {"GetItem": 1, "Query": 2, "BatchGetItem": 1} == asked.calls()
