"""Documents that an older release wrote have today's shape; those of a newer one are refused."""

import gzip
import json

import pytest

from chalicelib.errors import NewerRelease
from chalicelib.items import deployment_item, deployment_of
from chalicelib.versions import Document, present, present_body, stamped, upgraded, version
from tests.unit.deployments import deployment

NEWER = {"pk": "deployment#1", "sk": "deployment", "version": version("deployment") + 1}


def renamed(document: Document) -> Document:
    """Rename `owner`, unless a step has written the new name already."""
    owner = document.pop("owner", None)
    return {"requested_by": owner, **document}


def listed(document: Document) -> Document:
    """Make a list of what was one."""
    by = document["requested_by"]
    return {**document, "requested_by": by if isinstance(by, list) else [by]}


@pytest.mark.parametrize(
    ("document", "written"),
    [
        ({"owner": "ada"}, 1),
        ({"requested_by": "ada"}, 2),
        ({"requested_by": ["ada"]}, 3),
        ({"owner": "bob", "requested_by": ["ada"]}, 1),
    ],
)
def test_upgrades_follow_one_another(document: Document, written: int) -> None:
    """A document goes through the upgrades that are younger than itself, oldest first."""
    assert {"requested_by": ["ada"]} == upgraded("deployment", document, written, (renamed, listed))


def test_no_version_is_the_first() -> None:
    """A document that says no version is of the release that did not write any."""
    assert {"id": "1"} == present("deployment", {"id": "1"})
    assert "{}" == present_body("manifest", {"body": gzip.compress(b"{}")})
    assert "{}" == present_body("belongings", {"body": "{}"})


@pytest.mark.parametrize("body", ["{}", gzip.compress(b"{}")], ids=["plain", "gzipped"])
def test_newer_body_is_refused(body: str | bytes) -> None:
    """A body of a version that is not known is not read."""
    with pytest.raises(NewerRelease):
        present_body("manifest", {"body": body, "version": version("manifest") + 1})


def test_newer_document_is_refused_with_what_to_do() -> None:
    """Who meets a document of a newer release is told which, and to deploy that release again."""
    known = version("deployment")
    told = f"has a deployment of version {known + 1}, and this release of Slipway reads up to version {known}"
    with pytest.raises(NewerRelease, match=f"{told}.*Deploy that release, or a later one, again"):
        deployment_of(NEWER, {})


def test_version_is_of_the_item_alone() -> None:
    """What is written says its version, and what is read does not."""
    item = deployment_item(deployment())
    assert version("deployment") == item["version"]
    assert "version" not in json.loads(deployment_of(item, {}).model_dump_json())
    assert stamped("event", {}) == {"version": version("event")}
