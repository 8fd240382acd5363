"""Preflight in a run: all findings at once, nothing changed, and warnings that stop nothing."""

from typing import Any

import pytest

from chalicelib.deployment import Status
from chalicelib.errors import AwsRefused, Throttled
from chalicelib.preflight import Capacity, Room, Rule, Ways
from chalicelib.store import Store
from tests.machine.slipway import Slipway, two_services, with_service


def test_all_that_is_wrong_at_once(store: Store) -> None:
    """Several things that are wrong end one deployment, before anything is made, with all of them in the evidence."""
    slipway = Slipway(store, dns_attributes_off=("enableDnsHostnames",))
    network = {"vpc": "main", "subnets": ["one", "two"], "security_groups": ["absent"]}
    deployment = slipway.deploy({**two_services(), "network": network, "load_balancer": {"name": "absent"}})

    assert deployment.failure is not None
    assert (Status.FAILED, "preflight_failed") == (deployment.status, deployment.failure.code)
    pointers = [each.resource for each in deployment.failure.evidence]
    assert ["/network/subnets/0", "/network/subnets/1", "/network/security_groups/0"] == pointers[:3]
    assert ["/load_balancer", "/namespace"] == pointers[3:]
    assert ([], []) == (slipway.world.changes, slipway.locks(deployment))
    assert 5 == len([each for each in slipway.timeline(deployment) if each.phase == "preflight"])


def test_a_namespace_of_another_vpc(store: Store) -> None:
    """A namespace that serves another VPC is refused, not used."""
    slipway = Slipway(store)
    manifest = two_services()
    slipway.deploy(manifest)
    slipway.world.zone_vpcs = ("vpc-2",)
    deployment = slipway.deploy(with_service(manifest, "home", image="home:2"))

    assert deployment.failure is not None
    assert (Status.FAILED, "namespace_taken") == (deployment.status, deployment.failure.code)


def test_a_refused_look_is_a_warning(store: Store) -> None:
    """What AWS does not let us look at is told, and stops nothing."""
    refusal = AwsRefused("describe_vpc_attribute", "AccessDenied", "not authorized")
    slipway = Slipway(store, {"ec2.dns_attributes_off": refusal})
    deployment = slipway.deploy(two_services())
    (warning,) = [each for each in slipway.timeline(deployment) if each.phase == "preflight"]

    assert Status.SUCCEEDED is deployment.status
    assert warning.message.startswith("warning could_not_check: the DNS attributes of the VPC cannot be checked")


def test_a_throttle_is_no_finding(store: Store) -> None:
    """A throttled look is taken again."""
    slipway = Slipway(store, {"ec2.find": [Throttled("call", "RequestLimitExceeded", "Rate exceeded")]})
    deployment = slipway.deploy(two_services())

    assert Status.SUCCEEDED is deployment.status
    assert [] == [each for each in slipway.timeline(deployment) if each.phase == "preflight"]


def test_somebody_else_takes_the_path(store: Store) -> None:
    """A rule of somebody else that takes our path first is told before anything is made."""
    slipway = Slipway(store, foreign_rules=(Rule(1, ("/*",)),))
    deployment = slipway.deploy(two_services())

    assert deployment.failure is not None
    assert (Status.FAILED, "path_taken", "home") == (
        deployment.status,
        deployment.failure.code,
        deployment.failure.service,
    )
    assert [] == slipway.world.changes


@pytest.mark.parametrize("load_balancer", [{"name": "slipway", "port": 8080}, {"name": "other"}])
def test_another_listener(store: Store, load_balancer: dict[str, Any]) -> None:
    """A route is not moved to another listener, for the rule at its own would stay; off and on again it may be."""
    slipway, asked = Slipway(store), two_services()
    slipway.deploy(asked)
    slipway.world.changes.clear()
    moved = {**asked, "load_balancer": load_balancer}
    plan, refused = slipway.dry_run(moved), slipway.deploy(moved)

    assert "refused" == plan["services"]["home"]["action"]
    assert ["routed_elsewhere"] == [each["code"] for each in plan["findings"]]
    assert refused.failure is not None
    assert (Status.FAILED, "routed_elsewhere", []) == (refused.status, refused.failure.code, slipway.world.changes)
    assert "unchanged" == slipway.dry_run(asked)["services"]["home"]["action"]

    assert Status.SUCCEEDED is slipway.deploy(with_service(asked, "home", route=None)).status
    assert Status.SUCCEEDED is slipway.deploy(moved).status
    assert "refused" == slipway.dry_run(asked)["services"]["home"]["action"]


