"""The headers that every answer has, whatever it is."""

import json

import pytest
from chalice.test import HTTPResponse

import app
from chalicelib.api.routes import OPERATIONS
from chalicelib.cloud import Cloud
from tests.fake_observer import FakeObserver
from tests.machine.api import READER, Api, end
from tests.machine.slipway import two_services

SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Strict-Transport-Security": "max-age=31536000",
    "Referrer-Policy": "no-referrer",
}
NOBODY = {"deployment_id": "dep_00000000000000000000000000", "application": "nobody"}
KIND = {"Content-Type": "application/json"}


def safe(answer: HTTPResponse) -> dict[str, str | None]:
    """Return what an answer has of these headers."""
    return {name: answer.headers.get(name) for name in SAFE}


@pytest.mark.parametrize("observed", ["well", "badly"])
def test_every_answer(api: Api, cloud: Cloud, observed: str) -> None:
    """Each route has them in what it answers and in what it refuses, whoever asks, in a fault of Slipway's, too."""
    observer = cloud.__dict__["observer"] = FakeObserver()
    observer.function = (lambda _: {}) if observed == "well" else (lambda _: {"never": 1 // 0})
    made = api.post(two_services(application="shop")).json_body["id"]
    there = {"deployment_id": made, "application": "shop"}
    statuses = set()
    for operation in OPERATIONS:
        for place in (there, NOBODY):
            path = operation.path.format(**place)
            for query in ("", "?dry_run=true", "?environment=default", "?nonsense=1"):
                for headers, body in (({}, b""), ({"Authorization": READER}, b""), (KIND, b"{}"), (KIND, b"{")):
                    answer = api.request(operation.method, path + query, headers, body)
                    statuses.add(answer.status_code)
                    assert SAFE == safe(answer), (operation, path, query)
    assert {200, 202, 400, 401, 403, 404, 409, 415, 422, *([500] if observed == "badly" else [])} <= statuses


def test_not_modified(api: Api, cloud: Cloud) -> None:
    """A 304, which has no body, has them, and its own."""
    made = api.post(two_services()).json_body["id"]
    end(cloud, made)
    tag = api.get(f"/deployments/{made}").headers["ETag"]
    answer = api.get(f"/deployments/{made}", If_None_Match=tag)
    assert (304, tag, SAFE) == (answer.status_code, answer.headers["ETag"], safe(answer))


def test_what_chalice_answers(api: Api) -> None:
    """So has what Chalice itself answers: a method that a route does not have, of which API Gateway knows nothing."""
    event = {"requestContext": {"resourcePath": "/health", "httpMethod": "PATCH", "path": "/health"}}
    whole = {**event, "headers": {}, "multiValueHeaders": {}, "pathParameters": {}, "body": None, "stageVariables": {}}
    answer = app.app({**whole, "multiValueQueryStringParameters": None, "isBase64Encoded": False}, None)
    assert (405, True) == (answer["statusCode"], SAFE.items() <= answer["headers"].items())
    assert "MethodNotAllowedError" == json.loads(answer["body"])["Code"]
