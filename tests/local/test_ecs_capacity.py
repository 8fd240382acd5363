"""Container instances, capacity providers, and the tags and addresses of tasks."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from localcloud.faults import AwsFault
from tests.local.ecs_support import SUBNETS, Cloud, running_cloud, until


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    """Run an ECS for one test."""
    with running_cloud(tmp_path) as cloud:
        yield cloud


def on_ec2(cloud: Cloud, cpu: int = 512, memory: int = 1024) -> dict[str, Any]:
    """Return the members of a service whose tasks of this size run on container instances."""
    members = {"requiresCompatibilities": ["EC2"], "cpu": str(cpu), "memory": str(memory)}
    return {"taskDefinition": cloud.define("ec2", {"name": "app"}, **members), "launchType": "EC2"}


def remaining(cloud: Cloud, arn: str) -> dict[str, int]:
    """Return what an instance has left."""
    answer = cloud.call("DescribeContainerInstances", cluster="main", containerInstances=[arn])
    resources = answer["containerInstances"][0]["remainingResources"]
    return {resource["name"]: resource["integerValue"] for resource in resources}


class TestContainerInstances:
    """Tasks on machines of the cluster."""

    def test_tasks_are_spread(self, cloud: Cloud) -> None:
        """Tasks of a service are placed on different instances, which show what they have left."""
        arns = {cloud.machine(), cloud.machine()}
        cloud.create(count=2, **on_ec2(cloud))
        cloud.until_steady()
        tasks = cloud.tasks()

        assert arns == {task["containerInstanceArn"] for task in tasks}
        assert {"EC2"} == {task["launchType"] for task in tasks}
        assert [1, 1] == [len(cloud.tasks(containerInstance=arn, launchType="EC2")) for arn in arns]
        assert [{"CPU": 512, "MEMORY": 1024}] * 2 == [remaining(cloud, arn) for arn in arns]
        assert arns == set(cloud.call("ListContainerInstances", cluster="main")["containerInstanceArns"])
        assert (
            2 == cloud.call("DescribeClusters", clusters=["main"])["clusters"][0]["registeredContainerInstancesCount"]
        )

    def test_no_room(self, cloud: Cloud) -> None:
        """A service whose tasks have no room says what is missing, and goes on as soon as there is room."""
        arn = cloud.machine(cpu=1024)
        cloud.create(count=3, **on_ec2(cloud))
        words = (
            "(service web) was unable to place a task because no container instance met all of its requirements. "
            f"The closest matching container-instance {arn.rsplit('/')[-1]} has insufficient CPU units available. "
            "For more information, see the Troubleshooting section of the Amazon ECS Developer Guide."
        )
        until(lambda: words in cloud.messages())
        until(
            lambda: [d for kind, _, d in list(cloud.events) if d.get("eventName") == "SERVICE_TASK_PLACEMENT_FAILURE"]
        )

        assert (2, "IN_PROGRESS") == (len(cloud.tasks()), cloud.service()["deployments"][0]["rolloutState"])

        cloud.machine()
        cloud.until_steady()

        assert 3 == len(cloud.tasks())

    def test_room_comes_back(self, cloud: Cloud) -> None:
        """What a task reserved is free again when it has stopped."""
        arn = cloud.machine()
        cloud.create(count=2, **on_ec2(cloud))
        cloud.until_steady()

        assert {"CPU": 0, "MEMORY": 0} == remaining(cloud, arn)

        cloud.update(desiredCount=0)
        until(lambda: remaining(cloud, arn) == {"CPU": 1024, "MEMORY": 2048})

    def test_a_cluster_without_instances(self, cloud: Cloud) -> None:
        """A service on EC2 in an empty cluster says that there are none."""
        cloud.create(**on_ec2(cloud))
        until(lambda: any("No Container Instances were found in your cluster." in m for m in cloud.messages()))

        assert [] == cloud.tasks()

    def test_run_task_without_room(self, cloud: Cloud) -> None:
        """RunTask starts what it can, and lists for the rest what each instance lacks."""
        arn = cloud.machine()
        asked = {"cluster": "main", "networkConfiguration": SUBNETS, "count": 3, **on_ec2(cloud)}
        answer = cloud.call("RunTask", **asked)

        assert (2, [{"arn": arn, "reason": "RESOURCE:CPU"}]) == (len(answer["tasks"]), answer["failures"])

    def test_an_instance_that_goes(self, cloud: Cloud) -> None:
        """Tasks of an instance that is taken away by force are replaced on another."""
        first = cloud.machine()
        cloud.create(**on_ec2(cloud))
        cloud.until_steady()
        with pytest.raises(AwsFault, match="Found running tasks on the instance"):
            cloud.call("DeregisterContainerInstance", cluster="main", containerInstance=first)
        second = cloud.machine()
        cloud.call("DeregisterContainerInstance", cluster="main", containerInstance=first, force=True)
        until(lambda: [t["containerInstanceArn"] for t in cloud.tasks() if t["lastStatus"] == "RUNNING"] == [second])

        missing = cloud.call("DescribeContainerInstances", cluster="main", containerInstances=[first])["failures"]
        assert [{"arn": first, "reason": "MISSING"}] == missing

    def test_a_cluster_with_instances_stays(self, cloud: Cloud) -> None:
        """A cluster cannot be deleted while instances are registered with it."""
        cloud.machine()
        with pytest.raises(AwsFault) as refused:
            cloud.call("DeleteCluster", cluster="main")

        assert "ClusterContainsContainerInstancesException" == refused.value.code


class TestCapacityProviders:
    """FARGATE and FARGATE_SPOT."""

    STRATEGY = (
        {"capacityProvider": "FARGATE", "base": 1, "weight": 0},
        {"capacityProvider": "FARGATE_SPOT", "weight": 1},
    )

    def test_a_strategy(self, cloud: Cloud) -> None:
        """A service's tasks come from the providers as its strategy asks; it shows no launch type."""
        associate(cloud)
        definition = cloud.register()
        request = {"networkConfiguration": SUBNETS, "capacityProviderStrategy": list(self.STRATEGY), "desiredCount": 3}
        cloud.call("CreateService", cluster="main", serviceName="web", taskDefinition=definition, **request)
        cloud.until_steady()
        given = Counter((task["launchType"], task["capacityProviderName"]) for task in cloud.tasks())

        assert {("FARGATE", "FARGATE"): 1, ("FARGATE", "FARGATE_SPOT"): 2} == given
        assert "launchType" not in cloud.service()

    def test_the_clusters_default(self, cloud: Cloud) -> None:
        """Without launch type and strategy the cluster's default strategy counts."""
        associate(cloud, [{"capacityProvider": "FARGATE_SPOT", "weight": 1}])
        asked = {"cluster": "main", "networkConfiguration": SUBNETS, "taskDefinition": cloud.register("once")}

        assert "FARGATE_SPOT" == cloud.call("RunTask", **asked)["tasks"][0]["capacityProviderName"]

    def test_a_provider_must_be_the_clusters(self, cloud: Cloud) -> None:
        """A provider that is not associated with the cluster is refused, and so is an unknown one."""
        with pytest.raises(AwsFault, match="that is not associated with the cluster"):
            cloud.run(launchType=None, capacityProviderStrategy=[{"capacityProvider": "FARGATE_SPOT"}])
        with pytest.raises(AwsFault, match="'MINE' was not found"):
            cloud.call("CreateCluster", clusterName="other", capacityProviders=["MINE"])

    def test_a_strategy_is_changed_by_force(self, cloud: Cloud) -> None:
        """From a launch type to a strategy and back only a new deployment leads; the same strategy again is none."""
        associate(cloud)
        cloud.create(count=1)
        spot = [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]
        for strategy, shown in ((spot, None), ([], "FARGATE")):
            with pytest.raises(AwsFault, match=r"When switching from launch type .* you must force a new deployment"):
                cloud.update(capacityProviderStrategy=strategy)
            updated = cloud.update(capacityProviderStrategy=strategy, forceNewDeployment=True)
            assert shown == updated.get("launchType")
            again = cloud.update(capacityProviderStrategy=strategy)
            assert updated["deployments"][0]["id"] == again["deployments"][0]["id"]

    def test_they_can_be_shown(self, cloud: Cloud) -> None:
        """Both providers are there; others are missing."""
        answer = cloud.call("DescribeCapacityProviders", capacityProviders=["FARGATE", "MINE"])

        assert ["FARGATE"] == [provider["name"] for provider in answer["capacityProviders"]]
        assert ["MISSING"] == [failure["reason"] for failure in answer["failures"]]


