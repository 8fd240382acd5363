"""docs/api.md tells every route, every code that a failure may have, and no other."""

import re
from pathlib import Path

from chalicelib.api.routes import OPERATIONS
from chalicelib.diagnosis import CODES
from chalicelib.errors import DeploymentError, SiblingFailed
from chalicelib.preflight import FIXES

PAGE = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
WARNINGS = {
    *("could_not_check", "definition_described", "image_not_cached"),
    *("load_balancer_not_admitted", "secret_key_unchecked"),
}
NEVER_A_FAILURE = {SiblingFailed.code()}  # the first failure of a deployment counts
CAUSE = re.compile(r"^\| `(\w+)` \| ([^|]*) \| [^|]+ \| ([^|]*) \|$", re.MULTILINE)
CODE_AND_MEANING = re.compile(r"^\| (`\w+`(?: · `\w+`)*) \|[^|]*\|$", re.MULTILINE)


def section(title: str) -> str:
    """Return the part of the page under a heading."""
    return PAGE.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def test_every_route_is_on_the_page() -> None:
    """Each route stands in the first table, under its method."""
    rows = re.findall(r"^\| `([A-Z]+) (/[^`?]*)", PAGE, re.MULTILINE)
    assert {(each.method, each.path.replace("{deployment_id}", "{id}")) for each in OPERATIONS} == set(rows)


def test_every_cause_is_on_the_page() -> None:
    """Each cause stands there with whose it is, whether it is hopeless, and its fix."""
    rows = CAUSE.findall(section("Why a rollout failed"))
    causes = [(each.code, each.service_class + ", hopeless" * each.hopeless, each.fix) for each in CODES.values()]
    assert causes == rows


def test_every_other_code_is_on_the_page() -> None:
    """Each error that ends a deployment, and each finding before it began, stands in the first table."""
    table = section("A deployment").split("| `failure.code` | means |", 1)[1]
    rows = CODE_AND_MEANING.findall(table)
    errors = {each.code() for each in DeploymentError.__subclasses__()} - NEVER_A_FAILURE
    assert errors | (set(FIXES) - WARNINGS) == {code for row in rows for code in re.findall(r"\w+", row)}
