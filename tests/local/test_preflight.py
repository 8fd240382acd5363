"""Preflight for real: everything that is wrong is told at once, and nothing was made."""

from typing import Any

import pytest

from tests.local.local_cloud import LocalCloud, hello, wait_for
from tests.local.registry import pushed


def test_two_wrong_things_at_once(cloud: LocalCloud) -> None:
    """A subnet and a load balancer that are not there give both findings; nothing was made, and the lock is gone."""
    wrong = hello("preflight") | {
        "namespace": "preflight.local",
        "network": {"subnets": ["private", "nowhere"]},
        "load_balancer": {"name": "nobody"},
    }
    failed = cloud.deploy(wrong)
    evidence = failed["failure"]["evidence"]

    assert ("failed", "preflight_failed") == (failed["status"], failed["failure"]["code"])
    assert ["/network/subnets/1", "/load_balancer"] == [each["resource"] for each in evidence]
    assert {"preflight"} == {each["kind"] for each in evidence}
    assert [] == cloud.client("ecs").describe_clusters(clusters=["preflight"])["clusters"]
    namespaces = cloud.client("servicediscovery").list_namespaces()["Namespaces"]
    assert "preflight.local" not in [each["Name"] for each in namespaces]
    assert "succeeded" == cloud.deploy(hello("preflight"))["status"]


def test_what_is_there_gives_no_finding(cloud: LocalCloud) -> None:
    """The local account passes its own preflight, warnings included."""
    ended = cloud.deploy(hello("passes", discovery={}) | {"namespace": "passes.local"})
    again = cloud.deploy(hello("passes", discovery={}) | {"namespace": "passes.local"})
    timelines = [cloud.ask("GET", f"/deployments/{each['id']}/events").document["events"] for each in (ended, again)]

    assert ("succeeded", "succeeded") == (ended["status"], again["status"])
    assert [] == [line["message"] for lines in timelines for line in lines if line["phase"] == "preflight"]


@pytest.mark.full
def test_a_namespace_of_another_vpc(cloud: LocalCloud) -> None:
    """A namespace that was made for another VPC is refused; its hosted zone says so, and goes with it."""
    discovery, vpc = cloud.client("servicediscovery"), cloud.client("ec2").create_vpc(CidrBlock="10.7.0.0/16")
    discovery.create_private_dns_namespace(Name="taken.local", Vpc=vpc["Vpc"]["VpcId"])
    namespace = wait_for(lambda: _namespace(cloud, "taken.local"))
    failed = cloud.deploy(hello("taken", discovery={}) | {"namespace": "taken.local"})

    assert ("failed", "namespace_taken") == (failed["status"], failed["failure"]["code"])
    assert vpc["Vpc"]["VpcId"] in failed["failure"]["cause"]
    assert ["taken.local."] == [each for each in zones(cloud) if "taken" in each]
    discovery.delete_namespace(Id=namespace["Id"])
    wait_for(lambda: None if _namespace(cloud, "taken.local") else True)
    assert [] == [each for each in zones(cloud) if "taken" in each]


def _namespace(cloud: LocalCloud, name: str) -> dict[str, Any] | None:
    found: list[dict[str, Any]] = cloud.client("servicediscovery").list_namespaces()["Namespaces"]
    return next((each for each in found if each["Name"] == name), None)


def zones(cloud: LocalCloud) -> list[str]:
    """Return the names of the hosted zones."""
    return [each["Name"] for each in cloud.client("route53").list_hosted_zones()["HostedZones"]]


@pytest.mark.full
def test_a_name_of_another_service(cloud: LocalCloud) -> None:
    """A name of another application, or one that somebody else's tasks are registered in, is refused."""
    first = hello("first", discovery={"name": "shared"}) | {"namespace": "names.local"}
    second = hello("second", discovery={"name": "shared"}) | {"namespace": "names.local"}
    assert "succeeded" == cloud.deploy(first)["status"]
    of_another_application = cloud.deploy(second)
    discovery = cloud.client("servicediscovery")
    (arn,) = [each["Arn"] for each in discovery.list_services()["Services"] if each["Name"] == "shared"]
    keys = [each["Key"] for each in discovery.list_tags_for_resource(ResourceARN=arn)["Tags"]]
    discovery.untag_resource(ResourceARN=arn, TagKeys=keys)
    of_somebody_else = cloud.deploy(second)

    assert ["discovery_name_taken"] * 2 == [
        each["failure"]["code"] for each in (of_another_application, of_somebody_else)
    ]
    assert "slipway:application=first" in of_another_application["failure"]["cause"]
    assert "the ECS service first/hello" in of_somebody_else["failure"]["cause"]
    assert "succeeded" == cloud.deploy(first)["status"]


def test_no_room(cloud: LocalCloud) -> None:
    """A task that is larger than every container instance is refused, with what they have left."""
    large = hello("large", launch_type="EC2", cpu=8192, memory=1024) | {"cluster": "default"}
    failed = cloud.deploy(large)

    assert ("failed", "no_room") == (failed["status"], failed["failure"]["code"])
    assert "4096 and 7680" in failed["failure"]["cause"]


def test_an_image_for_another_architecture(cloud: LocalCloud) -> None:
    """A single image that ECR has for another architecture is refused: its configuration is read."""
    failed = cloud.deploy(hello("for-arm", image=pushed(cloud, "for-arm", "arm64")))

    assert ("failed", "image_architecture") == (failed["status"], failed["failure"]["code"])
    assert "is built for arm64, hello runs on x86_64" in failed["failure"]["cause"]
