"""What the API says of itself: /openapi.json, /schema/manifest.json and the page at /."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from chalice.test import HTTPResponse
from jsonschema import Draft202012Validator, FormatChecker
from openapi_spec_validator import OpenAPIV31SpecValidator

import app
from chalicelib.api import openapi
from chalicelib.api.examples import examples
from chalicelib.api.operation import Operation
from chalicelib.api.routes import OPERATIONS
from chalicelib.cloud import Cloud
from chalicelib.deployment import instant
from chalicelib.manifest.schema import manifest_schema
from tests.fake_observer import FakeObserver
from tests.machine.api import READER, Api, end, problem
from tests.machine.slipway import two_services

DOCUMENT = openapi.document("/api")
ANY_DEPLOYMENT = "dep_00000000000000000000000000"


def faults(schema: dict[str, Any], value: Any) -> list[str]:
    """Return what the schema, which may refer to the document's components, has against a value."""
    whole = {"components": DOCUMENT["components"], **schema}
    return [error.message for error in Draft202012Validator(whole, format_checker=FormatChecker()).iter_errors(value)]


def contents(value: Any) -> Iterator[dict[str, Any]]:
    """Yield every media type object of the document: a schema with its examples."""
    if isinstance(value, dict):
        yield from value.get("content", {}).values()
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from contents(each)


def described(method: str, path: str, status: int) -> dict[str, Any]:
    """Return what the document says of an answer."""
    answer: dict[str, Any] = DOCUMENT["paths"][path][method.lower()]["responses"][str(status)]
    return answer


def assert_described(answers: Mapping[tuple[str, str, int], HTTPResponse]) -> None:
    """Fail unless each answer has the status, media type and schema that the document has for its route."""
    for (method, path, status), answer in answers.items():
        told = described(method, path, status)
        (media_type, content), *_ = told["content"].items()
        found = answer.headers.get("Content-Type", "application/json")  # API Gateway's own where none is said
        assert (status, media_type) == (answer.status_code, found), (method, path)
        assert [] == faults(content["schema"], answer.json_body), (method, path)


def test_every_route_is_described() -> None:
    """Each route of the app, under each of its methods, is an operation of the document, and nothing else is."""
    routes = {(method, path) for path, methods in app.app.routes.items() for method in methods}
    assert routes == {(each.method, each.path) for each in OPERATIONS}


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.name)
def test_who_may_is_described(operation: Operation) -> None:
    """An operation asks for a token exactly where the route has the authorizer."""
    route = app.app.routes[operation.path][operation.method]
    assert (route.authorizer is not None) == (operation.scope is not None)


def test_the_document_is_openapi() -> None:
    """The document keeps the rules of OpenAPI 3.1, references and path parameters included."""
    assert [] == [error.message for error in OpenAPIV31SpecValidator(DOCUMENT).iter_errors()]


def test_every_example_keeps_its_schema() -> None:
    """Each example of a body or an answer is what its schema asks for."""
    shown = [
        (each["schema"], example["value"])
        for each in contents(DOCUMENT)
        for example in each.get("examples", {}).values()
    ]
    assert len(shown) > len(OPERATIONS)
    assert [] == [fault for schema, value in shown for fault in faults(schema, value)]


def test_answers_are_as_described(api: Api, cloud: Cloud) -> None:
    """What routes answer keeps the schema that the document has for the route and the status, with its headers."""
    made = api.post(two_services(), Idempotency_Key="key-1")
    here = f"/deployments/{made.json_body['id']}"
    cloud.store.record(made.json_body["id"], "home", "planned", "as told", instant())
    cancelled = api.request("POST", f"{here}/cancel")
    end(cloud, made.json_body["id"])
    answers = {
        ("POST", "/deployments", 202): made,
        ("POST", "/deployments", 400): api.post(b"{"),
        ("POST", "/deployments", 403): api.post(two_services(), Authorization=READER),
        ("POST", "/deployments", 422): api.post({}),
        ("POST", "/deployments/{deployment_id}/cancel", 202): cancelled,
        ("POST", "/deployments/{deployment_id}/cancel", 409): api.request("POST", f"{here}/cancel"),
        ("POST", "/deployments/{deployment_id}/rollback", 409): api.request("POST", f"{here}/rollback"),
        ("GET", "/deployments", 200): api.get("/deployments"),
        ("GET", "/deployments", 400): api.get("/deployments?limit=0"),
        ("GET", "/deployments/{deployment_id}", 200): api.get(here),
        ("GET", "/deployments/{deployment_id}", 404): api.get(f"/deployments/{ANY_DEPLOYMENT}"),
        ("GET", "/deployments/{deployment_id}/events", 200): api.get(f"{here}/events"),
        ("GET", "/health", 200): api.get("/health"),
    }
    assert_described(answers)


