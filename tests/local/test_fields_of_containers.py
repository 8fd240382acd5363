"""One account of change, field by field: those of containers and of scaling."""

import pytest

from tests.local.each_field import assert_one_account
from tests.local.fields import CONTAINERS
from tests.local.local_cloud import LocalCloud


@pytest.mark.full
@pytest.mark.parametrize("path", CONTAINERS)
def test_field(furnished: LocalCloud, path: str) -> None:
    """A field that changes is told alike, is there in AWS, is no change any more, and goes back."""
    assert_one_account(furnished, path)