def associate(cloud: Cloud, default: list[dict[str, Any]] | None = None) -> None:
    """Give the cluster both capacity providers."""
    cloud.call(
        "PutClusterCapacityProviders",
        cluster="main",
        capacityProviders=["FARGATE", "FARGATE_SPOT"],
        defaultCapacityProviderStrategy=default or [],
    )


class TestTagsAndAddresses:
    """What a service gives its tasks."""

    @pytest.mark.parametrize(
        ("source", "tags"), [("SERVICE", {"from": "service"}), ("TASK_DEFINITION", {"from": "td"})]
    )
    def test_tags_are_propagated(self, cloud: Cloud, source: str, tags: dict[str, str]) -> None:
        """A task has the tags of its service or of its task definition, and those that ECS manages."""
        definition = cloud.define("tagged", {"name": "app"}, tags=[{"key": "from", "value": "td"}])
        asked: dict[str, Any] = {
            "propagateTags": source,
            "enableECSManagedTags": True,
            "tags": [{"key": "from", "value": "service"}],
        }
        cloud.create(taskDefinition=definition, **asked)
        task = cloud.task(until(cloud.tasks)[0]["taskArn"])

        assert {**tags, "aws:ecs:clusterName": "main", "aws:ecs:serviceName": "web"} == {
            tag["key"]: tag["value"] for tag in task["tags"]
        }

    def test_a_public_address(self, cloud: Cloud) -> None:
        """EC2 lists a task's interface with its groups and, where asked for, a public address, until the task ends."""
        awsvpc = {"subnets": ["subnet-a"], "securityGroups": ["sg-1"], "assignPublicIp": "ENABLED"}
        cloud.create(networkConfiguration={"awsvpcConfiguration": awsvpc})
        cloud.until_steady()
        details = {d["name"]: d["value"] for d in cloud.tasks()[0]["attachments"][0]["details"]}
        interface, groups = cloud.interfaces.listed[details["networkInterfaceId"]]

        assert (details["privateIPv4Address"], ("sg-1",)) == (interface.public_ip, groups)

        cloud.update(desiredCount=0)

        assert until(lambda: not cloud.interfaces.listed)

    def test_no_public_address(self, cloud: Cloud) -> None:
        """Unless it is asked for there is none."""
        cloud.create()
        cloud.until_steady()

        assert [None] == [interface.public_ip for interface, _ in cloud.interfaces.listed.values()]