def test_applications_are_as_described(api: Api, cloud: Cloud) -> None:
    """What the routes of an application answer keeps the schema of the route and the status."""
    observer = cloud.__dict__["observer"] = FakeObserver()
    observer.function = lambda _: examples()["Application"]["live"]
    example = examples()["Asked"]["deployed by a tag"]
    here, of_one = "/applications/shop", "/applications/{application}"
    answers = {
        ("PUT", of_one, 201): api.request("PUT", here, {}, example),
        ("PUT", of_one, 200): api.request("PUT", here, {}, example),
        ("PUT", of_one, 422): api.request("PUT", here, {}, {}),
        ("GET", "/applications", 200): api.get("/applications"),
        ("GET", "/applications", 400): api.get("/applications?limit=1"),
        ("GET", of_one, 200): api.get(here),
        ("GET", of_one, 404): api.get("/applications/none"),
        ("POST", "/deployments", 202): api.post({"application": "shop", "version": "1.5.0"}),
        ("POST", "/deployments", 404): api.post({"application": "none"}),
        ("POST", "/webhooks/github", 401): api.request("POST", "/webhooks/github", {}, {}),
    }
    assert_described(answers)


def test_everything_shown_is_described(api: Api) -> None:
    """A deployment, each of its services and an event have the fields of their schemas, no more and no fewer."""
    shown, schemas = api.post(two_services()).json_body, DOCUMENT["components"]["schemas"]
    assert set(schemas["Deployment"]["properties"]) == set(shown)
    assert set(schemas["ServiceProgress"]["properties"]) == set(shown["services"]["home"])


@pytest.mark.parametrize("token", ["", "Bearer nobody"])
def test_anybody_may_read_them(api: Api, token: str) -> None:
    """The descriptions need no token, and say where the API is."""
    document = api.get("/openapi.json", Authorization=token).json_body
    assert ("3.1.0", [{"url": "/"}]) == (document["openapi"], document["servers"])
    assert manifest_schema() == api.get("/schema/manifest.json", Authorization=token).json_body


def test_the_page_of_a_deployment(api: Api) -> None:
    """It says how to look at a deployment, and nothing of it: the same whether it is there or not."""
    made = api.post(two_services()).json_body["id"]
    pages = [api.get(f"/?deployment={each}", Authorization="") for each in (made, ANY_DEPLOYMENT)]
    there, not_there = (page.body.decode() for page in pages)
    commands = re.findall(r'curl -sS -H "Authorization: Bearer \$SLIPWAY_TOKEN" "\$SLIPWAY_URL(\S+)"', there)

    assert [f"/deployments/{made}{rest}" for rest in ("", "/events", "/logs")] == commands
    assert [200, 200] == [api.get(path).status_code for path in commands[:2]]
    assert there == not_there.replace(ANY_DEPLOYMENT, made)
    assert [] == re.findall(r"<script|<img|<link|<a |@import|url\(| style=| on\w+=", there)


@pytest.mark.parametrize(
    "query", ["deployment=", "deployment=dep_1", "deployment=<script>", f"deployment={ANY_DEPLOYMENT}&x=1", "id=1"]
)
def test_the_page_of_nothing(api: Api, query: str) -> None:
    """What is no deployment's id is not shown back, but refused."""
    problem(api.get(f"/?{query}", Authorization=""), 400, "invalid_query")


def test_the_page_loads_nothing(api: Api) -> None:
    """The page is one file: it may load nothing, runs nothing, and its links are routes without a token."""
    answer = api.get("/", Authorization="")
    text = answer.body.decode()
    links = re.findall(r'(?:href|src|action)="([^"]*)"', text)

    assert (200, "text/html; charset=utf-8") == (answer.status_code, answer.headers["Content-Type"])
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'sha256-")
    assert [each.path for each in OPERATIONS if not each.scope and not each.signed] == links
    assert [] == re.findall(r"<script|<img|<link|@import|url\(| style=| on\w+=", text)
