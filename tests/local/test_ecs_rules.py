"""What ECS's operations answer, and what they refuse, with AWS's words."""

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from localcloud.faults import AwsFault
from tests.local.ecs_support import GROUP, REGISTRY, SUBNETS, Cloud, definition, running_cloud, until


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """Run one ECS for all these tests."""
    with running_cloud(tmp_path_factory.mktemp("rules")) as cloud:
        cloud.register()
        yield cloud


@pytest.fixture
def cloud(shared: Cloud) -> Cloud:
    """Return the shared ECS with its neighbours as they were."""
    shared.discovery.types = {REGISTRY: ("A",)}
    shared.balancer.listening = {GROUP: True}
    return shared


def refusal(cloud: Cloud, operation: str, **request: Any) -> tuple[str, str]:
    """Return the code and message of a call that is refused."""
    with pytest.raises(AwsFault) as refused:
        cloud.call(operation, **request)
    return refused.value.code, refused.value.message


def service_request(**more: Any) -> dict[str, Any]:
    """Return a CreateService request of a service without tasks."""
    return {
        "cluster": "main",
        "serviceName": "refused",
        "taskDefinition": "web",
        "launchType": "FARGATE",
        "networkConfiguration": SUBNETS,
        "desiredCount": 0,
    } | more


class TestClusters:
    """Clusters."""

    def test_creating_is_idempotent(self, cloud: Cloud) -> None:
        """Creating a cluster twice answers the same cluster."""
        once = cloud.call("CreateCluster", clusterName="again")

        assert cloud.call("CreateCluster", clusterName="again") == once

    def test_a_missing_cluster(self, cloud: Cloud) -> None:
        """DescribeClusters lists what is missing; other operations refuse it."""
        failures = cloud.call("DescribeClusters", clusters=["main", "nowhere"])["failures"]

        assert failures == [{"arn": "arn:aws:ecs:us-east-1:000000000000:cluster/nowhere", "reason": "MISSING"}]
        assert refusal(cloud, "ListServices", cluster="nowhere") == ("ClusterNotFoundException", "Cluster not found.")

    def test_deleting(self, cloud: Cloud) -> None:
        """An empty cluster can be deleted and is not listed then."""
        arn = cloud.call("CreateCluster", clusterName="gone")["cluster"]["clusterArn"]
        cloud.call("DeleteCluster", cluster="gone")

        assert arn not in cloud.call("ListClusters")["clusterArns"]


