"""Errors as problem documents (RFC 9457)."""

from chalicelib.api.problems import problem
from chalicelib.errors import DeploymentInProgress, Fault, InvalidManifest, NotFound


def test_problem() -> None:
    """A problem has type, title, status, detail and code, and nothing that there is nothing to say of."""
    assert {
        "type": "https://slipway.dev/problems/not_found",
        "title": "Not found",
        "status": 404,
        "detail": "There is no deployment dep_1.",
        "code": "not_found",
    } == problem(NotFound("There is no deployment dep_1."))


def test_faults() -> None:
    """Faults are errors with pointer and detail; a hint stands beside them."""
    error = InvalidManifest("Two faults.", faults=(Fault("/a", "one"), Fault("/b", "two")), hint="Read the page.")
    found = problem(error)
    assert [{"pointer": "/a", "detail": "one"}, {"pointer": "/b", "detail": "two"}] == found["errors"]
    assert "Read the page." == found["hint"]


def test_holder() -> None:
    """A conflict names the deployment that is in the way."""
    assert "dep_1" == problem(DeploymentInProgress("Busy.", holder="dep_1"))["deployment"]
