"""POST …/rollback: what last succeeded before a deployment is deployed again, each service from its own time."""

from typing import Any

import pytest

from chalicelib.api.ways_back import rollback
from chalicelib.deployment import Deployment, Status
from chalicelib.errors import NothingToGoBackTo
from chalicelib.store import Store
from tests.machine.slipway import Slipway, two_services, with_service
from tests.machine.test_faults import IN_ECR


def only(manifest: dict[str, Any], name: str, **changes: Any) -> dict[str, Any]:
    """Return a manifest that names one of its services alone."""
    service = {key: value for key, value in manifest["services"][name].items() if key != "depends_on"}
    return {**manifest, "services": {name: {**service, **changes}}}


def rolled_back(slipway: Slipway, deployment: Deployment) -> Deployment:
    """Ask for it, and let time pass until that deployment has ended."""
    made, _ = rollback(slipway.cloud, deployment.id, "tester", None)
    slipway.machine.run(made.id)
    return slipway.record(made)


def images(slipway: Slipway, deployment: Deployment) -> dict[str, str]:
    """Return the images that serve, by service."""
    serving = {name: slipway.world.serves(deployment.cluster, name) for name in ("home", "redis")}
    return {name: slipway.world.spec_of(arn).images[0] for name, arn in serving.items() if arn}


def test_what_succeeded_before_serves(store: Store) -> None:
    """The rollback of a success deploys what succeeded before it, as a deployment of its own that tells its source."""
    slipway, manifest = Slipway(store), two_services()
    first = slipway.deploy(manifest)
    second = slipway.deploy(with_service(manifest, "home", image="home:2"))
    again = rolled_back(slipway, second)

    assert (Status.SUCCEEDED, "tester") == (again.status, again.requested_by)
    assert {"type": "rollback", "of": second.id, "to": first.id} == again.source
    assert {"home": "home:1", "redis": "redis:7"} == images(slipway, again)
    assert second == slipway.record(second)


def test_failures_are_not_gone_back_to(store: Store) -> None:
    """What failed in between does not count: the last set that succeeded is deployed."""
    slipway, manifest = Slipway(store), two_services()
    first = slipway.deploy(manifest)
    slipway.world.broken.add("home:2")
    failed = slipway.deploy(with_service(manifest, "home", image="home:2", desired_count=1))
    third = slipway.deploy(with_service(manifest, "home", image="home:3"))
    sources = [rolled_back(slipway, each).source["to"] for each in (third, failed)]
    assert (Status.ROLLED_BACK, [first.id] * 2) == (failed.status, sources)


def test_each_service_from_its_own_deployment(store: Store) -> None:
    """Services that last succeeded with different deployments come each from its own, and the source names all."""
    slipway, manifest = Slipway(store), two_services()
    first = slipway.deploy(manifest)
    second = slipway.deploy(only(manifest, "home", image="home:2"))
    both = with_service(with_service(manifest, "home", image="home:3"), "redis", image="redis:8")
    again = rolled_back(slipway, slipway.deploy(both))

    assert (Status.SUCCEEDED, f"{first.id}, {second.id}") == (again.status, again.source["to"])
    assert {"home": "home:2", "redis": "redis:7"} == images(slipway, again)


def test_of_fewer_services(store: Store) -> None:
    """The rollback of a manifest that named fewer services leaves the others alone."""
    slipway, manifest = Slipway(store), two_services()
    slipway.deploy(manifest)
    second = slipway.deploy(only(manifest, "home", image="home:2"))
    slipway.deploy(only(manifest, "redis", image="redis:8"))
    again = rolled_back(slipway, second)

    assert (Status.SUCCEEDED, ["home"]) == (again.status, list(again.services))
    assert {"home": "home:1", "redis": "redis:8"} == images(slipway, again)


def test_new_service_stays(store: Store) -> None:
    """A service that never succeeded before is no part of the rollback, and serves on."""
    slipway, manifest = Slipway(store), two_services()
    slipway.deploy(only(manifest, "redis"))
    second = slipway.deploy(with_service(manifest, "redis", image="redis:8"))
    again = rolled_back(slipway, second)

    assert (Status.SUCCEEDED, ["redis"]) == (again.status, list(again.services))
    assert {"home": "home:1", "redis": "redis:7"} == images(slipway, again)


def test_digest_is_kept(store: Store) -> None:
    """What a tag was when it succeeded is deployed, although the tag has moved since."""
    slipway = Slipway(store)
    manifest = with_service(two_services(), "home", image=IN_ECR)
    first = slipway.deploy(manifest)
    before = images(slipway, first)["home"]
    second = slipway.deploy(with_service(manifest, "home", image="home:2"))
    asked_at = len(slipway.faults.calls)
    again = rolled_back(slipway, second)

    assert (Status.SUCCEEDED, before) == (again.status, images(slipway, again)["home"])
    assert "@sha256:" in before
    assert "ecr.digest" not in slipway.calls_since(asked_at)


def test_back_and_forth(store: Store) -> None:
    """A rollback is a deployment like any other: rolled back, it gives what it took away."""
    slipway, manifest = Slipway(store), two_services()
    slipway.deploy(manifest)
    second = slipway.deploy(with_service(manifest, "home", image="home:2"))
    forth = rolled_back(slipway, rolled_back(slipway, second))
    assert ("home:2", second.id) == (images(slipway, forth)["home"], forth.source["to"])


def test_key(store: Store) -> None:
    """The same Idempotency-Key is the same rollback."""
    slipway, manifest = Slipway(store), two_services()
    slipway.deploy(manifest)
    second = slipway.deploy(with_service(manifest, "home", image="home:2"))
    answers = [rollback(slipway.cloud, second.id, "tester", "once") for _ in range(2)]
    assert [False, True] == [replayed for _, replayed in answers]
    assert 1 == len({made.id for made, _ in answers})


def test_can_rollback(store: Store) -> None:
    """It can be rolled back when it has ended, whatever its end, and something succeeded before it."""
    slipway, manifest = Slipway(store), two_services()
    first = slipway.deploy(manifest)
    slipway.world.broken.add("home:2")
    running = slipway.post(with_service(manifest, "home", image="home:2"))
    slipway.machine.run(running.id)
    assert [False, False, True] == [each.can_rollback for each in (first, running, slipway.record(running))]


def nothing_before(slipway: Slipway, manifest: dict[str, Any]) -> Deployment:
    """Return the first deployment of all."""
    return slipway.deploy(manifest)


def still_running(slipway: Slipway, manifest: dict[str, Any]) -> Deployment:
    """Return a second deployment that has not ended."""
    slipway.deploy(manifest)
    return slipway.post(manifest)


def teardown(slipway: Slipway, manifest: dict[str, Any]) -> Deployment:
    """Return the teardown of what was deployed twice."""
    slipway.deploy(manifest)
    return slipway.tear_down(slipway.deploy(manifest))


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (nothing_before, "nothing succeeded before"),
        (still_running, "it has not ended: cancel it"),
        (teardown, "it is a teardown"),
    ],
)
def test_nothing_to_go_back_to(store: Store, made: Any, why: str) -> None:
    """A first deployment, one that runs, and a teardown have nothing to go back to; the refusal says which of them."""
    slipway = Slipway(store)
    deployment = made(slipway, two_services())
    there = slipway.cloud.store.open_deployments()
    with pytest.raises(NothingToGoBackTo, match=why):
        rollback(slipway.cloud, deployment.id, "tester", None)
    assert (deployment, there) == (slipway.record(deployment), slipway.cloud.store.open_deployments())