class TestTaskDefinitions:
    """Task definitions."""

    def test_revisions_count_up(self, cloud: Cloud) -> None:
        """Each registration of a family is its next revision; the bare family is the newest active one."""
        first, second = cloud.register(family="counted"), cloud.register(family="counted")

        assert (first[-2:], second[-2:]) == (":1", ":2")
        assert _described(cloud, "counted")["revision"] == 2
        assert _described(cloud, "counted:1")["taskDefinitionArn"] == first

        cloud.call("DeregisterTaskDefinition", taskDefinition=second)

        assert _described(cloud, "counted")["revision"] == 1
        assert _described(cloud, second)["status"] == "INACTIVE"
        assert cloud.call("ListTaskDefinitions", familyPrefix="counted")["taskDefinitionArns"] == [first]

    def test_families_are_listed_by_prefix(self, cloud: Cloud) -> None:
        """ListTaskDefinitionFamilies gives the families of a prefix, page by page."""
        for family in ("page-a", "page-b", "page-c"):
            cloud.register(family=family)
        first = cloud.call("ListTaskDefinitionFamilies", familyPrefix="page-", maxResults=2)
        token = first["nextToken"]
        rest = cloud.call("ListTaskDefinitionFamilies", familyPrefix="page-", maxResults=2, nextToken=token)

        assert first["families"] + rest["families"] == ["page-a", "page-b", "page-c"]

    def test_defaults_are_filled_in(self, cloud: Cloud) -> None:
        """Sizes are normalised, and ports and health checks get AWS's defaults."""
        request = definition(family="defaults", healthCheck={"command": ["CMD", "true"]})
        seen = cloud.call("RegisterTaskDefinition", **request | {"cpu": "1 vCPU", "memory": "2 GB"})["taskDefinition"]
        container = seen["containerDefinitions"][0]

        assert (seen["cpu"], seen["memory"]) == ("1024", "2048")
        assert container["portMappings"] == [{"containerPort": 8000, "hostPort": 8000, "protocol": "tcp"}]
        assert container["healthCheck"] == {"command": ["CMD", "true"], "interval": 30, "timeout": 5, "retries": 3}

    def test_tags(self, cloud: Cloud) -> None:
        """Tags are shown when asked for, and can be set and removed."""
        request = definition(family="tagged") | {"tags": [{"key": "a", "value": "1"}]}
        arn = cloud.call("RegisterTaskDefinition", **request)["taskDefinition"]["taskDefinitionArn"]
        cloud.call("TagResource", resourceArn=arn, tags=[{"key": "b", "value": "2"}])
        cloud.call("UntagResource", resourceArn=arn, tagKeys=["a"])
        described = cloud.call("DescribeTaskDefinition", taskDefinition=arn, include=["TAGS"])

        assert described["tags"] == [{"key": "b", "value": "2"}]
        assert cloud.call("ListTagsForResource", resourceArn=arn)["tags"] == described["tags"]

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"cpu": "300"}, "Invalid 'cpu' setting for task."),
            ({"cpu": "many"}, "Invalid 'cpu' setting for task."),
            ({"memory": "4096"}, "No Fargate configuration exists for given values."),
            ({"cpu": ""}, "Fargate requires that 'cpu' be defined at the task level."),
            ({"networkMode": "bridge"}, "Fargate only supports network mode \u2018awsvpc\u2019."),
            ({"family": "a b"}, "Family contains invalid characters."),
            ({"containerDefinitions": []}, "Container list cannot be empty."),
            ({"ipcMode": "task"}, "Fargate compatible task definitions do not support ipcMode"),
            ({"pidMode": "host"}, "Fargate compatible task definitions do not support pidMode host"),
        ],
    )
    def test_impossible_definitions(self, cloud: Cloud, change: dict[str, Any], message: str) -> None:
        """A task definition that Fargate cannot run is refused."""
        assert refusal(cloud, "RegisterTaskDefinition", **definition() | change) == ("ClientException", message)

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            (
                {"portMappings": [{"containerPort": 80, "hostPort": 8080}]},
                "When networkMode=awsvpc, the host ports and container ports in port mappings must match.",
            ),
            (
                {"portMappings": [{"containerPort": 80}, {"containerPort": 80, "protocol": "udp"}]},
                "The same container port cannot be exposed for multiple protocols.",
            ),
            ({"essential": False}, "TaskDefinition must have at least one essential container."),
            (
                {"healthCheck": {"command": ["CMD", "true"], "interval": 4}},
                "The health check interval must be between 5 and 300.",
            ),
            ({"privileged": True}, "Fargate compatible task definitions do not support privileged"),
            (
                {"linuxParameters": {"sharedMemorySize": 64}},
                "Fargate compatible task definitions do not support sharedMemorySize",
            ),
            (
                {"resourceRequirements": [{"type": "GPU", "value": "1"}]},
                "Fargate compatible task definitions do not support GPU",
            ),
        ],
    )
    def test_impossible_containers(self, cloud: Cloud, change: dict[str, Any], message: str) -> None:
        """A container that cannot run in its task is refused."""
        assert refusal(cloud, "RegisterTaskDefinition", **definition(**change)) == ("ClientException", message)

    def test_logs_need_an_execution_role(self, cloud: Cloud) -> None:
        """On Fargate the awslogs driver needs an execution role."""
        request = definition(logConfiguration={"logDriver": "awslogs"}) | {"executionRoleArn": ""}

        assert refusal(cloud, "RegisterTaskDefinition", **request)[1] == (
            "Fargate requires task definition to have execution role ARN to support log driver awslogs."
        )

    def test_more_than_64_kib(self, cloud: Cloud) -> None:
        """A definition that is longer than AWS takes is refused, one of just that length is not; tags do not count."""
        empty = definition(environment=[{"name": "A", "value": ""}]) | {
            "tags": [{"key": "Team", "value": "web"}],
            "family": "big",
        }
        length = len(json.dumps({key: empty[key] for key in empty if key != "tags"}, separators=(",", ":")))
        fits, too_long = (
            empty | definition(environment=[{"name": "A", "value": "x" * (65_536 - length + more)}]) | {"family": "big"}
            for more in (0, 1)
        )

        assert refusal(cloud, "RegisterTaskDefinition", **too_long) == (
            "ClientException",
            "Actual length: '65537'. Max allowed length is '65536' bytes.",
        )
        cloud.call("RegisterTaskDefinition", **fits)

    def test_unknown(self, cloud: Cloud) -> None:
        """An unknown task definition cannot be described, and no service can run it."""
        assert refusal(cloud, "DescribeTaskDefinition", taskDefinition="no:1") == (
            "ClientException",
            "Unable to describe task definition.",
        )
        assert refusal(cloud, "CreateService", **service_request(taskDefinition="no")) == (
            "ClientException",
            "TaskDefinition not found.",
        )


