"""Adapters of one-off tasks, their logs and scalable targets, over moto."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from moto import mock_aws

from chalicelib.aws.autoscaling import AutoScaling, Policy, Scaled, resource_label, scaled_as
from chalicelib.aws.command import Command
from chalicelib.aws.logs import Logs, LogStream
from chalicelib.aws.tasks import Tasks
from chalicelib.decide import OneOffTask
from chalicelib.diagnosis import StoppedContainer, StoppedTask
from chalicelib.errors import AwsRefused, TransientAws
from chalicelib.manifest import Scaling
from chalicelib.specs import Placement, ServiceSpec

CLUSTER, SERVICE = "shop", "home"
LOG = {"awslogs-group": "/ecs/shop-home", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "web"}
COMMAND = Command("web", ("migrate", "--all"))
TAGS = {"slipway:service": SERVICE}
NOW = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
CPU = Policy("ECSServiceAverageCPUUtilization", 60.0)


@pytest.fixture(autouse=True)
def aws() -> Iterator[None]:
    """Lend an AWS in this process, with one service."""
    with mock_aws():
        ecs = client("ecs")
        ecs.create_cluster(clusterName=CLUSTER)
        containers = [
            {"name": name, "image": name, "memory": 256, "logConfiguration": {"logDriver": "awslogs", "options": LOG}}
            for name in ("redis", "web")
        ]
        ecs.register_task_definition(
            family="shop-home", cpu="256", memory="512", networkMode="awsvpc", containerDefinitions=containers
        )
        ecs.create_service(cluster=CLUSTER, serviceName=SERVICE, taskDefinition="shop-home", desiredCount=1)
        yield


def client(service: str) -> Any:
    """Return a client of it."""
    return boto3.client(service, region_name="us-east-1")  # type: ignore[call-overload]


def spec() -> ServiceSpec:
    """Return where the service runs."""
    ec2 = client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.2.0.0/16")["Vpc"]["VpcId"]
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.2.1.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="web", Description="web", VpcId=vpc)["GroupId"]
    return ServiceSpec("shop-home:1", 1, 100, 200, True, 0, Placement((subnet,), (group,)), None, ())


def test_task_runs_the_command_in_its_container() -> None:
    """A task is started with the command, who asked for it, and its tags."""
    arn = Tasks(client("ecs")).run(CLUSTER, spec(), COMMAND, started_by="dep_1/home", tags=TAGS, token="x" * 36)
    (task,) = client("ecs").describe_tasks(cluster=CLUSTER, tasks=[arn], include=["TAGS"])["tasks"]
    overrides = task["overrides"]["containerOverrides"]
    assert [{"name": "web", "command": ["migrate", "--all"]}] == overrides
    assert ("dep_1/home", "FARGATE") == (task["startedBy"], task["launchType"])


def described(**changes: Any) -> dict[str, Any]:
    """Return what DescribeTasks says of a task, which moto says without the instants."""
    task = {
        "taskArn": "arn:task/shop/1",
        "taskDefinitionArn": "shop-home:1",
        "lastStatus": "RUNNING",
        "createdAt": NOW,
        "overrides": {"containerOverrides": [{"name": "redis"}, {"name": "web", "command": ["migrate", "--all"]}]},
    }
    return {"tasks": [{**task, **changes}]}


def found(answer: dict[str, Any]) -> OneOffTask | None:
    """Return the task that an answer of DescribeTasks shows."""
    ecs = client("ecs")
    with Stubber(ecs) as stub:
        stub.add_response("describe_tasks", answer)
        return Tasks(ecs).find(CLUSTER, "arn:task/shop/1")


def test_running_task_is_found() -> None:
    """A task is found with the container of its command, and where that writes."""
    task = found(described())
    assert OneOffTask("arn:task/shop/1", "shop-home:1", "web", "RUNNING", NOW) == task
    stream = Tasks(client("ecs")).log_stream("arn:task/shop/1", "shop-home:1", "web")
    assert LogStream("/ecs/shop-home", "web/web/1") == stream


def test_end_is_that_of_the_command() -> None:
    """A task that stopped tells how its command ended, not how the containers beside it did."""
    reason = "Essential container in task exited"
    containers = [{"name": "redis", "exitCode": 137}, {"name": "web", "exitCode": 0}]
    task = found(described(lastStatus="STOPPED", stoppedReason=reason, containers=containers))
    assert task is not None
    redis, web = StoppedContainer("redis", exit_code=137), StoppedContainer("web", exit_code=0)
    ended = StoppedTask("arn:task/shop/1", "", reason, None, 0, None, "shop-home:1", "web", (redis, web))
    assert ended == task.end


def test_log_of_another_driver_cannot_be_found() -> None:
    """A container without awslogs writes where we do not look."""
    ecs = client("ecs")
    container = {"name": "web", "image": "web", "memory": 256}
    made = ecs.register_task_definition(family="mute", containerDefinitions=[container])["taskDefinition"]
    assert Tasks(ecs).log_stream("arn:task/1", made["taskDefinitionArn"], "web") is None


def test_absent_task_is_not_found() -> None:
    """A task that ECS does not show is None."""
    assert Tasks(client("ecs")).find(CLUSTER, f"arn:aws:ecs:us-east-1:123456789012:task/{CLUSTER}/absent") is None


def test_stopping_an_absent_task_is_no_fault() -> None:
    """A task that ECS has forgotten need not be stopped; any other refusal is raised."""
    ecs = client("ecs")
    with Stubber(ecs) as stub:
        stub.add_client_error("stop_task", "InvalidParameterException", "The referenced task was not found.")
        Tasks(ecs).stop(CLUSTER, "arn:task", "why")
        stub.add_client_error("stop_task", "AccessDeniedException", "no")
        with pytest.raises(AwsRefused, match="AccessDeniedException"):
            Tasks(ecs).stop(CLUSTER, "arn:task", "why")


def test_tail_is_the_last_lines() -> None:
    """The last lines of a stream come oldest first; of a stream that is not there, none."""
    logs, stream = client("logs"), LogStream("/ecs/shop-home", "web/web/1")
    assert () == Logs(logs).tail(stream, 3)
    logs.create_log_group(logGroupName=stream.group)
    logs.create_log_stream(logGroupName=stream.group, logStreamName=stream.name)
    now = int(datetime.now(UTC).timestamp() * 1000)
    lines = [{"timestamp": now + number, "message": f"line {number}"} for number in range(9)]
    logs.put_log_events(logGroupName=stream.group, logStreamName=stream.name, logEvents=lines)
    assert ["line 6", "line 7", "line 8"] == [line.message for line in Logs(logs).tail(stream, 3)]


def test_scaling_is_put_and_found() -> None:
    """What was put is found, and what is put over it takes its place; nothing of ours is left over."""
    scaling = AutoScaling(client("application-autoscaling"))
    assert scaling.find(CLUSTER, SERVICE) is None
    there = None
    for asked in (
        Scaling(min=1, max=3, cpu=60),
        Scaling(min=2, max=3, cpu=50, memory=70),
        Scaling(min=2, max=3, cpu=50),
    ):
        wanted = scaled_as(asked, None)
        scaling.put(CLUSTER, SERVICE, wanted, there, TAGS)
        there = scaling.find(CLUSTER, SERVICE)
        assert wanted == there


def test_policy_of_somebody_else_is_left_alone() -> None:
    """A policy that does not bear our name is none of ours: not found, not deleted."""
    autoscaling = client("application-autoscaling")
    about = {
        "ServiceNamespace": "ecs",
        "ResourceId": "service/shop/home",
        "ScalableDimension": "ecs:service:DesiredCount",
    }
    autoscaling.register_scalable_target(**about, MinCapacity=1, MaxCapacity=2)
    metric = {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"}
    autoscaling.put_scaling_policy(
        **about,
        PolicyName="theirs",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={"TargetValue": 1.0, "PredefinedMetricSpecification": metric},
    )
    scaling = AutoScaling(autoscaling)
    there = scaling.find(CLUSTER, SERVICE)
    assert Scaled(1, 2, {}) == there
    scaling.put(CLUSTER, SERVICE, Scaled(1, 2, {"slipway-cpu": CPU}), there, TAGS)
    names = [each["PolicyName"] for each in autoscaling.describe_scaling_policies(**about)["ScalingPolicies"]]
    assert ["slipway-cpu", "theirs"] == sorted(names)


def test_scaling_is_removed() -> None:
    """A scalable target that is removed is gone, and may be removed again."""
    scaling = AutoScaling(client("application-autoscaling"))
    scaling.put(CLUSTER, SERVICE, scaled_as(Scaling(min=1, max=3, cpu=60), None), None, TAGS)
    for _ in range(2):
        scaling.remove(CLUSTER, SERVICE)
    assert scaling.find(CLUSTER, SERVICE) is None


def test_target_that_is_not_known_yet_is_asked_again() -> None:
    """A policy whose target is not known everywhere yet is refused in passing."""
    autoscaling = client("application-autoscaling")
    with Stubber(autoscaling) as stub:
        stub.add_client_error("put_scaling_policy", "ObjectNotFoundException", "No scalable target registered")
        with pytest.raises(TransientAws):
            AutoScaling(autoscaling).put(CLUSTER, SERVICE, Scaled(1, 2, {"slipway-cpu": CPU}), Scaled(1, 2, {}), TAGS)


def test_target_that_is_gone_need_not_be_removed() -> None:
    """Removing what is gone is no fault; another refusal is."""
    autoscaling = client("application-autoscaling")
    with Stubber(autoscaling) as stub:
        stub.add_client_error("deregister_scalable_target", "ObjectNotFoundException", "No scalable target registered")
        AutoScaling(autoscaling).remove(CLUSTER, SERVICE)
        stub.add_client_error("deregister_scalable_target", "ValidationException", "no")
        with pytest.raises(AwsRefused) as refused:
            AutoScaling(autoscaling).remove(CLUSTER, SERVICE)
    assert isinstance(refused.value.__cause__, ClientError)


def test_requests_are_counted_of_a_target_group() -> None:
    """The resource label is the last part of the load balancer's ARN, then that of the target group's."""
    elb = "arn:aws:elasticloadbalancing:us-east-1:123456789012"
    listener, group = f"{elb}:listener/app/shop/50dc6c495c0c9188/f2f7dc8efc522ab2", f"{elb}:targetgroup/home/943f017f"
    label = "app/shop/50dc6c495c0c9188/targetgroup/home/943f017f"
    assert label == resource_label(listener, group)
    asked = scaled_as(Scaling(min=1, max=3, requests_per_target=1000), label)
    assert {"slipway-requests": Policy("ALBRequestCountPerTarget", 1000.0, label)} == asked.policies
