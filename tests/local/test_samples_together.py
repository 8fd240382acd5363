"""All systems of the seed documents in one local cloud."""

from collections.abc import Iterable

import pytest

from tests.local.inventory import inventory
from tests.local.local_cloud import LocalCloud, local_cloud
from tests.local.samples import accepted, teardown_accepted

MANIFESTS = {
    "ecs-practice": "ecs_practice/slipway.yaml",
    "web-redis": "web_redis/slipway.yaml",
    "static-app": "static_app/slipway.yaml",
    "hostname-app": "hostname_app/slipway.yaml",
    "bookingapp": "bookingapp/slipway.yaml",
    "dks": "dks/slipway.yaml",
}
SUCCEEDED = dict.fromkeys(MANIFESTS, "succeeded")


def statuses(cloud: LocalCloud, ids: Iterable[str]) -> dict[str, str]:
    """Return how deployments ended, by application."""
    ended = [cloud.ended(deployment) for deployment in ids]
    return {document["application"]: document["status"] for document in ended}


@pytest.mark.full
@pytest.mark.usefixtures("vpc")
def test_all_six_at_once() -> None:
    """Six manifests, posted one right after the other, succeed; so do six teardowns, and nothing of them is left."""
    with local_cloud() as cloud:
        before = inventory(cloud)
        assert SUCCEEDED == statuses(cloud, [accepted(cloud, manifest) for manifest in MANIFESTS.values()])
        assert before != inventory(cloud)

        assert SUCCEEDED == statuses(cloud, [teardown_accepted(cloud, application) for application in MANIFESTS])
        assert before == inventory(cloud)
