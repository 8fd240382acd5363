"""What must be true of Cloud Map: asynchronous changes, AWS's refusals, and answers that AWS's own client reads."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from localcloud.clock import Clock
from localcloud.discovery import CloudMap
from localcloud.faults import AwsFault


@dataclass(frozen=True)
class HandClock(Clock):
    """A clock that a test moves."""

    moved: list[timedelta] = field(default_factory=list)

    def now(self) -> datetime:
        """Return the start of the test plus all moves."""
        return datetime(2026, 1, 1, tzinfo=UTC) + sum(self.moved, timedelta())

    def move(self, seconds: float) -> None:
        """Let time pass."""
        self.moved.append(timedelta(seconds=seconds))


@pytest.fixture
def clock() -> HandClock:
    """Return a clock at AWS's own speed."""
    return HandClock(speed=1.0)


@pytest.fixture
def cloud_map(clock: HandClock) -> CloudMap:
    """Return a Cloud Map in which every VPC exists but vpc-gone."""
    return CloudMap(clock=clock, vpc_exists=lambda vpc: vpc != "vpc-gone")


def namespace_id(cloud_map: CloudMap, clock: HandClock, name: str = "internal.com", vpc: str = "vpc-1") -> str:
    """Create a namespace, wait for it, and return its id."""
    started = cloud_map.handle("CreatePrivateDnsNamespace", {"Name": name, "Vpc": vpc})
    clock.move(20)
    targets: dict[str, str] = cloud_map.handle("GetOperation", started)["Operation"]["Targets"]
    return targets["NAMESPACE"]


def service(cloud_map: CloudMap, namespace: str, name: str = "home", types: tuple[str, ...] = ("A",)) -> dict[str, Any]:
    """Create a service with a custom health check and return its description."""
    records = [{"Type": type_, "TTL": 10} for type_ in types]
    request = {"Name": name, "NamespaceId": namespace, "DnsConfig": {"DnsRecords": records}}
    created: dict[str, Any] = cloud_map.handle("CreateService", {**request, "HealthCheckCustomConfig": {}})["Service"]
    return created


def refusal(cloud_map: CloudMap, operation: str, request: dict[str, Any]) -> AwsFault:
    """Return what AWS refuses a request with."""
    with pytest.raises(AwsFault) as refused:
        cloud_map.handle(operation, request)
    return refused.value


def test_namespace_takes_its_time(cloud_map: CloudMap, clock: HandClock) -> None:
    """A namespace's operation is SUBMITTED, PENDING, then SUCCESS, and only then the namespace is there."""
    started = cloud_map.handle("CreatePrivateDnsNamespace", {"Name": "internal.com", "Vpc": "vpc-1"})
    seen = []
    for seconds in (0, 5, 15):
        clock.move(seconds)
        status = cloud_map.handle("GetOperation", started)["Operation"]["Status"]
        seen.append((status, len(cloud_map.handle("ListNamespaces", {})["Namespaces"])))

    assert seen == [("SUBMITTED", 0), ("PENDING", 0), ("SUCCESS", 1)]


def test_speed_divides_the_time() -> None:
    """At speed 20 a namespace is there after a second."""
    fast = HandClock(speed=20.0)
    cloud_map = CloudMap(clock=fast)
    started = cloud_map.handle("CreatePrivateDnsNamespace", {"Name": "internal.com", "Vpc": "vpc-1"})
    fast.move(1)

    assert cloud_map.handle("GetOperation", started)["Operation"]["Status"] == "SUCCESS"


def test_unknown_vpc_fails_the_operation(cloud_map: CloudMap, clock: HandClock) -> None:
    """With a VPC that is not there, the call succeeds, its operation FAILs, and the name stays free."""
    started = cloud_map.handle("CreatePrivateDnsNamespace", {"Name": "internal.com", "Vpc": "vpc-gone"})
    clock.move(20)
    operation = cloud_map.handle("GetOperation", started)["Operation"]

    assert (operation["Status"], operation["ErrorCode"]) == ("FAIL", "CANNOT_CREATE_HOSTED_ZONE")
    assert "vpc-gone" in operation["ErrorMessage"]
    assert cloud_map.handle("ListNamespaces", {})["Namespaces"] == []


