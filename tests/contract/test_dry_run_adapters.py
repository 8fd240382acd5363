"""What a dry run reads of AWS, over moto; and the function that it asks, over botocore's stubs."""

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from threading import Barrier
from typing import Any

import boto3
import pytest
from botocore.response import StreamingBody
from botocore.stub import Stubber
from moto import mock_aws

from chalicelib.aws.cloud_map import CloudMap, Namespace, Registered
from chalicelib.aws.load_balancer_document import Listener, Routed
from chalicelib.aws.load_balancers import LoadBalancers
from chalicelib.aws.logs import LogGroup, Logs
from chalicelib.aws.observer import Observer
from chalicelib.aws.task_definitions import TaskDefinitions
from chalicelib.errors import AwsError, AwsRefused, Throttled, TransientAws
from chalicelib.manifest import Manifest, Network, Route, RouteHealthCheck, Service
from chalicelib.preflight import Rule

TAGS = {f"slipway:{each}": each for each in ("application", "environment", "installation", "service")}


@pytest.fixture(scope="module", autouse=True)
def aws() -> Iterator[None]:
    """Lend an AWS in this process."""
    with mock_aws():
        yield


def client(service: str) -> Any:
    """Return a client of it."""
    return boto3.client(service, region_name="us-east-1")  # type: ignore[call-overload]


@pytest.fixture(scope="module")
def listener() -> Listener:
    """Return the listener of a load balancer."""
    ec2, elbv2 = client("ec2"), client("elbv2")
    vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    zones = [("us-east-1a", "10.1.1.0/24"), ("us-east-1b", "10.1.2.0/24")]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=cidr, AvailabilityZone=zone)["Subnet"]["SubnetId"]
        for zone, cidr in zones
    ]
    arn = elbv2.create_load_balancer(Name="planned", Subnets=subnets)["LoadBalancers"][0]["LoadBalancerArn"]
    action = [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}]
    elbv2.create_listener(LoadBalancerArn=arn, Protocol="HTTP", Port=80, DefaultActions=action)
    return LoadBalancers(elbv2, elbv2).listener("planned", 80)


def test_route_is_read_as_it_was_made(listener: Listener) -> None:
    """A route is not there, then there without its rule, then as it was asked for."""
    balancers, tags = LoadBalancers(client("elbv2"), client("elbv2")), {**TAGS, "slipway:service": "home"}
    check = RouteHealthCheck(path="/up", matcher="200-299", interval=15, timeout=4, healthy=3, unhealthy=4)
    route = Route(path="/home*", host="shop.example.com", priority=7, health_check=check, deregistration_delay=12)
    assert balancers.routed(listener, tags) is None
    group = balancers.ensure_target_group(route, 80, listener, tags, None)
    assert Routed(group, check, 12, None, listener.arn) == balancers.routed(listener, tags)
    balancers.ensure_rule(route, listener.arn, group, tags)
    routed = Routed(group, check, 12, Rule(7, ("/home*",), ("shop.example.com",), target_group=group), listener.arn)
    assert [routed, routed] == [balancers.routed(listener, tags), balancers.routed_by(group, tags)]
    asked = {"home": tags, "other": {**TAGS, "slipway:service": "other"}}
    assert {"home": routed} == balancers.routes(listener, balancers.rules(listener), asked)
    assert replace(routed, rule=None, listener="") == balancers.target_group(group)
    assert [True, False, False, False] == [
        balancers.leads(each, listener.arn, group)
        for each in (
            route.model_copy(update={"priority": None}),
            route.model_copy(update={"path": "/"}),
            route.model_copy(update={"host": None}),
            route.model_copy(update={"priority": 8}),
        )
    ]
    assert balancers.routed_by(group, {**TAGS, "slipway:service": "other"}) is None
    assert balancers.routed_by(f"{group}0", tags) is None


def waiting_for(together: Barrier) -> Callable[..., None]:
    """Return what has a call of botocore's wait until as many are under way."""

    def wait(**_: Any) -> None:
        together.wait(10)

    return wait


def test_target_groups_are_asked_side_by_side(listener: Listener) -> None:
    """ELB tells the attributes of one target group at a time: those of several are asked for at once."""
    elbv2 = client("elbv2")
    balancers, together = LoadBalancers(elbv2, elbv2), Barrier(4)
    tags = {each: {**TAGS, "slipway:service": each} for each in ("a", "b", "c", "d")}
    groups = {
        name: balancers.ensure_target_group(Route(path=f"/{name}"), 80, listener, own, None)
        for name, own in tags.items()
    }
    asking = "before-call.elastic-load-balancing-v2.DescribeTargetGroupAttributes"
    elbv2.meta.events.register(asking, waiting_for(together))
    found = balancers.routes(listener, (), tags)
    assert groups == {name: each.target_group for name, each in found.items()}