class TestServices:
    """Services."""

    def test_creating_is_idempotent(self, cloud: Cloud) -> None:
        """The same request with the same token answers the same service; another request is refused."""
        request = service_request(serviceName="once", clientToken="token-1")
        first = cloud.call("CreateService", **request)["service"]

        assert (
            cloud.call("CreateService", **request)["service"]["currentServiceDeployment"]
            == (first["currentServiceDeployment"])
        )
        assert refusal(cloud, "CreateService", **request | {"desiredCount": 1}) == (
            "InvalidParameterException",
            "Creation of service was not idempotent.",
        )

    def test_concurrent_creates_make_one_service(self, cloud: Cloud) -> None:
        """Many equal requests at once make one service."""
        request = service_request(serviceName="raced", clientToken="token-2")
        seen: list[str] = []
        threads = [
            threading.Thread(
                target=lambda: seen.append(
                    cloud.call("CreateService", **request)["service"]["currentServiceDeployment"]
                )
            )
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert (len(seen), len(set(seen))) == (8, 1)

    def test_missing_services(self, cloud: Cloud) -> None:
        """DescribeServices lists what is missing; at most ten may be asked for."""
        failures = cloud.call("DescribeServices", cluster="main", services=["none"])["failures"]

        assert failures == [{"arn": "arn:aws:ecs:us-east-1:000000000000:service/main/none", "reason": "MISSING"}]
        assert refusal(cloud, "UpdateService", cluster="main", service="none")[0] == "ServiceNotFoundException"
        assert refusal(cloud, "DescribeServices", cluster="main", services=["a"] * 11)[0] == "InvalidParameterException"

    def test_defaults(self, cloud: Cloud) -> None:
        """A service shows AWS's defaults for what was not asked, and keeps them on a partial update."""
        cloud.call("CreateService", **service_request(serviceName="plain", tags=[{"key": "k", "value": "v"}]))
        configuration = {"maximumPercent": 150}
        updated = cloud.call("UpdateService", cluster="main", service="plain", deploymentConfiguration=configuration)[
            "service"
        ]

        assert updated["deploymentConfiguration"] == {
            "deploymentCircuitBreaker": {"enable": False, "rollback": False},
            "maximumPercent": 150,
            "minimumHealthyPercent": 100,
            "strategy": "ROLLING",
        }
        assert updated["healthCheckGracePeriodSeconds"] == 0
        assert "tags" not in cloud.service("plain")
        assert updated["serviceArn"] in cloud.call("ListServices", cluster="main", maxResults=100)["serviceArns"]

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            (
                {"networkConfiguration": {}},
                "Network Configuration must be provided when networkMode 'awsvpc' is specified.",
            ),
            (
                {"deploymentConfiguration": {"maximumPercent": 100, "minimumHealthyPercent": 100}},
                "Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block deployments.",
            ),
            (
                {"loadBalancers": [{"targetGroupArn": GROUP, "containerName": "no", "containerPort": 8000}]},
                "The container no does not exist in the task definition.",
            ),
            (
                {"loadBalancers": [{"targetGroupArn": GROUP, "containerName": "app", "containerPort": 1}]},
                "The container app did not have a container port 1 defined.",
            ),
            (
                {"serviceRegistries": [{"registryArn": REGISTRY, "containerName": "app", "containerPort": 8000}]},
                (
                    "The values specified for serviceRegistries do not require a value for 'containerPort'. "
                    "Remove the value and retry."
                ),
            ),
            (
                {"serviceRegistries": [{"registryArn": REGISTRY}, {"registryArn": REGISTRY}]},
                "serviceRegistries can have at most 1 items.",
            ),
        ],
    )
    def test_impossible_services(self, cloud: Cloud, change: dict[str, Any], message: str) -> None:
        """A service that its task definition or its registry does not allow is refused."""
        request = service_request(**change)

        assert refusal(cloud, "CreateService", **request) == ("InvalidParameterException", message)

    def test_a_registry_takes_one_kind_of_port(self, cloud: Cloud) -> None:
        """With SRV records either `port` or the container's name and port is given, not both."""
        cloud.discovery.types[REGISTRY] = ("A", "SRV")
        registry = {"registryArn": REGISTRY, "port": 1, "containerName": "app", "containerPort": 8000}

        assert refusal(cloud, "CreateService", **service_request(serviceRegistries=[registry]))[1] == (
            "Specify a value for either 'port' or the 'containerName' and 'containerPort' combination, but not both. "
            "Remove one and retry."
        )

    def test_a_bridge_task_needs_the_container_port(self, cloud: Cloud) -> None:
        """In bridge mode a registry needs the container's name and port."""
        request = {"family": "bridged", "networkMode": "bridge", "containerDefinitions": [{"name": "a", "image": "x"}]}
        cloud.call("RegisterTaskDefinition", **request)
        service = service_request(
            taskDefinition="bridged", launchType="EC2", serviceRegistries=[{"registryArn": REGISTRY}]
        )
        del service["networkConfiguration"]

        assert refusal(cloud, "CreateService", **service)[1].startswith(
            "When specifying 'host' or 'bridge' for networkMode"
        )

    @pytest.mark.parametrize("mode", ["bridge", "host", "none", None])
    def test_no_task_shares_its_instances_network(self, cloud: Cloud, mode: str | None) -> None:
        """What runs tasks in a network mode that is not here is refused by the mode's name, and says what runs."""
        definition = {"family": "shared", "containerDefinitions": [{"name": "a", "image": "x"}]}
        cloud.call("RegisterTaskDefinition", **definition, **({"networkMode": mode} if mode else {}))
        service = service_request(taskDefinition="shared", launchType="EC2")
        del service["networkConfiguration"]
        remedy = "Register the task definition with networkMode awsvpc to run it here."
        lacks = f"The local cloud's ECS does not have the network mode {mode or 'bridge'}. {remedy}"
        task = {key: service[key] for key in ("cluster", "taskDefinition", "launchType")}

        assert ("UnsupportedFeatureException", lacks) == refusal(cloud, "CreateService", **service)
        assert ("UnsupportedFeatureException", lacks) == refusal(cloud, "RunTask", **task)

    def test_a_target_group_needs_a_load_balancer(self, cloud: Cloud) -> None:
        """A target group that no listener forwards to is refused."""
        cloud.balancer.listening[GROUP] = False
        group = {"targetGroupArn": GROUP, "containerName": "app", "containerPort": 8000}

        assert refusal(cloud, "CreateService", **service_request(loadBalancers=[group])) == (
            "InvalidParameterException",
            f"The target group with targetGroupArn {GROUP} does not have an associated load balancer.",
        )

    def test_what_is_not_here_says_so(self, cloud: Cloud) -> None:
        """What the local cloud does not have is refused by name."""
        blue_green = service_request(deploymentConfiguration={"strategy": "BLUE_GREEN"})

        assert refusal(cloud, "CreateService", **blue_green) == (
            "UnsupportedFeatureException",
            "The local cloud's ECS does not have the deployment strategy BLUE_GREEN.",
        )
        with pytest.raises(AwsFault, match="does not have CreateTaskSet"):
            cloud.ecs.handle("CreateTaskSet", {})


