"""dks: PostgreSQL, an API and a page, one after the other, on container instances."""

from pathlib import Path
from typing import Any

import pytest

from tests.local.browser import needs_browser, shown
from tests.local.local_cloud import LocalCloud, visitors
from tests.local.samples import addresses, deployed, page, reaches, tasks, url, visit

MANIFEST = "dks/slipway.yaml"
SERVICES = ("dks-db", "dks-api", "dks-ui")


@pytest.fixture(scope="module")
def deployment(vpc: LocalCloud) -> dict[str, Any]:
    """Deploy for the first time."""
    return deployed(vpc, MANIFEST)


@pytest.fixture(scope="module")
def home(vpc: LocalCloud, deployment: dict[str, Any]) -> str:
    """Return the URL of the page."""
    return url(vpc, "slipway-5", "/")


def test_each_is_proven_before_the_next_starts(deployment: dict[str, Any]) -> None:
    """Database, API and page are stood up in this order: one starts when the one before it has been proven."""
    db, api, ui = (deployment["services"][name] for name in SERVICES)

    assert db["finished_at"] <= api["started_at"]
    assert api["finished_at"] <= ui["started_at"]


def test_all_run_on_container_instances(vpc: LocalCloud, deployment: dict[str, Any]) -> None:
    """The tasks are of the EC2 launch type, on instances of the cluster `default`."""
    shown = [task for name in SERVICES for task in tasks(vpc, "default", name)]

    assert ["EC2"] * 3 == [task["launchType"] for task in shown]
    assert [True] * 3 == ["containerInstanceArn" in task for task in shown]


def test_what_is_shared_is_kept_in_postgresql(home: str) -> None:
    """A post sent to the page's own address is among those that it shows."""
    shared = visit(f"{home}posts", {"title": "Names are proven", "author": "Ada"})

    assert ("Names are proven", "Ada") == (shared["title"], shared["author"])
    assert shared in visit(f"{home}posts")


@pytest.mark.full
def test_rows_survive_a_rolling_update(vpc: LocalCloud, home: str) -> None:
    """A rolling update of API and page leaves the database alone: every row is there, and the page was never gone."""
    visit(f"{home}posts", {"title": "Roll, and look", "author": "Grace"})
    before, database = visit(f"{home}posts"), addresses(vpc, "default", "dks-db")
    newer = [(f"{image}:1.0.0", f"{image}:1.1.0") for image in ("dks-api", "dks-ui")]
    with visitors(home) as seen:
        changed = deployed(vpc, MANIFEST, *newer)

    assert {"dks-api", "dks-ui"} == {name for name, service in changed["services"].items() if service["changed"]}
    assert {"200"} == set(seen)
    assert (before, database) == (visit(f"{home}posts"), addresses(vpc, "default", "dks-db"))


def test_the_page_is_served(home: str) -> None:
    """The front end is a page with a list to fill and a form."""
    text = page(home)

    assert "<title>DevOps Knowledge Share</title>" in text
    assert '<ul id="posts">' in text
    assert '<form id="share">' in text


@needs_browser
def test_a_browser_shows_what_is_shared(home: str, tmp_path: Path) -> None:
    """A visitor's browser shows what others shared, which its script asked the API for."""
    visit(f"{home}posts", {"title": "Seen in a browser", "author": "Barbara"})

    assert "<li>Seen in a browser (Barbara)</li>" in shown(home, tmp_path)


def test_database_and_api_are_private(vpc: LocalCloud, home: str) -> None:
    """The database is reached by the API alone, and the API by the page alone."""
    [db], [api] = addresses(vpc, "default", "dks-db"), addresses(vpc, "default", "dks-api")
    groups = ("alb", "dks-ui", "dks-api")

    assert {"dks-api"} == {group for group in groups if reaches(vpc, group, db, 5432)}
    assert {"dks-ui"} == {group for group in groups if reaches(vpc, group, api, 3000)}
