"""One local cloud for all tests that deploy into it; each test has an application of its own."""

from collections.abc import Iterator

import pytest

from tests.local.local_cloud import LocalCloud, local_cloud


@pytest.fixture(scope="session")
def cloud() -> Iterator[LocalCloud]:
    """Run a local cloud as `make up` starts it."""
    with local_cloud() as running:
        yield running
