"""POST /deployments?dry_run=true: what a caller may ask, and what is left of it: nothing."""

import json
from typing import Any

import pytest

from chalicelib.cloud import Cloud
from chalicelib.errors import Throttled, TransientAws
from chalicelib.manifest import Manifest
from tests.fake_observer import FakeObserver
from tests.machine.api import READER, Api, problem
from tests.machine.slipway import two_services

JSON = {"Content-Type": "application/json"}


@pytest.fixture
def observer(cloud: Cloud) -> FakeObserver:
    """Deploy an `observe` that tells which services it was asked of."""
    observer = FakeObserver()
    observer.function = lambda document: {
        "asked": sorted(Manifest.model_validate_json(document["manifest"]).services),
        "force": document["force"],
    }
    cloud.__dict__["observer"] = observer
    return observer


def test_plan_is_shown(api: Api, observer: FakeObserver, cloud: Cloud) -> None:
    """The plan is 200, and neither a deployment nor a key is recorded."""
    manifest = two_services()
    answers = [
        api.request("POST", "/deployments?dry_run=true", {**JSON, "Idempotency-Key": key}, manifest)
        for key in ("key-1", "key-2")
    ]
    assert [(200, {"asked": ["home", "redis"], "force": False})] * 2 == [
        (each.status_code, each.json_body) for each in answers
    ]
    assert [] == cloud.store.open_deployments()
    accepted = api.post(manifest, Idempotency_Key="key-1")
    assert (202, None) == (accepted.status_code, accepted.headers.get("Idempotency-Replayed"))


def test_key_that_is_none(api: Api, observer: FakeObserver) -> None:
    """What cannot be an Idempotency-Key is refused beside a dry run, too."""
    headers = {**JSON, "Idempotency-Key": "x" * 256}
    problem(api.request("POST", "/deployments?dry_run=true", headers, two_services()), 400, "invalid_query")


def test_busy_application_is_planned(api: Api, observer: FakeObserver, cloud: Cloud) -> None:
    """A deployment in progress is no conflict."""
    manifest = two_services()
    holder = api.post(manifest).json_body["id"]
    assert 200 == api.request("POST", "/deployments?dry_run=true", JSON, manifest).status_code
    assert [holder] == cloud.store.open_deployments()


def test_yaml_is_planned(api: Api, observer: FakeObserver) -> None:
    """YAML is as good as JSON."""
    yaml = json.dumps(two_services()).encode()
    assert (
        200 == api.request("POST", "/deployments?dry_run=true", {"Content-Type": "application/yaml"}, yaml).status_code
    )


def test_forced_deployment_is_planned(api: Api, observer: FakeObserver, cloud: Cloud) -> None:
    """The plan of a forced deployment is asked for as one, and neither is made."""
    answer = api.request("POST", "/deployments?dry_run=true&force=true", JSON, two_services())
    assert (200, True) == (answer.status_code, answer.json_body["force"])
    assert [] == cloud.store.open_deployments()


def test_dry_run_false_is_a_post(api: Api, observer: FakeObserver) -> None:
    """dry_run=false deploys."""
    assert 202 == api.request("POST", "/deployments?dry_run=false", JSON, two_services()).status_code


@pytest.mark.parametrize(
    "query", ["dry_run=banana", "dry_run=", "dry_run=True", "dry=true", "dry_run=true&limit=1", "force=1"]
)
def test_other_questions(api: Api, observer: FakeObserver, cloud: Cloud, query: str) -> None:
    """A parameter or value that the route does not know is refused, and nothing is deployed."""
    problem(api.request("POST", f"/deployments?{query}", JSON, two_services()), 400, "invalid_query")
    assert [] == cloud.store.open_deployments()


@pytest.mark.parametrize(
    ("headers", "body", "status", "code"),
    [
        ({"Authorization": READER}, two_services(), 403, "forbidden"),
        ({}, {**two_services(), "services": {}}, 422, "invalid_manifest"),
        ({}, b"{", 400, "malformed_body"),
        ({"Content-Type": "text/plain"}, b"{}", 415, "unsupported_media_type"),
    ],
)
def test_same_faults(
    api: Api, observer: FakeObserver, headers: dict[str, str], body: Any, status: int, code: str
) -> None:
    """Faults of token and manifest are those of a POST."""
    problem(api.request("POST", "/deployments?dry_run=true", {**JSON, **headers}, body), status, code)


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Throttled("list_services", "ThrottlingException", "Rate exceeded"), 429, "too_many_requests"),
        (TransientAws("list_services", "ServerException", "Try again"), 503, "busy"),
    ],
)
def test_busy_aws(api: Api, observer: FakeObserver, error: Exception, status: int, code: str) -> None:
    """While it is looked at, AWS that throttles is 429 and AWS that fails is 503, each with Retry-After."""

    def busy(_: dict[str, Any]) -> dict[str, Any]:
        raise error

    observer.function = busy
    answer = api.request("POST", "/deployments?dry_run=true", JSON, two_services())
    problem(answer, status, code)
    assert int(answer.headers["Retry-After"]) > 0
