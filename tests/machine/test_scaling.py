"""Scaling: scalable target and policies follow the manifest, and the desired count is the scaler's."""

from typing import Any

import pytest

from chalicelib.aws.autoscaling import Policy, Scaled
from chalicelib.deployment import Deployment, Status
from chalicelib.errors import AwsRefused
from chalicelib.store import Store
from tests.machine.slipway import Slipway, two_services, with_service

BY_CPU: dict[str, Any] = {"min": 2, "max": 6, "cpu": 60}
CPU = Policy("ECSServiceAverageCPUUtilization", 60.0)


def one_service(**scaling: Any) -> dict[str, Any]:
    """Return the manifest of `home`, routed and scaled."""
    home = {key: value for key, value in two_services()["services"]["home"].items() if key != "depends_on"}
    return two_services(services={"home": {**home, "scaling": scaling or BY_CPU}})


def scaled(slipway: Slipway, deployment: Deployment) -> Scaled | None:
    """Return how `home` is scaled."""
    return slipway.world.scaled.get((deployment.cluster, "home"))


def told(slipway: Slipway, deployment: Deployment) -> list[str]:
    """Return what the timeline says of scaling."""
    return [event.message for event in slipway.timeline(deployment) if event.phase == "scaling"]


def test_new_service_is_scaled(store: Store) -> None:
    """A new service is scaled once it is proven, by a policy for each thing that it is scaled by."""
    slipway = Slipway(store)
    deployment = slipway.deploy(one_service(min=2, max=6, cpu=60, memory=70, requests_per_target=1000))
    found = scaled(slipway, deployment)

    assert (Status.SUCCEEDED, ()) == (deployment.status, deployment.services["home"].changed_fields)
    assert found is not None
    assert (2, 6, CPU) == (found.least, found.most, found.policies["slipway-cpu"])
    assert Policy("ECSServiceAverageMemoryUtilization", 70.0) == found.policies["slipway-memory"]
    assert "ALBRequestCountPerTarget" == found.policies["slipway-requests"].metric
    assert "scale home" == slipway.world.changes[-1]
    assert ["Scales from 2 to 6 tasks."] == told(slipway, deployment)


def test_same_scaling_changes_nothing(store: Store) -> None:
    """The same manifest again calls nothing that changes the scaling."""
    slipway = Slipway(store)
    manifest = one_service()
    slipway.deploy(manifest)
    mark = len(slipway.faults.calls)
    again = slipway.deploy(manifest)
    assert (Status.SUCCEEDED, False) == (again.status, again.services["home"].changed)
    assert {"autoscaling.scaled"} == {call for call in slipway.calls_since(mark) if call.startswith("autoscaling.")}


@pytest.mark.parametrize(
    ("other", "fields"),
    [
        ({"min": 1, "max": 8, "cpu": 60}, ("scaling.min", "scaling.max")),
        ({"min": 2, "max": 6, "memory": 60}, ("scaling.cpu", "scaling.memory")),
    ],
)
def test_changed_scaling_is_a_change(store: Store, other: dict[str, Any], fields: tuple[str, ...]) -> None:
    """A change of bounds or metric is said, and starts no rollout."""
    slipway = Slipway(store)
    manifest = one_service()
    slipway.deploy(manifest)
    slipway.world.changes.clear()
    after = slipway.deploy(with_service(manifest, "home", scaling=other))
    home, found = after.services["home"], scaled(slipway, after)

    assert (Status.SUCCEEDED, True, fields) == (after.status, home.changed, home.changed_fields)
    assert ["scale home"] == slipway.world.changes
    assert found is not None
    assert (other["min"], other["max"]) == (found.least, found.most)
    assert [f"slipway-{metric}" for metric in other if metric in ("cpu", "memory")] == list(found.policies)


def test_service_is_scaled_no_longer(store: Store) -> None:
    """A service whose manifest has no scaling any more loses what scaled it, and gets its desired count back."""
    slipway = Slipway(store)
    manifest = one_service()
    slipway.deploy(manifest)
    after = slipway.deploy(with_service(manifest, "home", scaling=None))
    assert scaled(slipway, after) is None
    assert (Status.SUCCEEDED, ["Not scaled any more."]) == (after.status, told(slipway, after))
    assert ("scaling.min", "scaling.max", "scaling.cpu") == after.services["home"].changed_fields


def test_target_of_somebody_else_is_left_alone(store: Store) -> None:
    """A scalable target without a policy of ours was made by somebody else."""
    slipway = Slipway(store)
    manifest = with_service(one_service(), "home", scaling=None)
    first = slipway.deploy(manifest)
    theirs = slipway.world.scaled[first.cluster, "home"] = Scaled(1, 9, {})
    again = slipway.deploy(manifest)
    assert (Status.SUCCEEDED, theirs) == (again.status, scaled(slipway, again))


def test_desired_count_is_the_scalers(store: Store) -> None:
    """What the scaler made of the desired count is left alone by a later deployment, and proven as it is."""
    slipway = Slipway(store)
    manifest = one_service()
    first = slipway.deploy(manifest)
    service = slipway.world.service(first.cluster, "home")
    assert service is not None
    slipway.world.set_desired(service, 5)
    after = slipway.deploy(with_service(manifest, "home", image="home:2"))
    home = after.services["home"]
    assert (Status.SUCCEEDED, 5, 5, ("image",)) == (after.status, home.desired, home.running, home.changed_fields)


def test_refused_scaling_fails_and_the_new_revision_serves(store: Store) -> None:
    """When the scaling is refused, the deployment failed, and the record says that the new revision serves."""
    refusal = AwsRefused("put_scaling_policy", "ValidationException", "no")
    slipway = Slipway(store, breaks={"autoscaling.put": refusal})
    deployment = slipway.deploy({**one_service(), "on_failure": "keep"})
    home = deployment.services["home"]
    assert (Status.FAILED, "failed", home.task_definition) == (deployment.status, home.status, home.what_serves)