def test_second_request_while_it_runs(cloud_map: CloudMap) -> None:
    """The same namespace asked for twice is a DuplicateRequest that names the operation under way."""
    request = {"Name": "internal.com", "Vpc": "vpc-1", "CreatorRequestId": "dep_1"}
    started = cloud_map.handle("CreatePrivateDnsNamespace", request)
    refused = refusal(cloud_map, "CreatePrivateDnsNamespace", request)

    assert (refused.code, refused.status) == ("DuplicateRequest", 409)
    assert {"DuplicateOperationId": started["OperationId"]} == refused.members


def test_namespace_that_is_there(cloud_map: CloudMap, clock: HandClock) -> None:
    """A namespace that is there is NamespaceAlreadyExists with its id; other names in that VPC are free."""
    first = namespace_id(cloud_map, clock)
    refused = refusal(cloud_map, "CreatePrivateDnsNamespace", {"Name": "internal.com", "Vpc": "vpc-1"})
    other = namespace_id(cloud_map, clock, name="other.com")

    assert ("NamespaceAlreadyExists", 400, first) == (refused.code, refused.status, refused.members["NamespaceId"])
    assert first != other


def test_same_name_in_two_vpcs(cloud_map: CloudMap, clock: HandClock) -> None:
    """The second namespace of a name has another HttpName, and DiscoverInstances tells them apart by it."""
    ids = [namespace_id(cloud_map, clock, vpc=vpc) for vpc in ("vpc-1", "vpc-2")]
    described = [cloud_map.handle("GetNamespace", {"Id": id_})["Namespace"] for id_ in ids]
    names = [one["Properties"]["HttpProperties"]["HttpName"] for one in described]
    service(cloud_map, ids[1], name="home")
    request = {"NamespaceName": names[0], "ServiceName": "home"}

    assert names[0] == "internal.com" != names[1]
    assert refusal(cloud_map, "DiscoverInstances", request).code == "ServiceNotFound"
    assert cloud_map.handle("DiscoverInstances", {**request, "NamespaceName": names[1]})["Instances"] == []


def test_soa_ttl(cloud_map: CloudMap, clock: HandClock) -> None:
    """The SOA's TTL is kept from the creation and changed by an update."""
    soa = {"DnsProperties": {"SOA": {"TTL": 15}}}
    cloud_map.handle("CreatePrivateDnsNamespace", {"Name": "internal.com", "Vpc": "vpc-1", "Properties": soa})
    clock.move(20)
    namespace = cloud_map.handle("ListNamespaces", {})["Namespaces"][0]
    soa["DnsProperties"]["SOA"]["TTL"] = 5
    cloud_map.handle("UpdatePrivateDnsNamespace", {"Id": namespace["Id"], "Namespace": {"Properties": soa}})
    clock.move(20)
    updated = cloud_map.handle("GetNamespace", {"Id": namespace["Id"]})["Namespace"]

    assert namespace["Properties"]["DnsProperties"]["SOA"] == {"TTL": 15}
    assert updated["Properties"]["DnsProperties"]["SOA"] == {"TTL": 5}


def test_service_that_is_there(cloud_map: CloudMap, clock: HandClock) -> None:
    """A service that is there is ServiceAlreadyExists with its id and ARN."""
    namespace = namespace_id(cloud_map, clock)
    first = service(cloud_map, namespace)
    refused = refusal(cloud_map, "CreateService", {"Name": "home", "NamespaceId": namespace, "CreatorRequestId": "x"})

    assert (refused.code, refused.status) == ("ServiceAlreadyExists", 400)
    assert (first["Id"], first["Arn"]) == (refused.members["ServiceId"], refused.members["ServiceArn"])


