"""DELETE /applications/{application}."""

import pytest

from chalicelib import limits
from chalicelib.cloud import Cloud
from tests.machine.api import READER, Api, end, problem
from tests.machine.slipway import two_services


@pytest.fixture
def application(api: Api, cloud: Cloud) -> str:
    """Return an application that was deployed, and is not any more."""
    document = api.post(two_services()).json_body
    end(cloud, document["id"])
    return str(document["application"])


def test_is_accepted(api: Api, cloud: Cloud, application: str) -> None:
    """A teardown is accepted with 202, as a deployment of its own kind, where to look, and when."""
    answer = api.request("DELETE", f"/applications/{application}")
    document = answer.json_body
    assert (202, f"/deployments/{document['id']}") == (answer.status_code, answer.headers["Location"])
    assert int(answer.headers["Retry-After"]) > 0
    assert ("teardown", "pending", "writer") == (document["kind"], document["status"], document["requested_by"])
    assert {"home", "redis"} == set(document["services"])
    assert document["links"]["self"] == answer.headers["Location"]
    assert cloud.workflow.status(document["id"], "teardown") is not None
    assert cloud.workflow.status(document["id"], "deploy") is None


def test_key_makes_one(api: Api, application: str) -> None:
    """The same key again gives the same teardown; it was another request's when it made another."""
    headers = {"Idempotency-Key": "once"}
    first, again = (api.request("DELETE", f"/applications/{application}", headers) for _ in range(2))
    assert first.json_body["id"] == again.json_body["id"]
    assert "true" == again.headers["Idempotency-Replayed"]
    problem(api.request("DELETE", "/applications/other", headers), 422, "idempotency_key_reused")


def test_busy_application(api: Api) -> None:
    """A service that is being deployed is a conflict that names the deployment."""
    holder = api.post(two_services()).json_body
    answer = api.request("DELETE", f"/applications/{holder['application']}?environment=default")
    assert holder["id"] == problem(answer, 409, "deployment_in_progress")["deployment"]


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/applications/never", 404, "not_found"),
        ("/applications/never?environment=staging", 404, "not_found"),
        ("/applications/never?environment=", 400, "invalid_query"),
        ("/applications/never?env=staging", 400, "invalid_query"),
    ],
)
def test_refused(api: Api, path: str, status: int, code: str) -> None:
    """What nobody deployed is not found, and a parameter that cannot be used is a problem."""
    assert problem(api.request("DELETE", path), status, code)["detail"]


def test_read_token_may_not(api: Api) -> None:
    """A token that may only read removes nothing."""
    problem(api.request("DELETE", "/applications/shop", {"Authorization": READER}), 403, "forbidden")


def test_more_services_than_it_takes(api: Api, cloud: Cloud) -> None:
    """An application that has more services than one teardown takes is told so, with the way out."""
    manifest = two_services()
    for first in range(0, limits.TEARDOWN_SERVICES + 1, limits.SERVICES):
        some = {f"s{number}": {"image": "x:1"} for number in range(first, first + limits.SERVICES)}
        end(cloud, api.post({**manifest, "services": some}).json_body["id"])
    found = problem(api.request("DELETE", f"/applications/{manifest['application']}"), 409, "too_many_services")
    assert "prune" in found["hint"]
