"""Services of every form: several containers, raw task definitions, EC2, scaling, and services taken over."""

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.deployment import Deployment, Status
from chalicelib.specs import Registry, Target
from chalicelib.store import Store
from tests.machine.slipway import Slipway, two_services, with_service

WEB: dict[str, Any] = {
    "containers": {"web": {"image": "web:1", "port": 8000}, "redis": {"image": "redis:7", "port": 6379}},
    "route": {"path": "/web*", "container": "web"},
    "discovery": {"name": "web", "records": ["A", "SRV"]},
}
RAW: dict[str, Any] = {
    "task_definition": {
        "networkMode": "awsvpc",
        "cpu": "256",
        "memory": "512",
        "containerDefinitions": [{"name": "web", "image": "web:1", "portMappings": [{"containerPort": 8000}]}],
    },
    "route": {"path": "/web*"},
    "discovery": {"name": "web", "records": ["A", "SRV"]},
}


def manifest_of(service: dict[str, Any]) -> dict[str, Any]:
    """Return a manifest of one service, `web`."""
    return two_services(services={"web": service})


def spec_of(slipway: Slipway, deployment: Deployment) -> Any:
    """Return the ECS service `web` as it was asked for."""
    service = slipway.world.service(deployment.cluster, "web")
    assert service is not None
    return service.spec


@pytest.mark.parametrize("service", [WEB, RAW], ids=["containers", "task_definition"])
def test_another_form_is_proven(store: Store, service: dict[str, Any]) -> None:
    """The container that is routed and discovered is joined to target group and registry, and its name is proven."""
    slipway = Slipway(store)
    deployment = slipway.deploy(manifest_of(service))
    spec = spec_of(slipway, deployment)

    assert Status.SUCCEEDED is deployment.status
    group = spec.route[0].group_arn
    assert (Target(group, "web", 8000),) == spec.route
    assert Registry(spec.discovery.arn, "web", 8000) == spec.discovery
    groups = slipway.world.target_groups
    assert {group: 8000} == {arn: each.port for arn, each in groups.items()}


@pytest.mark.parametrize("service", [WEB, RAW], ids=["containers", "task_definition"])
def test_the_same_again_changes_nothing(store: Store, service: dict[str, Any]) -> None:
    """A service of another form that serves as asked is left alone."""
    slipway = Slipway(store)
    manifest = manifest_of(service)
    slipway.deploy(manifest)
    slipway.world.changes.clear()
    again = slipway.deploy(manifest)

    assert ([], False) == (slipway.world.changes, again.services["web"].changed)


def test_what_describing_prints_is_the_same(store: Store) -> None:
    """With what describing adds to it a definition is no other one: nothing changes, and one warning says so."""
    slipway, manifest = Slipway(store), manifest_of(RAW)
    slipway.deploy(manifest)
    described = {**RAW["task_definition"], "revision": 1, "status": "ACTIVE", "taskRoleArn": None}
    printed = with_service(manifest, "web", task_definition={"taskDefinition": described, "tags": []})
    again = slipway.deploy(printed)
    told = [each.message for each in slipway.timeline(again) if each.phase == "preflight"]

    assert (Status.SUCCEEDED, False) == (again.status, again.services["web"].changed)
    (warning,) = told
    assert warning.startswith("warning definition_described: of the task definition of web is not registered: revision")


def test_change_of_one_container(store: Store) -> None:
    """What changed in one of several containers is told by its name."""
    slipway = Slipway(store)
    manifest = manifest_of(WEB)
    slipway.deploy(manifest)
    containers = WEB["containers"] | {"web": {"image": "web:2", "port": 8000}}
    after = slipway.deploy(with_service(manifest, "web", containers=containers))

    assert (Status.SUCCEEDED, ("containers.web.image",)) == (after.status, after.services["web"].changed_fields)


def test_change_of_a_raw_definition(store: Store) -> None:
    """What changed in a raw definition is told by ECS's own word."""
    slipway = Slipway(store)
    manifest = manifest_of(RAW)
    slipway.deploy(manifest)
    definition = RAW["task_definition"] | {"memory": "1024"}
    after = slipway.deploy(with_service(manifest, "web", task_definition=definition))

    assert (Status.SUCCEEDED, ("task_definition.memory",)) == (after.status, after.services["web"].changed_fields)


def test_one_of_several_images_is_missing(store: Store) -> None:
    """An image that is not there fails the service, whichever container it belongs to."""
    slipway = Slipway(store, broken={"redis:7"})
    deployment = slipway.deploy(manifest_of(WEB))

    assert Status.FAILED is deployment.status
    assert deployment.failure is not None
    assert "redis:7: not found" in deployment.failure.cause


