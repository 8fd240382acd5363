"""One account of change, field by field: those of routes, which a load balancer judges in its own time."""

import pytest

from tests.local.each_field import assert_one_account
from tests.local.fields import ROUTES
from tests.local.local_cloud import LocalCloud


@pytest.mark.full
@pytest.mark.parametrize("path", ROUTES)
def test_field(furnished: LocalCloud, path: str) -> None:
    """A field that changes is told alike, is there in AWS, is no change any more, and goes back."""
    assert_one_account(furnished, path)
