"""The API as its callers meet it: who may, what is refused, what is accepted once."""

import json
import threading
from typing import Any

import pytest

from tests.local.local_cloud import HttpAnswer, LocalCloud, hello

GOOD = json.dumps(hello("bad-input")).encode()
JSON = {"Content_Type": "application/json"}

BAD = {
    "malformed JSON": (b"{", JSON, 400, "malformed_body"),
    "malformed YAML": (b"a: [", {"Content_Type": "application/yaml"}, 400, "malformed_body"),
    "not UTF-8": (b"\xff\xfe", JSON, 400, "malformed_body"),
    "no body": (None, JSON, 400, "malformed_body"),
    "a list": (b"[]", JSON, 400, "malformed_body"),
    "too large": (b" " * 262_145, JSON, 413, "body_too_large"),
    "no content type": (GOOD, {"Content_Type": ""}, 415, "unsupported_media_type"),
    "another content type": (GOOD, {"Content_Type": "text/html"}, 415, "unsupported_media_type"),
    "an unknown key": (b'{"aplication": "x"}', JSON, 422, "invalid_manifest"),
    "a wrong type": (GOOD.replace(b"8080", b'"8080"'), JSON, 422, "invalid_manifest"),
    "an impossible size": (GOOD.replace(b'"port"', b'"cpu": 300, "port"'), JSON, 422, "invalid_manifest"),
    "a bad key": (GOOD, {**JSON, "Idempotency_Key": "x" * 256}, 400, "invalid_query"),
}


def problem(answer: HttpAnswer) -> tuple[int, str]:
    """Return status and code of an answer that must be a problem, whole in its form (RFC 9457)."""
    assert "application/problem+json" == answer.headers["Content-Type"]
    assert answer.status == answer.document["status"]
    assert {"type", "title", "status", "detail", "code"} <= set(answer.document)
    return answer.status, answer.document["code"]


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_refused_and_nothing_happens(cloud: LocalCloud, name: str) -> None:
    """What cannot be used is answered with its problem; nothing is recorded, made or locked."""
    body, headers, status, code = BAD[name]
    refused = cloud.ask("POST", "/deployments", body, **headers)

    assert (status, code) == problem(refused)
    assert [] == cloud.ask("GET", "/deployments?application=bad-input").document["deployments"]
    assert "MISSING" == cloud.client("ecs").describe_clusters(clusters=["bad-input"])["failures"][0]["reason"]


@pytest.mark.parametrize("token", [None, "wrong", ""])
def test_a_stranger_is_turned_away(cloud: LocalCloud, token: str | None) -> None:
    """Without a token that was issued there is no route but those that describe the API."""
    assert (401, "unauthorized") == problem(cloud.ask("GET", "/deployments", token=token))
    assert (401, "unauthorized") == problem(cloud.ask("POST", "/deployments", GOOD, token=token, **JSON))
    assert {"status": "ok"} == cloud.ask("GET", "/health", token=token).document


def test_a_reader_may_only_read(cloud: LocalCloud) -> None:
    """The token `local-read` reads deployments and cannot make one."""
    assert 200 == cloud.ask("GET", "/deployments", token="local-read").status
    assert (403, "forbidden") == problem(cloud.ask("POST", "/deployments", GOOD, token="local-read", **JSON))


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/deployments/dep_00000000000000000000000000",
        "/deployments/%2e%2e",
        "/deployments/" + "x" * 3000,
        "/deployments/dep_00000000000000000000000000/events",
    ],
)
def test_nothing_is_404(cloud: LocalCloud, path: str) -> None:
    """A path or an id that is not there is a problem with status 404."""
    assert (404, "not_found") == problem(cloud.ask("GET", path))


def test_a_busy_service_names_its_holder(cloud: LocalCloud) -> None:
    """A second POST for a service that is being deployed gets 409 with the id of the deployment that holds it."""
    first = cloud.post(hello("busy")).document
    second = cloud.post(hello("busy"))

    assert (409, "deployment_in_progress") == problem(second)
    assert first["id"] == second.document["deployment"]
    assert "succeeded" == cloud.ended(first["id"])["status"]


