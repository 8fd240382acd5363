"""A local cloud for each file that deploys into one: what one leaves cannot meet what another makes."""

from collections.abc import Iterator

import pytest

from tests.local.fields import furnish, images_with_hosts
from tests.local.local_cloud import LocalCloud, local_cloud


@pytest.fixture(scope="module")
def cloud() -> Iterator[LocalCloud]:
    """Run a local cloud as `make up` starts it."""
    with local_cloud() as running:
        yield running


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """Run a local cloud that has all that the manifests of each field name."""
    images = images_with_hosts(tmp_path_factory.mktemp("hosts"))
    with local_cloud(SLIPWAY_IMAGES=str(images)) as running:
        furnish(running)
        yield running


@pytest.fixture(scope="module")
def vpc(cloud: LocalCloud) -> LocalCloud:
    """Return the local cloud where this machine lets its network be a VPC, and skip elsewhere."""
    if cloud.network != "vpc":
        pytest.skip("the local cloud's network is loopback here")
    return cloud