def test_task_definitions_are_asked_side_by_side() -> None:
    """ECS tells one task definition at a time: several are asked for at once, and none of them again."""
    ecs, together, names = client("ecs"), Barrier(4), ["a", "b", "c", "d"]
    containers: Any = [{"name": "web", "image": "web:1", "memory": 64}]
    for name in names:
        ecs.register_task_definition(family=name, containerDefinitions=containers)
    ecs.meta.events.register("before-call.ecs.DescribeTaskDefinition", waiting_for(together))
    definitions = TaskDefinitions(ecs, ecs, "us-east-1")
    for _ in range(2):
        held = definitions.read([f"{name}:1" for name in names])
        assert names == [task and task.family for task, _ in held.values()]


def test_log_group_is_read() -> None:
    """A log group is told with its retention, one that keeps everything with none, and none where none is."""
    logs = Logs(client("logs"))
    logs.ensure_group("/ecs/planned-home", 7, TAGS)
    client("logs").create_log_group(logGroupName="/ecs/planned-theirs")
    names = ("/ecs/planned-home", "/ecs/planned-theirs", "/ecs/planned")
    assert {names[0]: LogGroup(7), names[1]: LogGroup(None)} == logs.groups(names)
    assert {} == logs.groups([])
    logs.set_retention(names[0], None)
    logs.set_retention(names[1], 3)
    assert {names[0]: LogGroup(None), names[1]: LogGroup(3)} == logs.groups(names)


def test_cloud_map_service_is_read() -> None:
    """A Cloud Map service is told with its records, as ListServices summarises it."""
    discovery = client("servicediscovery")
    namespace = Namespace("ns-1", "shop.local", "shop.local")
    records = [{"Type": "A", "TTL": 10}, {"Type": "SRV", "TTL": 10}]
    answer = {"Services": [{"Name": "www", "Arn": "arn:www", "DnsConfig": {"DnsRecords": records}}]}
    with Stubber(discovery) as stub:
        stub.add_response("list_services", answer)
        found = CloudMap(discovery).registered(namespace)
    assert {"www": Registered("arn:www", ("A", "SRV"), 10)} == found


def test_registrants_of_a_name() -> None:
    """The tasks that are registered tell their ECS services, each once; an instance that is no task tells none."""
    discovery = client("servicediscovery")
    task = {"AWS_INSTANCE_IPV4": "10.0.0.1", "ECS_CLUSTER_NAME": "shop", "ECS_SERVICE_NAME": "web"}
    instances = [{"Id": "1", "Attributes": task}, {"Id": "2", "Attributes": task}, {"Id": "3", "Attributes": {}}]
    with Stubber(discovery) as stub:
        stub.add_response("list_instances", {"Instances": instances}, {"ServiceId": "srv-1"})
        assert {("shop", "web")} == CloudMap(discovery).registrants("arn:aws:servicediscovery:r:1:service/srv-1")


def test_addresses_of_a_name() -> None:
    """All addresses that are registered count, whatever their health; an instance without one has none."""
    discovery = client("servicediscovery")
    healths = zip(("10.0.0.1", "10.0.0.2"), ("HEALTHY", "UNHEALTHY"), strict=True)
    attributes = [{"AWS_INSTANCE_IPV4": at, "AWS_INIT_HEALTH_STATUS": health} for at, health in healths]
    instances = [{"Id": str(number), "Attributes": each} for number, each in enumerate((*attributes, {}))]
    with Stubber(discovery) as stub:
        stub.add_response("list_instances", {"Instances": instances}, {"ServiceId": "srv-1"})
        found = CloudMap(discovery).registered_addresses("arn:aws:servicediscovery:r:1:service/srv-1")
    assert {"10.0.0.1", "10.0.0.2"} == found


def manifest() -> Manifest:
    """Return a manifest."""
    return Manifest(
        application="shop", network=Network(vpc="vpc-1", subnets=("a",)), services={"home": Service(image="a")}
    )


def observed(body: dict[str, Any], **answer: str) -> dict[str, Any]:
    """Ask an `observe` function that answers so."""
    client_of_lambda, text = client("lambda"), json.dumps(body).encode()
    payload = json.dumps({"state": "DryRun", "manifest": manifest().model_dump_json(), "force": True}).encode()
    with Stubber(client_of_lambda) as stub:
        said = {"StatusCode": 200, "Payload": StreamingBody(io.BytesIO(text), len(text)), **answer}
        stub.add_response("invoke", said, {"FunctionName": "observe", "Payload": payload})
        return Observer(client_of_lambda, "observe").dry_run(manifest(), force=True)


def test_observe_is_asked() -> None:
    """The function is sent the manifest and what is asked beside it, and its answer is the plan."""
    assert {"dry_run": True} == observed({"dry_run": True})


@pytest.mark.parametrize(
    ("kind", "error"), [("Throttled", Throttled), ("TransientAws", TransientAws), ("KeyError", AwsRefused)]
)
def test_observe_that_fails(kind: str, error: type[AwsError]) -> None:
    """What may go through when it is sent again is told apart from what is broken."""
    with pytest.raises(error, match="in its words"):
        observed({"errorType": kind, "errorMessage": "in its words"}, FunctionError="Unhandled")
