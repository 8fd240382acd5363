"""Which token may ask what: every route with every set of scopes."""

from itertools import chain, combinations

import pytest
from chalice.test import HTTPResponse

from chalicelib.api.operation import Operation
from chalicelib.api.routes import OPERATIONS
from chalicelib.api.tokens import token_hash
from chalicelib.cloud import Cloud
from chalicelib.ledger import Principal
from tests.fake_observer import FakeObserver
from tests.machine.api import READER, Api, problem
from tests.machine.slipway import two_services

SCOPES = ("read", "plan", "write")
SETS = tuple(chain.from_iterable(combinations(SCOPES, count) for count in range(len(SCOPES) + 1)))
CLOSED = [each for each in OPERATIONS if each.scope]
KIND = {"Content-Type": "application/json"}
# Only `dry_run=true` is a dry run: whatever else is written there is judged as a deployment.
DEPLOYING = [
    "",
    "?dry_run=false",
    "?dry_run=True",
    "?dry_run=1",
    "?dry_run=",
    "?dry_run=true&dry_run=false",
    "?Dry_run=true",
]
PLANNING = ["?dry_run=true", "?dry_run=true&force=true", "?dry_run=false&dry_run=true"]


@pytest.fixture(autouse=True)
def observer(cloud: Cloud) -> FakeObserver:
    """Deploy an `observe` that answers something."""
    observer = FakeObserver()
    observer.function = lambda _: {}
    cloud.__dict__["observer"] = observer
    return observer


def bearer(cloud: Cloud, scopes: tuple[str, ...]) -> dict[str, str]:
    """Issue a token with these scopes, and return the header that shows it."""
    token = f"token-{'-'.join(scopes)}"
    cloud.store.keep_principal(token_hash(token), Principal(token, scopes))
    return {"Authorization": f"Bearer {token}"}


def asked(api: Api, operation: Operation, headers: dict[str, str], query: str = "") -> HTTPResponse:
    """Send a request of a route that is nothing special."""
    path = operation.path.format(deployment_id="dep_00000000000000000000000000", application="shop")
    body = two_services() if operation.path == "/deployments" and operation.method == "POST" else b""
    return api.request(operation.method, path + query, {**KIND, **headers} if body else headers, body)


@pytest.mark.parametrize("scopes", SETS, ids=" ".join)
def test_a_route_asks_for_its_scope(api: Api, cloud: Cloud, scopes: tuple[str, ...]) -> None:
    """Whoever has a route's scope is let in; any other is 403, told the scope that is needed, and nothing is done."""
    headers = bearer(cloud, scopes)
    for operation in CLOSED:
        answer = asked(api, operation, headers)
        if operation.scope in scopes:
            assert answer.status_code not in (401, 403), operation
        else:
            detail = problem(answer, 403, "forbidden")["detail"]
            assert f"This token may {' '.join(scopes) or 'nothing'}; this route needs {operation.scope}." == detail
    assert ("write" in scopes) == bool(cloud.store.open_deployments())


@pytest.mark.parametrize("query", PLANNING)
@pytest.mark.parametrize("scopes", SETS, ids=" ".join)
def test_a_dry_run_needs_plan(api: Api, cloud: Cloud, scopes: tuple[str, ...], query: str) -> None:
    """Who has `plan` may ask for a plan, and who has `write`, too; `read` alone is not enough."""
    operation = next(each for each in CLOSED if each.dry_run_scope)
    answer = asked(api, operation, bearer(cloud, scopes), query)
    assert (200 if {"plan", "write"} & set(scopes) else 403) == answer.status_code
    assert [] == cloud.store.open_deployments()


@pytest.mark.parametrize("query", DEPLOYING)
def test_what_is_no_dry_run_needs_write(api: Api, cloud: Cloud, query: str) -> None:
    """A planner deploys nothing, however the parameter is written: that is 403 before anything is read."""
    operation = next(each for each in CLOSED if each.dry_run_scope)
    answer = asked(api, operation, bearer(cloud, ("read", "plan")), query)
    assert "This token may read plan; this route needs write." == problem(answer, 403, "forbidden")["detail"]
    assert [] == cloud.store.open_deployments()


@pytest.mark.parametrize("body", [b"{", b"\xff", b"", b"x" * 300_000], ids=["broken", "latin", "empty", "large"])
def test_rights_come_before_the_body(api: Api, body: bytes) -> None:
    """What may not be asked is 403, whatever its body is, and whatever its parameters are."""
    for query in ("", "?dry_run=true", "?dry_run=maybe", "?nonsense=1"):
        answer = api.request("POST", f"/deployments{query}", {**KIND, "Authorization": READER}, body)
        problem(answer, 403, "forbidden")
