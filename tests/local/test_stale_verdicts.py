"""Verdicts where reads are as old as AWS's may be: for a second after each write two of three show what was before."""

from collections.abc import Iterator

import pytest

from tests.local.local_cloud import LocalCloud, local_cloud
from tests.local.samples import teardown_accepted
from tests.local.stuck import BROKEN, deployed, resolvable
from tests.local.truth import locks, served, told

MIGRATION = {"command": ["python", "-c", "print('migrated')"]}


@pytest.fixture(scope="module")
def behind() -> Iterator[LocalCloud]:
    """Run a local cloud whose reads are old for a second after each write."""
    with local_cloud(SLIPWAY_STALE_SECONDS="20") as cloud:
        yield cloud


@pytest.mark.full
def test_what_is_made_changed_broken_and_removed(behind: LocalCloud) -> None:
    """A first deployment, an update, one that fails, and a teardown end as they do where reads are never old."""
    first = resolvable("behind", before_deploy=MIGRATION)
    changed = resolvable("behind", environment={"GREETING": "changed"}, before_deploy=MIGRATION)
    made, updated = (deployed(behind, each)[0] for each in (first, changed))
    assert told(updated) == served(behind, updated)
    assert told(made) != told(updated)

    failed = behind.deploy(resolvable("behind", **BROKEN))
    assert ("rolled_back", None) == (failed["status"], failed["rollback_failure"]), failed["verdict"]
    assert told(updated) == served(behind, updated)
    assert "changed" == behind.visit("/behind/")["greeting"]

    again = behind.deploy(changed)
    assert ("succeeded", False) == (again["status"], again["services"]["hello"]["changed"]), again["verdict"]
    assert "succeeded" == behind.ended(teardown_accepted(behind, "behind"))["status"]
    assert {} == locks(behind)
