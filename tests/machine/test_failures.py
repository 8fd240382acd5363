"""Deployments that fail: the verdict, what serves, and what is left alone."""

import json
from typing import Any

import pytest

from chalicelib.deployment import Deployment, Status
from chalicelib.store import Store
from tests.machine.slipway import Slipway, two_services, with_service
from tests.world import CANNOT_PULL


def code(deployment: Deployment) -> str | None:
    """Return the code of a deployment's failure."""
    return deployment.failure.code if deployment.failure else None


def test_first_rollout_fails(store: Store) -> None:
    """A rollout that ECS gave up ends failed, in ECS's words about the task that stopped, with nothing that serves."""
    slipway = Slipway(store, broken={"redis:7"})
    deployment = slipway.deploy(two_services())
    redis, failure = deployment.services["redis"], deployment.failure

    assert (Status.FAILED, "removed", None) == (deployment.status, redis.status, redis.what_serves)
    assert failure is not None
    assert ("image_not_found", "redis") == (failure.code, failure.service)
    assert f"{CANNOT_PULL.format(image='redis:7')} (3 of 3 tasks)" == failure.cause
    assert ["stopped_task"] * 3 == [each.kind for each in failure.evidence]
    assert f"redis failed: {failure.cause}. redis is removed." == deployment.verdict
    assert [] == slipway.locks(deployment)
    assert ("SUCCEEDED", "Finish") == (slipway.execution(deployment).status, slipway.execution(deployment).path[-1])


def test_later_wave_never_starts(store: Store) -> None:
    """What depends on a service that failed is not touched."""
    slipway = Slipway(store, broken={"redis:7"})
    deployment = slipway.deploy(two_services())
    assert [] == slipway.execution(deployment).path_of("home")
    assert "pending" == deployment.services["home"].status
    assert (deployment.cluster, "home") not in slipway.world.services


def test_siblings_stop(store: Store) -> None:
    """When one service fails, those beside it end `stopped` at their next look; the first failure counts."""
    slipway = Slipway(store, broken={"redis:7"}, hanging={"cart:1"})
    deployment = slipway.deploy(with_service(two_services(on_failure="keep"), "cart", image="cart:1"))
    statuses = {name: each.status for name, each in deployment.services.items()}
    assert {"cart": "stopped", "home": "pending", "redis": "failed"} == statuses
    assert (Status.FAILED, "image_not_found") == (deployment.status, code(deployment))
    assert slipway.clock.seconds < 120


def test_failed_update_names_what_serves(store: Store) -> None:
    """ECS goes back by itself: the deployment failed all the same, and the record names the revision that serves."""
    slipway = Slipway(store)
    manifest = two_services()
    before = slipway.deploy(manifest)
    slipway.world.broken.add("home:2")
    after = slipway.deploy(with_service(manifest, "home", image="home:2"))
    home = after.services["home"]

    assert (Status.ROLLED_BACK, "rolled_back", "image_not_found") == (after.status, home.status, code(after))
    assert before.services["home"].task_definition == home.what_serves == slipway.world.serves(after.cluster, "home")
    assert home.task_definition != home.what_serves
    assert after.failure is not None
    assert "home:2" in after.failure.cause


def test_after_a_failure_the_same_manifest_goes_on(store: Store) -> None:
    """A first rollout that ECS gave up is sent on its way again, once its cause is mended."""
    slipway = Slipway(store, broken={"redis:7"})
    manifest = two_services(on_failure="keep")
    assert Status.FAILED is slipway.deploy(manifest).status
    slipway.world.broken.clear()
    slipway.world.changes.clear()
    deployment = slipway.deploy(manifest)
    assert Status.SUCCEEDED is deployment.status
    assert "restart redis" == slipway.world.changes[0]


def test_namespace_fails(store: Store) -> None:
    """A namespace that Cloud Map cannot make ends the deployment before anything else is made."""
    slipway = Slipway(store, namespace_error="CANNOT_CREATE_HOSTED_ZONE: no right")
    deployment = slipway.deploy(two_services())
    assert (Status.FAILED, "namespace_failed") == (deployment.status, code(deployment))
    assert ["create namespace shop.local"] == slipway.world.changes
    assert [] == slipway.locks(deployment)


def test_timed_out(store: Store) -> None:
    """A deployment that is not proven by its deadline is timed_out, and soon after it."""
    slipway = Slipway(store, hanging={"redis:7"})
    deployment = slipway.deploy({**two_services(), "timeout_seconds": 100, "poll_seconds": 5, "on_failure": "keep"})
    assert (Status.TIMED_OUT, "deployment_timed_out") == (deployment.status, code(deployment))
    assert 100 <= slipway.clock.seconds < 110


def test_superseded(store: Store) -> None:
    """When somebody else deploys the service meanwhile, ours is superseded, not failed."""
    slipway = Slipway(store)
    manifest = two_services()
    slipway.deploy(manifest)
    deployment = slipway.post(with_service(manifest, "home", image="home:2"))

    def somebody_else() -> None:
        service = slipway.world.service(deployment.cluster, "home")
        assert service is not None
        slipway.world.roll_out(service)

    slipway.clock.call_later(10, somebody_else)  # redis is unchanged and proven at once; home rolls out for 20 s
    slipway.machine.run(deployment.id)
    deployment = slipway.record(deployment)
    assert (Status.SUPERSEDED, "rollout_superseded") == (deployment.status, code(deployment))


def test_foreign_service_is_refused(store: Store) -> None:
    """A service that another application made is left alone, and the refusal says whose it is."""
    slipway = Slipway(store)
    owner = slipway.deploy({**two_services(), "cluster": "shared"})
    slipway.world.changes.clear()
    elsewhere = with_service(two_services(cluster="shared", namespace="other.local"), "home", route={"path": "/other"})
    deployment = slipway.deploy(elsewhere)
    assert (Status.FAILED, "service_not_owned") == (deployment.status, code(deployment))
    assert deployment.failure is not None
    assert f"slipway:application={owner.application}" in deployment.failure.cause
    assert [] == slipway.world.changes


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"network": {"vpc": "other", "subnets": ["private"]}}, "network_not_found"),
        ({"network": {"vpc": "main", "subnets": ["absent"]}}, "network_not_found"),
        ({"load_balancer": {"name": "absent", "port": 80}}, "listener_not_found"),
    ],
)
def test_what_is_not_there(store: Store, changes: dict[str, Any], expected: str) -> None:
    """What the manifest names and AWS has not ends the deployment with a code of its own."""
    slipway = Slipway(store)
    deployment = slipway.deploy({**two_services(), **changes})
    assert (Status.FAILED, expected) == (deployment.status, code(deployment))
    assert [] == slipway.locks(deployment)


def test_other_records_are_a_conflict(store: Store) -> None:
    """The records of a Cloud Map service cannot be changed."""
    slipway = Slipway(store)
    manifest = two_services()
    slipway.deploy(manifest)
    deployment = slipway.deploy(with_service(manifest, "redis", discovery={"records": ["A"]}))
    assert (Status.FAILED, "discovery_conflict") == (deployment.status, code(deployment))


def test_execution_document_stays_small(store: Store) -> None:
    """Ids and facts travel through the workflow, never the manifest: one of 240 KB passes."""
    services = {
        f"service-{number}": {"image": f"image:{number}", "environment": {"WORDS": "x" * 40_000}} for number in range(6)
    }
    slipway = Slipway(store)
    manifest = two_services(namespace=None, services=services)
    assert len(json.dumps(manifest)) > 200_000
    assert Status.SUCCEEDED is slipway.deploy(manifest).status
