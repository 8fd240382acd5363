"""What an application has that serves: GET /applications/{application} on fakes."""

from dataclasses import replace
from typing import Any

from chalicelib.api import applications
from chalicelib.deployment import Deployment
from chalicelib.store import Store
from tests.machine.slipway import Slipway, two_services, with_service


def live(slipway: Slipway, deployment: Deployment) -> dict[str, Any]:
    """Return what is live of a deployment's application."""
    return applications.shown(slipway.cloud, deployment.application, {})


def test_what_serves(store: Store) -> None:
    """Each service tells its revision, images with digests, tasks, name, URL and last deployment, without drift."""
    slipway = Slipway(store)
    deployment = slipway.deploy(two_services())
    told = {"id": deployment.id, "status": "succeeded"}
    found = live(slipway, deployment)
    home, redis = found["services"]["home"], found["services"]["redis"]

    assert told.items() <= found["deployment"].items()
    assert deployment.services["home"].task_definition == home["task_definition"]
    assert {"home": {"image": "home:1", "digest": "sha256:home:1"}} == home["images"]
    assert (2, 2, 0, []) == (home["desired"], home["running"], home["pending"], home["drift"])
    assert ("www.shop.local", 2) == (home["dns"]["name"], len(home["dns"]["addresses"]))
    assert deployment.services["home"].url == home["url"]
    assert deployment.id == home["succeeded_with"]
    assert told.items() <= redis["deployment"].items()


def test_failed_deployment_is_the_last_one(store: Store) -> None:
    """After a deployment that failed the set before serves: that one is no drift, and the last one is told."""
    slipway = Slipway(store, broken={"home:broken"})
    first = slipway.deploy(two_services())
    manifest = with_service(two_services(application=first.application), "home", image="home:broken")
    second = slipway.deploy(manifest)
    home = live(slipway, first)["services"]["home"]

    assert (second.id, second.status.value) == (home["deployment"]["id"], home["deployment"]["status"])
    assert (first.id, []) == (home["succeeded_with"], home["drift"])


def test_drift(store: Store) -> None:
    """What somebody changed beside Slipway is told field by field, and a service that is gone as gone."""
    slipway = Slipway(store)
    deployment = slipway.deploy(two_services())
    service = slipway.world.service(deployment.cluster, "home")
    assert service is not None
    slipway.world.set_desired(service, 5)
    service.spec = replace(service.spec, maximum_percent=150)
    gone = slipway.world.service(deployment.cluster, "redis")
    assert gone is not None
    slipway.world.delete(gone)
    found = live(slipway, deployment)["services"]

    assert [
        {"field": "desired_count", "deployed": 2, "serves": 5},
        {"field": "maximum_percent", "deployed": 200, "serves": 150},
    ] == found["home"]["drift"]
    assert ["service"] == [each["field"] for each in found["redis"]["drift"]]


def test_torn_down(store: Store) -> None:
    """What was torn down is not live; the teardown is the last deployment."""
    slipway = Slipway(store)
    deployment = slipway.deploy(two_services())
    teardown = slipway.tear_down(deployment)
    found = live(slipway, deployment)

    assert (teardown.id, {}) == (found["deployment"]["id"], found["services"])


def test_what_was_torn_down_stays_so(store: Store) -> None:
    """A first deployment that fails after a teardown brings nothing back that was there before."""
    slipway = Slipway(store, broken={"home:broken"})
    deployment = slipway.deploy(two_services())
    slipway.tear_down(deployment)
    manifest = with_service(two_services(application=deployment.application), "home", image="home:broken")
    failed = slipway.deploy(manifest)
    found = live(slipway, deployment)

    assert ((failed.id, failed.status.value), {}) == (
        (found["deployment"]["id"], found["deployment"]["status"]),
        found["services"],
    )


def test_raw_definition(store: Store) -> None:
    """A raw task definition tells its images, too."""
    slipway = Slipway(store)
    raw = {
        "networkMode": "awsvpc",
        "cpu": "256",
        "memory": "512",
        "requiresCompatibilities": ["FARGATE"],
        "containerDefinitions": [{"name": "app", "image": "app:1"}],
    }
    manifest = two_services(services={"job": {"task_definition": raw}})
    found = live(slipway, slipway.deploy(manifest))["services"]["job"]
    assert {"app": {"image": "app:1", "digest": None}} == found["images"]
