"""What must be true of the zones behind namespaces: Route 53 lists the records that Cloud Map's names have."""

from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from chalicelib.aws.hosted_zones import HostedZones
from chalicelib.decide import Answer, recorded
from localcloud.discovery import CloudMap
from localcloud.hosted_zones import MotoZones
from tests.local.test_discovery import HandClock, namespace_id, service

ACCOUNT = "123456789012"
NAME = "home.zones.internal"


@pytest.fixture
def clock() -> HandClock:
    """Return a clock at AWS's own speed."""
    return HandClock(speed=1.0)


@pytest.fixture
def cloud_map(clock: HandClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[CloudMap]:
    """Lend a Cloud Map whose zones are in a Route 53 of this process."""
    monkeypatch.setenv("MOTO_ACCOUNT_ID", ACCOUNT)  # a local cloud that ran in this process has left its own
    with mock_aws():
        yield CloudMap(clock=clock, zones=MotoZones(ACCOUNT))


@pytest.mark.parametrize("types", [("A",), ("SRV",), ("A", "SRV")])
def test_records_follow_the_instances(cloud_map: CloudMap, clock: HandClock, types: tuple[str, ...]) -> None:
    """Each healthy instance has its records, from when it is registered until it is unhealthy or gone."""
    namespace = namespace_id(cloud_map, clock, "zones.internal")
    arn = service(cloud_map, namespace, types=types)["Arn"]
    zone = _zone_id(cloud_map, namespace)
    seen = [_answers(zone, types)]
    for number, healthy in ((1, True), (2, True), (3, False)):
        attributes = {"AWS_INSTANCE_IPV4": f"10.0.0.{number}", "AWS_INSTANCE_PORT": "80"}
        cloud_map.register(arn, f"i-{number}", attributes, healthy)
    seen.append(_answers(zone, types))
    cloud_map.deregister(arn, "i-1")
    seen.append(_answers(zone, types))
    ttl = _ttls(zone)
    cloud_map.deregister(arn, "i-2")
    cloud_map.deregister(arn, "i-3")
    seen.append(_answers(zone, types))

    assert [(), ("10.0.0.1", "10.0.0.2"), ("10.0.0.2",), ()] == seen
    assert {10} == ttl


def test_ttl_follows_the_service(cloud_map: CloudMap, clock: HandClock) -> None:
    """The TTL of a service that is updated is that of its records."""
    namespace = namespace_id(cloud_map, clock, "zones.internal")
    made = service(cloud_map, namespace)
    cloud_map.register(made["Arn"], "i-1", {"AWS_INSTANCE_IPV4": "10.0.0.1"}, healthy=True)
    change = {"DnsConfig": {"DnsRecords": [{"Type": "A", "TTL": 33}]}}
    started = cloud_map.handle("UpdateService", {"Id": made["Id"], "Service": change})
    clock.move(60)

    assert "SUCCESS" == cloud_map.handle("GetOperation", started)["Operation"]["Status"]
    assert {33} == _ttls(_zone_id(cloud_map, namespace))


def _zone_id(cloud_map: CloudMap, namespace: str) -> str:
    properties = cloud_map.handle("GetNamespace", {"Id": namespace})["Namespace"]["Properties"]
    return str(properties["DnsProperties"]["HostedZoneId"])


def _answers(zone: str, types: tuple[str, ...]) -> tuple[str, ...]:
    """Return the addresses that the records of the name have, of each type the same, and SRV with their port."""
    found = HostedZones(boto3.client("route53")).records(zone, NAME)
    answers = {each: recorded(found, NAME, srv=each == "SRV") for each in types}
    [addresses] = {each.addresses for each in answers.values()}
    assert ((80,) if "SRV" in types and addresses else ()) == answers.get("SRV", Answer()).ports
    return addresses


def _ttls(zone: str) -> set[int]:
    found = boto3.client("route53").list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    return {each["TTL"] for each in found if each["Name"].endswith(f"{NAME}.")}
