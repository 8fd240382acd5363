"""The errors are the tree that their page draws."""

import inspect
import re

import pytest

from chalicelib import errors
from chalicelib.errors import DeploymentError, RequestError, SlipwayError

CLASSES = {
    name: each
    for name, each in inspect.getmembers(errors, inspect.isclass)
    if issubclass(each, SlipwayError) and each.__module__.startswith(errors.__name__)
}
REQUEST_ERRORS = [each for each in CLASSES.values() if issubclass(each, RequestError) and each is not RequestError]
DEPLOYMENT_ERRORS = [each for each in CLASSES.values() if issubclass(each, DeploymentError)]
LINE = re.compile(r"^ {4}(?P<branches>[│├└─ ]*)(?P<name>[A-Z]\w+)(?: +(?P<status>\d{3}))?")


def drawn() -> tuple[dict[str, str | None], dict[str, int]]:
    """Return each drawn class with its parent, and the status beside those that have one."""
    parents: dict[str, str | None] = {}
    statuses: dict[str, int] = {}
    above: dict[int, str] = {}
    for line in (errors.__doc__ or "").splitlines():
        if found := LINE.match(line):
            depth, name = len(found["branches"]) // 4, found["name"]
            above[depth] = name
            parents[name] = above.get(depth - 1)
            statuses |= {name: int(found["status"])} if found["status"] else {}
    return parents, statuses


def test_tree_is_drawn_as_it_is() -> None:
    """Every class stands in the drawing under its parent, and nothing else does."""
    parents = {name: each.__base__.__name__ for name, each in CLASSES.items() if each.__base__}
    assert {**parents, "SlipwayError": None} == drawn()[0]


def test_statuses_are_drawn_as_they_are() -> None:
    """The statuses in the drawing are those of the classes."""
    assert {each.__name__: each.status for each in REQUEST_ERRORS} == drawn()[1]


def test_codes_are_unique() -> None:
    """A code means one error."""
    assert len(CLASSES) == len({each.code() for each in CLASSES.values()})


@pytest.mark.parametrize(
    ("name", "expected"), [("AwsRefused", "aws_refused"), ("IdempotencyKeyReused", "idempotency_key_reused")]
)
def test_code_is_the_name(name: str, expected: str) -> None:
    """A code is the class name in snake_case."""
    assert expected == CLASSES[name].code()


@pytest.mark.parametrize("error", REQUEST_ERRORS, ids=lambda each: each.__name__)
def test_request_error_has_status_and_title(error: type[RequestError]) -> None:
    """Every RequestError says its own status and title."""
    assert {"status", "title"} <= set(vars(error))
    assert 400 <= error.status < 600


@pytest.mark.parametrize("error", DEPLOYMENT_ERRORS, ids=lambda each: each.__name__)
def test_deployment_error_says_what_to_do(error: type[DeploymentError]) -> None:
    """Every DeploymentError keeps its cause verbatim and has a fix, its own or the one it is given."""
    assert ("It broke.", True) == (error("It broke.").cause, len(error("It broke.").fix) > 20)
    assert "Do this." == error("It broke.", fix="Do this.").fix


@pytest.mark.parametrize("error", CLASSES.values(), ids=lambda each: each.__name__)
def test_error_is_explained(error: type[SlipwayError]) -> None:
    """Every error has a sentence of its own."""
    assert error.__doc__
