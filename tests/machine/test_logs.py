"""GET /deployments/{id}/logs: whose lines, how many, and what is refused."""

from typing import Any

import pytest

from chalicelib.api.logs import logs
from chalicelib.errors import AwsRefused, InvalidQuery, NotFound, RequestError, Throttled, TransientAws
from chalicelib.store import Store
from tests.fake_observer import FakeObserver
from tests.machine.api import Api, problem
from tests.machine.slipway import Slipway, two_services


def test_last_lines(store: Store) -> None:
    """Each container of each task is told with its last lines, the newest task first."""
    slipway = Slipway(store)
    deployment = slipway.deploy(two_services())
    document = logs(slipway.cloud, deployment.id, {"service": "home", "lines": "2"})

    assert ("home", ["RUNNING", "STOPPED"]) == (document["service"], [each["status"] for each in document["tasks"]])
    newest = document["tasks"][0]
    assert ({"task", "status", "container", "lines"}, "home") == (set(newest), newest["container"])
    assert ["line 29", "line 30"] == [each["message"] for each in newest["lines"]]
    assert newest["lines"][0]["at"].endswith("Z")


def test_twenty_unless_told(store: Store) -> None:
    """Without `lines` there are twenty, and without `service` they are the only one's."""
    slipway = Slipway(store)
    manifest = two_services()
    del manifest["services"]["home"]
    deployment = slipway.deploy(manifest)
    document = logs(slipway.cloud, deployment.id, {})

    assert ("redis", 20) == (document["service"], len(document["tasks"][0]["lines"]))


def test_of_an_unchanged_service(store: Store) -> None:
    """The tasks of a service that did not change are those that serve."""
    slipway = Slipway(store)
    manifest = two_services()
    changed, unchanged = (slipway.deploy(manifest) for _ in range(2))
    shown = [logs(slipway.cloud, each.id, {"service": "home"})["tasks"] for each in (changed, unchanged)]
    first, second = ([each["task"] for each in tasks] for tasks in shown)

    assert not unchanged.services["home"].changed
    assert first
    assert first == second


def test_before_anything_runs(store: Store) -> None:
    """Before a service is deployed there are no tasks."""
    slipway = Slipway(store)
    accepted = slipway.post(two_services())
    assert {"service": "home", "tasks": []} == logs(slipway.cloud, accepted.id, {"service": "home"})


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ({"service": "hom"}, NotFound),
        ({}, InvalidQuery),
        ({"service": "home", "lines": "0"}, InvalidQuery),
        ({"service": "home", "lines": "101"}, InvalidQuery),
        ({"service": "home", "lines": "-1"}, InvalidQuery),
        ({"service": "home", "lines": "٣"}, InvalidQuery),
        ({"service": "home", "since": "now"}, InvalidQuery),
    ],
)
def test_refused(store: Store, query: dict[str, str], error: type[RequestError]) -> None:
    """A service that is not there is not found; one of several must be named; lines are 1 to 100."""
    slipway = Slipway(store)
    accepted = slipway.post(two_services())
    with pytest.raises(error):
        logs(slipway.cloud, accepted.id, query)


@pytest.mark.parametrize(
    "error", [Throttled("x", "Throttling", "x"), TransientAws("x", "x", "x"), AwsRefused("x", "x", "x")]
)
@pytest.mark.parametrize("call", ["ecs.rollout_tasks", "tasks.log_stream", "logs.tail"])
def test_aws_fails(store: Store, call: str, error: Exception) -> None:
    """A fault of AWS is not told as if there were no lines."""
    slipway = Slipway(store)
    deployment = slipway.deploy(two_services())
    slipway.faults.break_from_now_on({call: error})
    with pytest.raises(type(error)):
        logs(slipway.cloud, deployment.id, {"service": "home"})


class TestRoute:
    """The route, as a caller sees it."""

    @pytest.fixture(autouse=True)
    def observer(self, cloud: Any) -> None:
        """Deploy an `observe` that tells what it was asked."""
        observer = FakeObserver()
        observer.function = lambda document: {"asked": document}
        cloud.__dict__["observer"] = observer

    def test_observe_is_asked(self, api: Api) -> None:
        """The function `observe` is asked for the lines: the API itself may not read them."""
        made = api.post(two_services()).json_body["id"]
        answer = api.get(f"/deployments/{made}/logs?service=home&lines=5")
        expected = {"state": "Logs", "deployment_id": made, "service": "home", "lines": 5}
        assert (200, {"asked": expected}) == (answer.status_code, answer.json_body)

    def test_problems(self, api: Api) -> None:
        """An unknown deployment is 404, a query that cannot be read 400."""
        problem(api.get("/deployments/dep_01M7XHAPC51PNWQVYV7V03GB3K/logs"), 404, "not_found")
        made = api.post(two_services()).json_body["id"]
        problem(api.get(f"/deployments/{made}/logs"), 400, "invalid_query")