class TestLists:
    """What is listed and described."""

    def test_tasks_are_listed_by_what_they_belong_to(self, cloud: Cloud) -> None:
        """ListTasks filters by service, family, who started them and desired status."""
        service = cloud.create("listed")
        until(lambda: cloud.tasks(serviceName="listed"))
        started_by = service["deployments"][0]["id"]

        assert len(cloud.tasks(family="listed")) == 1
        assert len(cloud.tasks(startedBy=started_by)) == 1
        assert cloud.tasks(family="other") == []
        assert cloud.tasks("STOPPED", serviceName="listed") == []
        assert cloud.call("DescribeTasks", cluster="main", tasks=["nothing"])["failures"][0]["reason"] == "MISSING"
        assert refusal(cloud, "StopTask", cluster="main", task="nothing")[1] == "The referenced task was not found."

    def test_revisions_are_described(self, cloud: Cloud) -> None:
        """A service deployment's target is a service revision that can be described."""
        cloud.call("CreateService", **service_request(serviceName="revised"))
        target = cloud.deployment("revised")["targetServiceRevision"]["arn"]
        answer = cloud.call("DescribeServiceRevisions", serviceRevisionArns=[target, "none"])

        assert answer["serviceRevisions"][0]["taskDefinition"].endswith("task-definition/web:1")
        assert answer["failures"] == [{"arn": "none", "reason": "MISSING"}]

    def test_service_deployments_are_filtered(self, cloud: Cloud) -> None:
        """ListServiceDeployments filters by status and time of creation."""
        cloud.call("CreateService", **service_request(serviceName="filtered"))
        until(lambda: cloud.deployment("filtered")["status"] == "SUCCESSFUL")
        which = {"cluster": "main", "service": "filtered"}

        assert len(cloud.call("ListServiceDeployments", **which, status=["SUCCESSFUL"])["serviceDeployments"]) == 1
        assert cloud.call("ListServiceDeployments", **which, status=["IN_PROGRESS"])["serviceDeployments"] == []
        assert cloud.call("ListServiceDeployments", **which, createdAt={"before": 1})["serviceDeployments"] == []


def _described(cloud: Cloud, reference: str) -> dict[str, Any]:
    return dict(cloud.call("DescribeTaskDefinition", taskDefinition=reference)["taskDefinition"])