def test_one_of_many_at_once_is_accepted(cloud: LocalCloud) -> None:
    """Of twenty POSTs for one service at the same moment, one is accepted and every other names it."""
    answers: list[HttpAnswer] = []
    threads = [threading.Thread(target=lambda: answers.append(cloud.post(hello("race")))) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    accepted = [answer.document["id"] for answer in answers if answer.status == 202]
    assert 1 == len(accepted)
    assert {accepted[0]} == {answer.document["deployment"] for answer in answers if answer.status == 409}
    assert 19 == sum(answer.status == 409 for answer in answers)
    assert "succeeded" == cloud.ended(accepted[0])["status"]


def test_a_request_sent_again_is_accepted_once(cloud: LocalCloud) -> None:
    """The same Idempotency-Key and body give the same deployment; another body with that key is refused."""
    manifest: dict[str, Any] = hello("again")
    first = cloud.post(manifest, Idempotency_Key='"deploy-41"')
    second = cloud.post(manifest, Idempotency_Key="deploy-41")
    other = cloud.post(hello("again-2"), Idempotency_Key="deploy-41")
    cloud.ended(first.document["id"])
    late = cloud.post(manifest, Idempotency_Key="deploy-41")

    assert (202, 202, 200) == (first.status, second.status, late.status)
    assert first.document["id"] == second.document["id"] == late.document["id"]
    assert (None, "true") == (first.headers["Idempotency-Replayed"], second.headers["Idempotency-Replayed"])
    assert (422, "idempotency_key_reused") == problem(other)


def test_an_unchanged_deployment_is_not_sent_again(cloud: LocalCloud) -> None:
    """GET with the ETag of what the caller has answers 304 without a body, once the deployment has ended."""
    ended = cloud.deploy(hello("etag"))
    shown = cloud.ask("GET", f"/deployments/{ended['id']}")
    again = cloud.ask("GET", f"/deployments/{ended['id']}", If_None_Match=shown.headers["ETag"])

    assert (200, 304) == (shown.status, again.status)
    assert ({}, None) == (again.document, shown.headers["Retry-After"])


def test_deployments_are_listed_newest_first(cloud: LocalCloud) -> None:
    """The list has the newest deployment first, filters by application, and goes on from its cursor."""
    ids = [cloud.deploy(hello("listed"))["id"] for _ in range(3)]
    first = cloud.ask("GET", "/deployments?application=listed&limit=2").document
    rest = cloud.ask("GET", f"/deployments?application=listed&limit=2&cursor={first['next_cursor']}").document

    assert ids[::-1] == [each["id"] for each in first["deployments"] + rest["deployments"]]
    assert rest["next_cursor"] is None
    assert [] == cloud.ask("GET", "/deployments?application=listed&status=failed").document["deployments"]
    assert (400, "invalid_query") == problem(cloud.ask("GET", "/deployments?status=done"))


@pytest.mark.full
def test_a_forced_deployment_replaces_the_tasks(cloud: LocalCloud) -> None:
    """With force=true what did not change runs in new tasks, once; without, its tasks stay."""
    manifest, ecs = hello("forced"), cloud.client("ecs")
    body = json.dumps(manifest).encode()

    def deployed(query: str) -> tuple[dict[str, Any], list[str]]:
        accepted = cloud.ask("POST", f"/deployments{query}", body, Content_Type="application/json")
        return cloud.ended(accepted.document["id"]), ecs.list_tasks(cluster="forced")["taskArns"]

    planned = cloud.ask("POST", "/deployments?dry_run=true&force=true", body, Content_Type="application/json").document
    (first, tasks), (again, same), (forced, others) = (deployed(query) for query in ("", "", "?force=true"))
    found = ecs.list_service_deployments(cluster="forced", service="hello")["serviceDeployments"]

    assert (True, "create") == (planned["force"], planned["services"]["hello"]["action"])
    assert ["succeeded"] * 3 == [each["status"] for each in (first, again, forced)], forced["failure"]
    assert [True, False, True] == [each["services"]["hello"]["changed"] for each in (first, again, forced)]
    assert (tasks, 2) == (same, len(found))
    assert set(tasks).isdisjoint(others)
