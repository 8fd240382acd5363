"""How much the API takes: as much as a limit says is taken, and one more is the fault that docs/api.md names."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from chalice.test import HTTPResponse

from chalicelib import limits
from chalicelib.cloud import Cloud
from chalicelib.deployment import instant
from tests.fake_observer import FakeObserver
from tests.machine.api import Api, problem
from tests.machine.slipway import two_services

Ask = Callable[[Api, int], HTTPResponse]


def manifest_of_bytes(api: Api, count: int) -> HTTPResponse:
    """POST a manifest that is so long."""
    return api.post(json.dumps(two_services()).encode().ljust(count))


def body_of_values(api: Api, count: int) -> HTTPResponse:
    """POST a body with so many keys and values."""
    return api.post({"a": [1] * (count - 3)})  # the object, its key and the list count, too


def body_of_levels(api: Api, count: int) -> HTTPResponse:
    """POST a body with so many levels."""
    return api.post(b'{"a":' + b"[" * (count - 1) + b"]" * (count - 1) + b"}")


def services(api: Api, count: int) -> HTTPResponse:
    """POST a manifest with so many services."""
    return api.post(two_services(services={f"s{number}": {"image": "s:1"} for number in range(count)}))


def key(api: Api, length: int) -> HTTPResponse:
    """POST a manifest with a key of that length."""
    return api.post(two_services(), Idempotency_Key="k" * length)


def logs(api: Api, lines: int) -> HTTPResponse:
    """Ask for so many lines of a log."""
    made = api.post(two_services()).json_body["id"]
    return api.get(f"/deployments/{made}/logs?service=home&lines={lines}")


def query(path: str) -> Ask:
    """Return how one asks for a path with a number, or with a text of that length, at its end."""

    def ask(api: Api, count: int) -> HTTPResponse:
        return api.get(f"{path}{count if path.endswith('limit=') else 'x' * count}")

    return ask


# What asks for as much, how much there may be, the status then, and status and code of one more.
REQUESTS: dict[str, tuple[Ask, int, int, int, str]] = {
    "bytes": (manifest_of_bytes, limits.BODY_BYTES, 202, 413, "body_too_large"),
    "values": (body_of_values, limits.BODY_VALUES, 422, 400, "malformed_body"),
    "levels": (body_of_levels, limits.BODY_LEVELS, 422, 400, "malformed_body"),
    "services": (services, limits.SERVICES, 202, 422, "invalid_manifest"),
    "a name": (query("/applications/a?environment="), limits.NAME_LENGTH, 404, 400, "invalid_query"),
    "a parameter": (query("/deployments?environment="), limits.PARAMETER_LENGTH, 200, 400, "invalid_query"),
    "a key": (key, limits.IDEMPOTENCY_KEY_LENGTH, 202, 400, "invalid_query"),
    "a page": (query("/deployments?limit="), limits.PAGE, 200, 400, "invalid_query"),
    "log lines": (logs, limits.LOG_LINES, 200, 400, "invalid_query"),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_as_much_as_there_may_be(api: Api, cloud: Cloud, name: str) -> None:
    """As much as a limit says is taken, as far as the limit goes, and one more is refused by its fault."""
    observer = cloud.__dict__["observer"] = FakeObserver()
    observer.function = lambda _: {"tasks": []}
    ask, most, status, past, code = REQUESTS[name]
    assert status == ask(api, most).status_code
    problem(ask(api, most + 1), past, code)


def test_pages_unless_told(api: Api, cloud: Cloud) -> None:
    """Who does not say how much gets as much as the limits say, and where to go on."""
    made = [api.post(two_services()).json_body["id"] for _ in range(limits.DEPLOYMENTS_UNLESS_TOLD + 1)]
    for number in range(limits.EVENTS_UNLESS_TOLD + 1):
        cloud.store.record(made[0], None, "planned", str(number), instant(1_800_000_000 + number))
    listed = api.get("/deployments").json_body
    told: dict[str, Any] = api.get(f"/deployments/{made[0]}/events").json_body

    assert limits.DEPLOYMENTS_UNLESS_TOLD == len(listed["deployments"])
    assert limits.EVENTS_UNLESS_TOLD == len(told["events"])
    rest = api.get(f"/deployments?cursor={listed['next_cursor']}").json_body["deployments"]
    later = api.get(f"/deployments/{made[0]}/events?after={told['next']}").json_body["events"]
    assert (made[0], str(limits.EVENTS_UNLESS_TOLD)) == (rest[0]["id"], later[0]["message"])
