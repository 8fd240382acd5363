"""POST …/cancel, POST …/rollback and ?on_busy, as a caller sees them."""

from typing import Any

import pytest

from chalicelib.cloud import Cloud
from chalicelib.deployment import Status
from tests.machine.api import READER, Api, end, problem
from tests.machine.slipway import two_services

NEVER = "dep_00000000000000000000000000"


def succeed(cloud: Cloud, deployment_id: str) -> None:
    """End a deployment, succeeded, and each service of it."""
    for name in cloud.store.get(deployment_id).services:
        cloud.store.progress(deployment_id, name, cloud.now(), status="succeeded")
    cloud.store.finish(cloud.store.get(deployment_id), Status.SUCCEEDED, "Deployed.", cloud.now())


def shown(api: Api, deployment_id: str) -> dict[str, Any]:
    """Return a deployment as GET shows it."""
    document: dict[str, Any] = api.get(f"/deployments/{deployment_id}").json_body
    return document


def test_cancel_is_accepted(api: Api) -> None:
    """A cancel is accepted with 202, where to look, and when; it is offered until then, and not any more."""
    made = api.post(two_services()).json_body
    answer = api.request("POST", made["links"]["cancel"])
    document = answer.json_body

    assert (202, f"/deployments/{made['id']}") == (answer.status_code, answer.headers["Location"])
    assert int(answer.headers["Retry-After"]) > 0
    assert ("deployment_cancelled", "Cancelled by writer") == (
        document["failure"]["code"],
        document["failure"]["cause"],
    )
    assert "cancel" not in document["links"]


def test_cancel_is_refused(api: Api, cloud: Cloud) -> None:
    """What ended, or is cancelled already, is a conflict; the refusal changes nothing."""
    ended, cancelled = (api.post(two_services()).json_body["id"] for _ in range(2))
    end(cloud, ended)
    api.request("POST", f"/deployments/{cancelled}/cancel")
    for each in (ended, cancelled):
        before = shown(api, each)
        assert problem(api.request("POST", f"/deployments/{each}/cancel"), 409, "not_cancellable")["detail"]
        assert before == shown(api, each)


def test_rollback_is_accepted(api: Api, cloud: Cloud) -> None:
    """A rollback is a new deployment, accepted with 202, whose source tells whence it came."""
    manifest = two_services()
    first = api.post(manifest).json_body["id"]
    succeed(cloud, first)
    second = api.post(manifest).json_body["id"]
    succeed(cloud, second)
    old = shown(api, second)
    answer = api.request("POST", old["links"]["rollback"])
    document = answer.json_body

    assert (True, 202, f"/deployments/{document['id']}") == (
        old["can_rollback"],
        answer.status_code,
        answer.headers["Location"],
    )
    assert {"type": "rollback", "of": second, "to": first} == document["source"]
    assert document["id"] not in (first, second)


def test_rollback_has_a_key(api: Api, cloud: Cloud) -> None:
    """The same key again is the same rollback; that of another deployment is another request."""
    manifest = two_services()
    ids = []
    for _ in range(3):
        ids.append(api.post(manifest).json_body["id"])
        succeed(cloud, ids[-1])
    key = {"Idempotency-Key": "once"}
    first, again = (api.request("POST", f"/deployments/{ids[1]}/rollback", key) for _ in range(2))
    assert (first.json_body["id"], "true") == (again.json_body["id"], again.headers["Idempotency-Replayed"])
    problem(api.request("POST", f"/deployments/{ids[2]}/rollback", key), 422, "idempotency_key_reused")


def test_rollback_is_refused(api: Api, cloud: Cloud) -> None:
    """A first deployment, and one that runs, have nothing to go back to; nothing is made."""
    first = api.post(two_services()).json_body
    problem(api.request("POST", f"/deployments/{first['id']}/rollback"), 409, "nothing_to_go_back_to")
    succeed(cloud, first["id"])
    problem(api.request("POST", f"/deployments/{first['id']}/rollback"), 409, "nothing_to_go_back_to")
    assert (False, False) == (shown(api, first["id"])["can_rollback"], "rollback" in first["links"])
    assert [] == cloud.store.open_deployments()


@pytest.mark.parametrize("what", ["cancel", "rollback"])
@pytest.mark.parametrize("deployment_id", [NEVER, "dep_1", "shop"])
def test_nobody_knows_it(api: Api, what: str, deployment_id: str) -> None:
    """What there is not, is not found."""
    problem(api.request("POST", f"/deployments/{deployment_id}/{what}"), 404, "not_found")


@pytest.mark.parametrize("what", ["cancel", "rollback"])
def test_read_token_may_not(api: Api, what: str) -> None:
    """A token that may only read cancels nothing, and deploys nothing again."""
    made = api.post(two_services()).json_body["id"]
    before = shown(api, made)
    problem(api.request("POST", f"/deployments/{made}/{what}", {"Authorization": READER}), 403, "forbidden")
    assert before == shown(api, made)


def test_place_is_taken(api: Api, cloud: Cloud) -> None:
    """?on_busy=supersede is accepted with 202 while the service is busy; the holder is told by whom."""
    manifest = two_services()
    holder = api.post(manifest).json_body["id"]
    answer = api.request("POST", "/deployments?on_busy=supersede", body=manifest)
    assert (202, "pending") == (answer.status_code, answer.json_body["status"])
    assert answer.json_body["id"] == shown(api, holder)["superseded_by"]
    assert cloud.workflow.status(answer.json_body["id"], "deploy"), "the holder never began, and nobody starts this one"


def test_place_is_not_taken(api: Api) -> None:
    """?on_busy=fail is a POST without it: a conflict that names the holder, of whom nothing changes."""
    manifest = two_services()
    holder = api.post(manifest).json_body["id"]
    before = shown(api, holder)
    answer = api.request("POST", "/deployments?on_busy=fail", body=manifest)
    assert holder == problem(answer, 409, "deployment_in_progress")["deployment"]
    assert before == shown(api, holder)


@pytest.mark.parametrize("query", ["on_busy=", "on_busy=cancel", "on_busy=Supersede", "onbusy=supersede"])
def test_bad_parameter(api: Api, cloud: Cloud, query: str) -> None:
    """Another value, and another parameter, is a problem; nothing is made."""
    problem(api.request("POST", f"/deployments?{query}", body=two_services()), 400, "invalid_query")
    assert [] == cloud.store.open_deployments()