def test_deletion_order(cloud_map: CloudMap, clock: HandClock) -> None:
    """A namespace with services and a service with instances are ResourceInUse; emptied, they go."""
    namespace = namespace_id(cloud_map, clock)
    home = service(cloud_map, namespace)
    cloud_map.register(home["Arn"], "i-1", {"AWS_INSTANCE_IPV4": "127.0.0.2"}, healthy=True)
    refused = [refusal(cloud_map, "DeleteNamespace", {"Id": namespace}), refusal(cloud_map, "DeleteService", home)]
    cloud_map.deregister(home["Arn"], "i-1")
    cloud_map.handle("DeleteService", {"Id": home["Id"]})
    cloud_map.handle("DeleteNamespace", {"Id": namespace})
    clock.move(20)

    assert [(one.code, one.status) for one in refused] == [("ResourceInUse", 409)] * 2
    assert refusal(cloud_map, "GetNamespace", {"Id": namespace}).code == "NamespaceNotFound"


def test_same_name_same_id(cloud_map: CloudMap, clock: HandClock) -> None:
    """A service deleted and created again under its name has its old id, and no instances."""
    namespace = namespace_id(cloud_map, clock)
    first = service(cloud_map, namespace)
    cloud_map.handle("DeleteService", {"Id": first["Id"]})
    second = service(cloud_map, namespace)

    assert (first["Id"], 0) == (second["Id"], second["InstanceCount"])


@pytest.mark.parametrize(
    ("types", "accepted"),
    [
        (("A",), True),
        (("A", "AAAA"), True),
        (("SRV",), True),
        (("A", "SRV"), True),
        (("A", "A"), False),
        (("A", "CNAME"), False),
        (("CNAME",), False),
        (("TXT",), False),
    ],
)
def test_record_types(cloud_map: CloudMap, clock: HandClock, types: tuple[str, ...], *, accepted: bool) -> None:
    """Addresses and SRV may stand together; CNAME stands alone and is WEIGHTED; other types are InvalidInput."""
    namespace = namespace_id(cloud_map, clock)
    records = [{"Type": type_, "TTL": 10} for type_ in types]
    request = {"Name": "home", "NamespaceId": namespace, "DnsConfig": {"DnsRecords": records}}
    if accepted:
        created = cloud_map.handle("CreateService", request)["Service"]
        assert types == cloud_map.record_types(created["Arn"])
        assert created["DnsConfig"]["RoutingPolicy"] == "MULTIVALUE"
    else:
        assert refusal(cloud_map, "CreateService", request).code == "InvalidInput"


def test_update_changes_ttl_only(cloud_map: CloudMap, clock: HandClock) -> None:
    """UpdateService changes the TTL when its operation ends, and refuses another type of record."""
    home = service(cloud_map, namespace_id(cloud_map, clock))
    other = {"DnsConfig": {"DnsRecords": [{"Type": "SRV", "TTL": 10}]}}
    cloud_map.handle(
        "UpdateService", {"Id": home["Id"], "Service": {"DnsConfig": {"DnsRecords": [{"Type": "A", "TTL": 60}]}}}
    )
    before = cloud_map.handle("GetService", {"Id": home["Id"]})["Service"]["DnsConfig"]["DnsRecords"]
    clock.move(5)
    after = cloud_map.handle("GetService", {"Id": home["Id"]})["Service"]["DnsConfig"]["DnsRecords"]

    assert (before[0]["TTL"], after[0]["TTL"]) == (10, 60)
    assert refusal(cloud_map, "UpdateService", {"Id": home["Id"], "Service": other}).code == "InvalidInput"


def discovered(cloud_map: CloudMap, **more: Any) -> set[str]:
    """Return the ids that DiscoverInstances finds behind home.internal.com."""
    request = {"NamespaceName": "internal.com", "ServiceName": "home", **more}
    return {one["InstanceId"] for one in cloud_map.handle("DiscoverInstances", request)["Instances"]}


