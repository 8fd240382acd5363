"""The second proof of a name for real: in a VPC without a resolver of Slipway's, the records of the zone tell."""

from typing import Any

import pytest

from tests.local.local_cloud import LocalCloud, wait_for
from tests.local.samples import addresses
from tests.local.second_vpc import SecondVpc, named, second_vpc
from tests.local.stuck import accepted, deployed

FOREIGN = "10.0.200.250"


@pytest.fixture(scope="module")
def elsewhere(cloud: LocalCloud) -> SecondVpc:
    """Return a VPC in which Slipway has no resolver."""
    return second_vpc(cloud)


def dns(document: dict[str, Any]) -> dict[str, Any]:
    """Return what a deployment tells of the name of `hello`."""
    found: dict[str, Any] = document["services"]["hello"]["dns"]
    return found


def zone(cloud: LocalCloud, name: str) -> str:
    """Return the id of the hosted zone of a namespace."""
    zones = cloud.client("route53").list_hosted_zones_by_name(DNSName=name)["HostedZones"]
    return next(str(each["Id"]) for each in zones if each["Name"] == f"{name}.")


def records(cloud: LocalCloud, name: str) -> set[tuple[str, str, str]]:
    """Return name, type and value of each record in the zone of a namespace."""
    found = cloud.client("route53").list_resource_record_sets(HostedZoneId=zone(cloud, name))["ResourceRecordSets"]
    return {(each["Name"], each["Type"], each["ResourceRecords"][0]["Value"]) for each in found}


def change_record(cloud: LocalCloud, action: str) -> None:
    """Add or remove a record by which hello.foreign.internal has an address of no task."""
    record = {"Name": "hello.foreign.internal.", "Type": "A", "TTL": 10, "ResourceRecords": [{"Value": FOREIGN}]}
    change = {"Action": action, "ResourceRecordSet": record | {"SetIdentifier": "foreign", "MultiValueAnswer": True}}
    zone_id = zone(cloud, "foreign.internal")
    cloud.client("route53").change_resource_record_sets(HostedZoneId=zone_id, ChangeBatch={"Changes": [change]})


def test_records_prove_a_name(cloud: LocalCloud, elsewhere: SecondVpc) -> None:
    """The records of all running tasks, A and SRV, in a zone of their VPC prove a name; the deployment says so."""
    asked = named("elsewhere", discovery={"records": ["A", "SRV"]}, desired_count=2) | {"network": elsewhere.network}
    [ended] = deployed(cloud, asked)
    tasks = sorted(addresses(cloud, "elsewhere", "hello"))
    of_the_name = {each for each in records(cloud, "elsewhere.internal") if each[0] == "hello.elsewhere.internal."}
    lines = cloud.ask("GET", f"/deployments/{ended['id']}/events").document["events"]
    live = cloud.ask("GET", "/applications/elsewhere").document["services"]["hello"]["dns"]

    assert (2, "records", tasks, tasks) == (len(tasks), dns(ended)["by"], dns(ended)["addresses"], live["addresses"])
    assert tasks == sorted(value for _, type_, value in of_the_name if type_ == "A")
    assert {"SRV"} == {type_ for _, type_, _ in of_the_name} - {"A"}
    assert "hello deployed and stable, and the DNS records of hello lead to the tasks that run." == ended["verdict"]
    told = f"hello.elsewhere.internal, in a hosted zone of {elsewhere.vpc}, say {', '.join(tasks)}: proven."
    assert [] != [each for each in lines if each["message"].endswith(told)]


@pytest.mark.full
def test_a_resolver_proves_the_names_of_its_vpc(cloud: LocalCloud) -> None:
    """In the VPC of the resolver it is asked, and the records are not."""
    [ended] = deployed(cloud, named("here"))

    assert ("resolver", addresses(cloud, "here", "hello")) == (dns(ended)["by"], dns(ended)["addresses"])


def test_a_record_of_another_address(cloud: LocalCloud, elsewhere: SecondVpc) -> None:
    """While a record names an address of no running task, the name is not proven; without it, it is."""
    asked = named("foreign") | {"network": elsewhere.network}
    deployed(cloud, asked)
    change_record(cloud, "CREATE")
    late = cloud.deploy(asked | {"timeout_seconds": 4, "on_failure": "keep"})
    waiting = accepted(cloud, asked)
    seen = wait_for(lambda: _asked(cloud, waiting))
    change_record(cloud, "DELETE")

    assert ("timed_out", "records", None) == (late["status"], dns(late)["by"], dns(late)["proven_at"])
    assert FOREIGN in dns(late)["addresses"]
    assert ("running", True) == (seen["status"], FOREIGN in dns(seen)["addresses"])
    assert "succeeded" == cloud.ended(waiting)["status"]


@pytest.mark.full
def test_a_zone_of_another_vpc(cloud: LocalCloud, elsewhere: SecondVpc) -> None:
    """The right records prove nothing in a VPC that their zone does not serve, until it does."""
    asked = named("unserved", network=elsewhere.network)  # the namespace is made for the application's own VPC
    late = cloud.deploy(asked | {"timeout_seconds": 15, "on_failure": "keep"})
    [ip] = addresses(cloud, "unserved", "hello")
    waiting = accepted(cloud, asked)
    seen = wait_for(lambda: _asked(cloud, waiting))
    place = {"VPCRegion": "us-east-1", "VPCId": elsewhere.vpc}
    zone_id = zone(cloud, "unserved.internal")
    cloud.client("route53").associate_vpc_with_hosted_zone(HostedZoneId=zone_id, VPC=place)

    assert ("timed_out", [ip], None) == (late["status"], dns(late)["addresses"], dns(late)["proven_at"])
    assert f"the tasks run in {elsewhere.vpc}" in late["failure"]["cause"]
    assert "the hosted zone of unserved.internal serves vpc-" in late["failure"]["cause"]
    assert ("running", [ip], None) == (seen["status"], dns(seen)["addresses"], dns(seen)["proven_at"])
    assert "succeeded" == cloud.ended(waiting)["status"]


def _asked(cloud: LocalCloud, deployment_id: str) -> dict[str, Any] | None:
    """Return a deployment once the records of its name were read."""
    document = cloud.ask("GET", f"/deployments/{deployment_id}").document
    return document if dns(document)["by"] else None