def test_a_load_balancer_that_is_not_admitted(store: Store) -> None:
    """A security group that does not let the load balancer in is a warning: the rules may be somebody else's work."""
    slipway = Slipway(store, admissions=())
    deployment = slipway.deploy(two_services())
    (warning,) = [each for each in slipway.timeline(deployment) if each.phase == "preflight"]

    assert Status.SUCCEEDED is deployment.status
    assert ("home", True) == (warning.service, warning.message.startswith("warning load_balancer_not_admitted"))


def test_what_a_task_needs(store: Store) -> None:
    """An image, a secret and a role that are not there are told together."""
    image = "000000000000.dkr.ecr.us-east-1.amazonaws.com/home:1"
    slipway = Slipway(store, absent={image, "/shop/token", "home"})
    manifest = {**two_services(), "execution_role": "execution"}
    changes = {"image": image, "secrets": {"TOKEN": "/shop/token"}, "task_role": "home"}
    deployment = slipway.deploy(with_service(manifest, "home", **changes))

    assert deployment.failure is not None
    assert ["/services/home/image", "/services/home/secrets/TOKEN", "/services/home/task_role"] == [
        each.resource for each in deployment.failure.evidence
    ]
    assert [] == slipway.world.changes


@pytest.mark.parametrize(("ways", "code"), [(Ways(), "no_way_to_registry"), (Ways("internet"), "no_public_ip")])
def test_a_subnet_without_a_way(store: Store, ways: Ways, code: str) -> None:
    """A service whose pull would fail is refused before anything is made."""
    slipway = Slipway(store, ways=ways)
    failed = slipway.deploy(two_services())

    assert failed.failure is not None
    assert (Status.FAILED, code, []) == (failed.status, failed.failure.code, slipway.world.changes)


def test_a_name_of_another_application(store: Store) -> None:
    """A name that another application has registered is refused before anything is made."""
    slipway = Slipway(store)
    slipway.deploy(two_services())
    slipway.world.changes.clear()
    failed = slipway.deploy(with_service(two_services(), "home", route={"path": "/other"}))

    assert failed.failure is not None
    assert (Status.FAILED, "discovery_name_taken") == (failed.status, failed.failure.code)
    assert ["/services/redis/discovery", "/services/home/discovery"] == [
        each.resource for each in failed.failure.evidence
    ]
    assert [] == slipway.world.changes


def test_no_room(store: Store) -> None:
    """A service on EC2 that no container instance can take is refused; where instances are added, it is a warning."""
    asked = with_service(two_services(), "home", launch_type="EC2", cpu=1024, memory=2048)
    slipway = Slipway(store, capacity=Capacity((Room(512, 4096),)))
    failed = slipway.deploy(asked)
    assert failed.failure is not None
    assert (Status.FAILED, "no_room", "home") == (failed.status, failed.failure.code, failed.failure.service)
    assert [] == slipway.world.changes

    slipway.world.capacity = Capacity((Room(512, 4096),), scales=True)
    deployment = slipway.deploy(asked)
    warnings = [each.message.partition(":")[0] for each in slipway.timeline(deployment) if each.phase == "preflight"]
    assert (Status.SUCCEEDED, ["warning no_room"]) == (deployment.status, warnings)


def test_a_container_instance_pulls_by_itself(store: Store) -> None:
    """A service on EC2 needs no way out of its tasks' subnets: its images come by the container instance's."""
    asked = with_service(two_services(), "home", launch_type="EC2", depends_on=[])
    del asked["services"]["redis"]

    assert Status.SUCCEEDED is Slipway(store, ways=Ways()).deploy(asked).status