def test_discover_by_health(cloud_map: CloudMap, clock: HandClock) -> None:
    """DiscoverInstances returns the instances of the health asked for, and all of them when none is healthy."""
    home = service(cloud_map, namespace_id(cloud_map, clock))
    cloud_map.register(home["Arn"], "good", {"AWS_INSTANCE_IPV4": "127.0.0.2", "v": "1"}, healthy=True)
    cloud_map.register(home["Arn"], "bad", {"AWS_INSTANCE_IPV4": "127.0.0.3", "v": "2"}, healthy=False)
    by_health = {one: discovered(cloud_map, HealthStatus=one) for one in ("HEALTHY", "UNHEALTHY", "ALL")}
    by_attribute = discovered(cloud_map, HealthStatus="ALL", QueryParameters={"v": "2"})
    cloud_map.deregister(home["Arn"], "good")

    assert {"HEALTHY": {"good"}, "UNHEALTHY": {"bad"}, "ALL": {"good", "bad"}} == by_health
    assert {"bad"} == by_attribute
    assert (set(), {"bad"}) == (
        discovered(cloud_map, HealthStatus="HEALTHY"),
        discovered(cloud_map, HealthStatus="HEALTHY_OR_ELSE_ALL"),
    )


def test_revision_grows(cloud_map: CloudMap, clock: HandClock) -> None:
    """InstancesRevision grows with every change of instances, and with nothing else."""
    home = service(cloud_map, namespace_id(cloud_map, clock))
    asked = {"NamespaceName": "internal.com", "ServiceName": "home"}

    def revision() -> int:
        return int(cloud_map.handle("DiscoverInstancesRevision", asked)["InstancesRevision"])

    seen = [revision(), revision()]
    cloud_map.register(home["Arn"], "one", {"AWS_INSTANCE_IPV4": "127.0.0.2"}, healthy=True)
    seen.append(revision())
    cloud_map.deregister(home["Arn"], "one")
    cloud_map.deregister(home["Arn"], "never there")
    seen.append(revision())

    assert seen == [1, 1, 2, 3]


def test_custom_health_takes_30_seconds(cloud_map: CloudMap, clock: HandClock) -> None:
    """UpdateInstanceCustomHealthStatus shows its effect 30 seconds later."""
    home = service(cloud_map, namespace_id(cloud_map, clock))
    cloud_map.register(home["Arn"], "one", {"AWS_INSTANCE_IPV4": "127.0.0.2"}, healthy=True)
    request = {"ServiceId": home["Id"], "InstanceId": "one"}
    cloud_map.handle("UpdateInstanceCustomHealthStatus", {**request, "Status": "UNHEALTHY"})
    seen = []
    for seconds in (29, 1):
        clock.move(seconds)
        seen.append(cloud_map.handle("GetInstancesHealthStatus", {"ServiceId": home["Id"]})["Status"]["one"])

    assert seen == ["HEALTHY", "UNHEALTHY"]


def test_not_found(cloud_map: CloudMap, clock: HandClock) -> None:
    """What is not there is a 404 with the code of its kind."""
    home = service(cloud_map, namespace_id(cloud_map, clock))
    refused = [
        refusal(cloud_map, "GetNamespace", {"Id": "ns-x"}),
        refusal(cloud_map, "GetService", {"Id": "srv-x"}),
        refusal(cloud_map, "GetInstance", {"ServiceId": home["Id"], "InstanceId": "x"}),
        refusal(cloud_map, "GetOperation", {"OperationId": "x"}),
    ]

    codes = ["NamespaceNotFound", "ServiceNotFound", "InstanceNotFound", "OperationNotFound"]
    assert [(code, 404) for code in codes] == [(one.code, one.status) for one in refused]
    assert cloud_map.record_types("arn:aws:servicediscovery:us-east-1:000000000000:service/srv-x") is None


def test_unknown_operation(cloud_map: CloudMap) -> None:
    """An operation that the local cloud does not have is refused with a sentence that says so."""
    assert "has no CreateHttpNamespace" in refusal(cloud_map, "CreateHttpNamespace", {}).message