def test_raw_definition_gets_no_log_group(store: Store) -> None:
    """Where a raw definition's logs go is its own affair."""
    slipway = Slipway(store)
    slipway.deploy(manifest_of(RAW))

    assert {} == slipway.world.log_groups


def test_without_awsvpc_there_is_no_network(store: Store) -> None:
    """Tasks that share their host's network are given none: ECS refuses it."""
    slipway = Slipway(store)
    containers = [{"name": "agent", "image": "agent:1", "memory": 64}]
    raw = {"task_definition": {"networkMode": "host", "containerDefinitions": containers}, "launch_type": "EC2"}
    deployment = slipway.deploy(manifest_of(raw))

    assert (Status.SUCCEEDED, None) == (deployment.status, spec_of(slipway, deployment).network)
    assert "EC2" == spec_of(slipway, deployment).launch_type


def test_scaled_service_keeps_its_count(store: Store) -> None:
    """A scaled service begins within its bounds; what scaling made of it stays when something else changes."""
    slipway = Slipway(store)
    manifest = manifest_of({"image": "web:1", "scaling": {"min": 2, "max": 6, "cpu": 60}})
    first = slipway.deploy(manifest)
    assert 2 == spec_of(slipway, first).desired_count
    more = replace(spec_of(slipway, first), desired_count=5)
    slipway.cloud.ecs.update_service(first.cluster, "web", more, ["desired_count"])
    after = slipway.deploy(with_service(manifest, "web", image="web:2"))

    assert (Status.SUCCEEDED, ("image",)) == (after.status, after.services["web"].changed_fields)
    assert (5, 5) == (spec_of(slipway, after).desired_count, after.services["web"].running)


def test_adopted_service_becomes_ours(store: Store) -> None:
    """A service that nobody's tags claim is taken over when it says so, and bears our tags from then on."""
    slipway = Slipway(store)
    services = {"web": {"image": "web:1"}}
    slipway.deploy(two_services(services=services, cluster="shared"))
    slipway.world.services["shared", "web"].tags.clear()
    taking = with_service(two_services(services=services, cluster="shared"), "web", adopt=True)
    deployment = slipway.deploy(taking)
    service = slipway.world.service("shared", "web")

    assert Status.SUCCEEDED is deployment.status
    assert service is not None
    assert taking["application"] == service.tags["slipway:application"]


def test_launch_type_is_fixed(store: Store) -> None:
    """A service that runs on Fargate cannot be asked onto EC2: that is said before anything is changed."""
    slipway = Slipway(store)
    manifest = manifest_of({"image": "web:1"})
    slipway.deploy(manifest)
    slipway.world.changes.clear()
    deployment = slipway.deploy(with_service(manifest, "web", launch_type="EC2"))

    assert deployment.failure is not None
    assert (Status.FAILED, "launch_type_fixed") == (deployment.status, deployment.failure.code)
    assert [] == slipway.world.changes


def test_capacity_providers_replace_the_launch_type(store: Store) -> None:
    """A service that runs on Fargate may be asked onto capacity providers: other tasks take the place of its own."""
    slipway = Slipway(store)
    manifest = manifest_of({"image": "web:1"})
    slipway.deploy(manifest)
    providers = [{"name": "FARGATE_SPOT"}]
    deployment = slipway.deploy(with_service(manifest, "web", capacity_providers=providers))

    assert Status.SUCCEEDED is deployment.status
    assert ("launch_type", "capacity_providers") == deployment.services["web"].changed_fields
    followed(slipway, deployment, rollouts=2)


def test_the_way_back_to_the_launch_type(store: Store) -> None:
    """A service goes back from capacity providers to its launch type by a rollout of its own, which is followed."""
    slipway = Slipway(store)
    manifest = manifest_of({"image": "web:1"})
    slipway.deploy(manifest)
    slipway.world.hanging.add("late:1")
    spot = {"capacity_providers": [{"name": "FARGATE_SPOT"}]}
    late = {"image": "late:1", "depends_on": ["web"]}
    asked = with_service(with_service(manifest, "web", **spot), "late", **late)
    deployment = slipway.deploy(asked | {"timeout_seconds": 120})

    assert (Status.TIMED_OUT, "rolled_back") == (deployment.status, deployment.services["web"].status)
    assert ("FARGATE", ()) == (
        spec_of(slipway, deployment).launch_type,
        spec_of(slipway, deployment).capacity_providers,
    )
    followed(slipway, deployment, rollouts=3)


def followed(slipway: Slipway, deployment: Deployment, *, rollouts: int) -> None:
    """Assert that so many rollouts were started, and the last of them is the one that the record follows."""
    service = slipway.world.service(deployment.cluster, "web")
    assert service is not None
    assert (rollouts, deployment.services["web"].service_deployment_arn) == (
        len(service.deployments),
        service.deployments[-1].service_deployment,
    )
