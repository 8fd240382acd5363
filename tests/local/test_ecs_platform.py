"""ECS among its neighbours, in a whole local cloud: what its own tests replace by fakes."""

import json
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.local.local_cloud import LocalCloud, hello, wait_for

PROGRAM = "import os, urllib.request; print('TOKEN is', os.environ['TOKEN'], flush=True)"


def network(cloud: LocalCloud, name: str = "private", **more: Any) -> dict[str, Any]:
    """Return the network configuration of a task in the subnets of a Name."""
    wanted = [{"Name": "tag:Name", "Values": [name]}]
    subnets = cloud.client("ec2").describe_subnets(Filters=wanted)["Subnets"]
    return {"awsvpcConfiguration": {"subnets": [subnet["SubnetId"] for subnet in subnets], **more}}


def definition(family: str, **container: Any) -> dict[str, Any]:
    """Return a task definition of one container of the image `actors-hello`."""
    return {
        "family": family,
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "cpu": "256",
        "memory": "512",
        "executionRoleArn": "arn:aws:iam::000000000000:role/ecsTaskExecutionRole",
        "containerDefinitions": [
            {"name": "app", "image": "actors-hello:1", "portMappings": [{"containerPort": 8080}], **container}
        ],
    }


def run(cloud: LocalCloud, task_definition: dict[str, Any], **request: Any) -> dict[str, Any]:
    """Run a task in the cluster `default` and return it."""
    ecs = cloud.client("ecs")
    ecs.register_task_definition(**task_definition)
    request = {"networkConfiguration": network(cloud), "launchType": "FARGATE", **request}
    answer = ecs.run_task(cluster="default", taskDefinition=task_definition["family"], **request)
    assert [] == answer["failures"]
    task: dict[str, Any] = answer["tasks"][0]
    return task


def once(cloud: LocalCloud, arn: str, status: str) -> dict[str, Any]:
    """Return a task of the cluster `default` when it has a status."""
    ecs = cloud.client("ecs")

    def look() -> dict[str, Any] | None:
        task: dict[str, Any] = ecs.describe_tasks(cluster="default", tasks=[arn])["tasks"][0]
        return task if task["lastStatus"] == status else None

    return wait_for(look)


def test_container_instances_are_there(cloud: LocalCloud) -> None:
    """The cluster `default` has an instance in each zone, on which tasks of the launch type EC2 are placed."""
    ecs = cloud.client("ecs")
    arns = ecs.list_container_instances(cluster="default")["containerInstanceArns"]
    instances = ecs.describe_container_instances(cluster="default", containerInstances=arns)["containerInstances"]
    task = run(cloud, definition("on-ec2"), launchType="EC2")

    assert ["us-east-1a", "us-east-1b"] == sorted(each["attributes"][0]["value"] for each in instances)
    assert task["containerInstanceArn"] in arns

    ecs.stop_task(cluster="default", task=task["taskArn"])


def test_a_secret_reaches_its_task(cloud: LocalCloud) -> None:
    """One member of a secret in Secrets Manager is a variable of the process; a missing one stops the task."""
    document = json.dumps({"token": "hush"})
    arn = cloud.client("secretsmanager").create_secret(Name="platform/db", SecretString=document)["ARN"]
    cloud.client("logs").create_log_group(logGroupName="/ecs/with-secret")
    options = {"awslogs-group": "/ecs/with-secret", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "ecs"}
    container = {
        "command": ["python", "-c", PROGRAM],
        "secrets": [{"name": "TOKEN", "valueFrom": f"{arn}:token::"}],
        "logConfiguration": {"logDriver": "awslogs", "options": options},
    }
    ended = once(cloud, run(cloud, definition("with-secret", **container))["taskArn"], "STOPPED")
    stream = f"ecs/app/{ended['taskArn'].rsplit('/')[-1]}"
    lines = cloud.client("logs").get_log_events(logGroupName="/ecs/with-secret", logStreamName=stream)["events"]

    assert ["TOKEN is hush"] == [line["message"] for line in lines]

    container["secrets"] = [{"name": "TOKEN", "valueFrom": f"{arn}:no::"}]
    ended = once(cloud, run(cloud, definition("with-secret", **container))["taskArn"], "STOPPED")

    assert "did not contain json key no" in ended["stoppedReason"]


def test_a_public_address_is_reached(cloud: LocalCloud) -> None:
    """EC2 tells a task's public address, at which this machine reaches it if its security group admits everybody."""
    assigned = network(cloud, "public", assignPublicIp="ENABLED", securityGroups=[open_group(cloud, 8080)])
    task = run(cloud, definition("public"), networkConfiguration=assigned)
    task = once(cloud, task["taskArn"], "RUNNING")
    details = {each["name"]: each["value"] for each in task["attachments"][0]["details"]}
    asked = {"NetworkInterfaceIds": [details["networkInterfaceId"]]}
    interface = cloud.client("ec2").describe_network_interfaces(**asked)["NetworkInterfaces"][0]
    url = f"http://{interface['Association']['PublicIp']}:8080/"

    assert details["privateIPv4Address"] == interface["PrivateIpAddress"]
    assert 200 == wait_for(lambda: status(url))

    cloud.client("ecs").stop_task(cluster="default", task=task["taskArn"])
    once(cloud, task["taskArn"], "STOPPED")
    wanted = [{"Name": "network-interface-id", "Values": asked["NetworkInterfaceIds"]}]

    assert [] == cloud.client("ec2").describe_network_interfaces(Filters=wanted)["NetworkInterfaces"]