def test_many_threads(cloud_map: CloudMap, clock: HandClock) -> None:
    """Registrations from many threads are all there, and the revision counted each."""
    home = service(cloud_map, namespace_id(cloud_map, clock))

    def register(worker: int) -> None:
        for number in range(50):
            cloud_map.register(home["Arn"], f"{worker}-{number}", {"AWS_INSTANCE_IPV4": "127.0.0.2"}, healthy=True)

    threads = [threading.Thread(target=register, args=(worker,)) for worker in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert cloud_map.handle("GetService", {"Id": home["Id"]})["Service"]["InstanceCount"] == 400
    asked = {"NamespaceName": "internal.com", "ServiceName": "home"}
    assert cloud_map.handle("DiscoverInstancesRevision", asked) == {"InstancesRevision": 401}


@contextmanager
def served(cloud_map: CloudMap) -> Iterator[str]:
    """Serve Cloud Map's JSON protocol over HTTP; yield the endpoint."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            operation = self.headers["X-Amz-Target"].rpartition(".")[2]
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            try:
                status, body = 200, cloud_map.handle(operation, request)
            except AwsFault as fault:
                status, body = fault.status, {"__type": fault.code, "message": fault.message, **fault.members}
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def test_through_boto3(cloud_map: CloudMap, clock: HandClock) -> None:
    """AWS's own client drives a namespace from its creation to its deletion, and reads every answer and refusal."""
    with served(cloud_map) as endpoint:
        client = boto3.client(
            "servicediscovery",
            region_name="us-east-1",
            endpoint_url=endpoint,
            aws_access_key_id="local",
            aws_secret_access_key="local",
            config=Config(inject_host_prefix=False, retries={"total_max_attempts": 1}),
        )
        started = client.create_private_dns_namespace(
            Name="internal.com", Vpc="vpc-1", Tags=[{"Key": "slipway:application", "Value": "home"}]
        )
        submitted = client.get_operation(OperationId=started["OperationId"])["Operation"]
        clock.move(20)
        equal: Any = [{"Name": "NAME", "Values": ["internal.com"], "Condition": "EQ"}]
        namespace = client.list_namespaces(Filters=equal)["Namespaces"][0]
        created = client.create_service(
            Name="home",
            NamespaceId=namespace["Id"],
            DnsConfig={"DnsRecords": [{"Type": "A", "TTL": 10}]},
            HealthCheckCustomConfig={"FailureThreshold": 1},
        )["Service"]
        with pytest.raises(ClientError) as taken:
            client.create_service(Name="home", NamespaceId=namespace["Id"])
        client.register_instance(
            ServiceId=created["Id"], InstanceId="one", Attributes={"AWS_INSTANCE_IPV4": "127.0.0.2"}
        )
        clock.move(5)
        in_namespace: Any = [{"Name": "NAMESPACE_ID", "Values": [namespace["Id"]]}]
        services = client.list_services(Filters=in_namespace)["Services"]
        found = client.discover_instances(NamespaceName="internal.com", ServiceName="home", HealthStatus="HEALTHY")
        tags = client.list_tags_for_resource(ResourceARN=namespace["Arn"])["Tags"]
        client.deregister_instance(ServiceId=created["Id"], InstanceId="one")
        clock.move(5)
        client.delete_service(Id=created["Id"])
        client.delete_namespace(Id=namespace["Id"])
        clock.move(20)
        left = client.list_namespaces()["Namespaces"]
        operations = client.list_operations()["Operations"]
        client.close()

    assert (submitted["Status"], submitted["Type"]) == ("SUBMITTED", "CREATE_NAMESPACE")
    assert datetime(2026, 1, 1, tzinfo=UTC) == submitted["CreateDate"]
    refused: Any = taken.value.response
    assert ("ServiceAlreadyExists", created["Id"]) == (
        refused["Error"]["Code"],
        refused["ServiceId"],
    )
    assert [one["InstanceCount"] for one in services] == [1]
    assert [(one["InstanceId"], one["HealthStatus"]) for one in found["Instances"]] == [("one", "HEALTHY")]
    assert tags == [{"Key": "slipway:application", "Value": "home"}]
    assert (left, len(operations)) == ([], 4)
