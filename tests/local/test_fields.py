"""One account of change, field by field: those of a service, of its tasks, and of the whole manifest."""

import pytest

from tests import manifest_changes as table
from tests.local.each_field import assert_one_account
from tests.local.fields import CHANGES, CONTAINERS, OTHERS, ROUTES
from tests.local.local_cloud import LocalCloud


def test_every_field_is_here() -> None:
    """Each field that the machine floor changes changes here once."""
    assert sorted(table.CHANGES) == sorted([*ROUTES, *CONTAINERS, *OTHERS])
    assert set(table.CHANGES) == set(CHANGES)


@pytest.mark.full
@pytest.mark.parametrize("path", OTHERS)
def test_field(furnished: LocalCloud, path: str) -> None:
    """A field that changes is told alike, is there in AWS, is no change any more, and goes back."""
    assert_one_account(furnished, path)