def open_group(cloud: LocalCloud, port: int) -> str:
    """Make a security group that admits everybody to a port, and return its id."""
    ec2 = cloud.client("ec2")
    vpc = ec2.describe_vpcs(Filters=[{"Name": "tag:Name", "Values": ["slipway"]}])["Vpcs"][0]["VpcId"]
    group: str = ec2.create_security_group(GroupName=f"open-{port}", Description="open", VpcId=vpc)["GroupId"]
    everybody = [{"CidrIp": "0.0.0.0/0"}]
    rule = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": everybody}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])
    return group


def status(url: str) -> int | None:
    """Return the status of a GET, None while nobody listens."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return int(answer.status)
    except OSError:
        return None


def test_a_scalable_target_moves_a_service(cloud: LocalCloud) -> None:
    """Registering a service with Application Auto Scaling raises its desired count to the minimum at once."""
    deployment = cloud.deploy(hello("scaled"))
    assert "succeeded" == deployment["status"], deployment["failure"]
    target = {
        "ServiceNamespace": "ecs",
        "ResourceId": "service/scaled/hello",
        "ScalableDimension": "ecs:service:DesiredCount",
    }
    scaling, ecs = cloud.client("application-autoscaling"), cloud.client("ecs")
    scaling.register_scalable_target(**target, MinCapacity=2, MaxCapacity=4)

    assert 2 == ecs.describe_services(cluster="scaled", services=["hello"])["services"][0]["desiredCount"]

    scaling.deregister_scalable_target(**target)


@pytest.mark.full
@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "drop_events", "source": "aws.ecs", "times": None},
        {"kind": "fail", "service": "ecs", "operation": "DescribeServices", "code": "ServerException", "times": 2},
        {"kind": "delay", "service": "dynamodb", "operation": "*", "seconds": 0.2, "times": 10},
    ],
    ids=["dropped events", "a service that fails twice", "a slow table"],
)
def test_a_deployment_lives_through_a_fault(cloud: LocalCloud, fault: dict[str, Any]) -> None:
    """A deployment succeeds although events get lost, and calls fail for a moment or are slow."""
    application = f"faulty-{fault['kind']}".replace("_", "-")
    faults = f"{cloud.aws}/_slipway/faults"
    with urllib.request.urlopen(urllib.request.Request(faults, json.dumps(fault).encode()), timeout=10):
        pass
    try:
        deployment = cloud.deploy(hello(application))
    finally:
        with urllib.request.urlopen(urllib.request.Request(faults, method="DELETE"), timeout=10):
            pass

    assert "succeeded" == deployment["status"], deployment["failure"]


def test_containers_of_a_task_share_localhost(vpc: LocalCloud) -> None:
    """A container reaches another of its task at localhost, once that is healthy; the task ends with its exit code."""
    ask = "import urllib.request; urllib.request.urlopen('http://localhost:8080/', timeout=5)"
    check = {"command": ["CMD", "python", "-c", ask], "interval": 5, "timeout": 5}
    asking = {
        "name": "asking",
        "image": "actors-hello:1",
        "command": ["python", "-c", ask],
        "dependsOn": [{"containerName": "app", "condition": "HEALTHY"}],
    }
    pair = definition("pair", healthCheck=check)
    pair["containerDefinitions"].append(asking)
    ended = once(vpc, run(vpc, pair)["taskArn"], "STOPPED")

    assert "EssentialContainerExited" == ended["stopCode"], ended["stoppedReason"]
    assert {"app": 0, "asking": 0} == {each["name"]: each["exitCode"] for each in ended["containers"]}


def test_a_volume_of_an_instance(cloud: LocalCloud, tmp_path: Path) -> None:
    """A task on a container instance writes into a directory of its host, by a path that this machine does not have."""
    program = "import pathlib; pathlib.Path('/slipway-test/data/file').write_text('hello')"
    on_host = definition(
        "on-host",
        command=["python", "-c", program],
        mountPoints=[{"sourceVolume": "data", "containerPath": "/slipway-test/data"}],
    )
    del on_host["requiresCompatibilities"]
    on_host["volumes"] = [{"name": "data", "host": {"sourcePath": str(tmp_path)}}]
    ended = once(cloud, run(cloud, on_host, launchType="EC2")["taskArn"], "STOPPED")

    assert 0 == ended["containers"][0]["exitCode"], ended["stoppedReason"]
    assert "hello" == (tmp_path / "file").read_text()
    assert not Path("/slipway-test").exists()
