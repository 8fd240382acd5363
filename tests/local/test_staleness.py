"""Reads that show what was before a write, asked of the AWS endpoint by a user's own clients."""

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from localcloud.account import Account
from localcloud.resources import WRITES
from tests.local.faults import ask
from tests.local.local_cloud import LocalCloud, local_cloud, wait_for

LONGER_THAN_A_TEST = "600"
WEB, CLUSTER, ONCE = {"cluster": "default", "service": "web"}, "shop", "shop-once"
Read = Callable[[Any], Any]
"""Ask a client, and return what counts of the answer."""


@pytest.fixture(scope="module")
def cloud() -> Iterator[LocalCloud]:
    """Run a local cloud where what was before a write is shown for the whole test."""
    with local_cloud(SLIPWAY_STALE_SECONDS=LONGER_THAN_A_TEST, SLIPWAY_SPEED="10") as running:
        yield running


def users(cloud: LocalCloud, service: str, key: str = "user") -> Any:
    """Return a client of a user of the local cloud."""
    keys = {"aws_access_key_id": key, "aws_secret_access_key": "local"}
    config = Config(retries={"total_max_attempts": 1}, inject_host_prefix=False)
    made: Any = boto3.client  # the stubs know each service by its own name
    return made(service, region_name="us-east-1", endpoint_url=cloud.aws, config=config, **keys)


def told(read: Read, client: Any) -> Any:
    """Return what a read tells: an answer, or the code of its refusal."""
    try:
        return read(client)
    except ClientError as error:
        return error.response["Error"]["Code"]


class Told:
    """A user, and one who knows the truth: the local cloud's own key is never shown the past."""

    def __init__(self, cloud: LocalCloud, service: str) -> None:
        self.user, self.knowing = users(cloud, service), cloud.client(service)

    def by(self, read: Read, write: Callable[[], Any]) -> Any:
        """Write, and return the answer; a user must be told twice what was before, and then what is."""
        before = told(read, self.knowing)
        answer = write()
        now = told(read, self.knowing)
        assert before != now
        assert [before, before, now] == [told(read, self.user) for _ in range(3)]
        return answer


def services(client: Any) -> Any:
    """Describe the service: its PRIMARY deployment, count, status and tags; or that it is missing."""
    answer = client.describe_services(cluster="default", services=["web"], include=["TAGS"])
    members = ("desiredCount", "status", "tags")
    shown = [(primary(each), *(each[member] for member in members)) for each in answer["services"]]
    return shown, answer["failures"]


def primary(service: Any) -> str:
    """Return the id of a service's PRIMARY deployment."""
    return str(next(each["id"] for each in service["deployments"] if each["status"] == "PRIMARY"))


def clusters(client: Any) -> Any:
    """Describe the cluster: its status, providers and tags; or that it is missing."""
    answer = client.describe_clusters(clusters=[CLUSTER], include=["TAGS"])
    members = ("status", "capacityProviders", "tags")
    return [{member: each.get(member) for member in members} for each in answer["clusters"]], answer["failures"]


def test_a_cluster(cloud: LocalCloud) -> None:
    """What is told of a cluster is first what was before the write."""
    ecs = Told(cloud, "ecs")
    user = ecs.user
    arn = ecs.by(clusters, lambda: user.create_cluster(clusterName=CLUSTER))["cluster"]["clusterArn"]
    strategy = [{"capacityProvider": "FARGATE"}]
    providers = {"capacityProviders": ["FARGATE"], "defaultCapacityProviderStrategy": strategy}
    ecs.by(clusters, lambda: user.put_cluster_capacity_providers(cluster=CLUSTER, **providers))
    ecs.by(clusters, lambda: user.tag_resource(resourceArn=arn, tags=[{"key": "a", "value": "b"}]))
    ecs.by(clusters, lambda: user.untag_resource(resourceArn=arn, tagKeys=["a"]))
    ecs.by(clusters, lambda: user.delete_cluster(cluster=CLUSTER))


def test_what_the_local_cloud_writes_is_seen_at_once(cloud: LocalCloud) -> None:
    """Who comes with the local cloud's own key, as a test's preparations do, leaves nothing stale behind."""
    cloud.client("ecs").create_cluster(clusterName="prepared")
    described = users(cloud, "ecs").describe_clusters(clusters=["prepared"])
    assert ["ACTIVE"] == [each["status"] for each in described["clusters"]]


@pytest.mark.full  # its tasks come and go in their own time
def test_a_service_and_its_tasks(cloud: LocalCloud) -> None:
    """What is told of a service, of its deployments and of tasks is first what was before the write."""
    ecs = Told(cloud, "ecs")
    user = ecs.user
    asked = {
        "taskDefinition": family(user, "actors-hello:1"),
        "launchType": "FARGATE",
        "networkConfiguration": {"awsvpcConfiguration": {"subnets": [subnet(cloud)]}},
    }
    made = ecs.by(services, lambda: user.create_service(cluster="default", serviceName="web", desiredCount=0, **asked))
    arn = made["service"]["serviceArn"]
    ecs.by(services, lambda: user.update_service(**WEB, forceNewDeployment=True))
    ecs.by(services, lambda: user.tag_resource(resourceArn=arn, tags=[{"key": "a", "value": "b"}]))
    ecs.by(services, lambda: user.untag_resource(resourceArn=arn, tagKeys=["a"]))
    stuck = user.update_service(**WEB, taskDefinition=family(user, "nowhere:1"), desiredCount=1)["service"]
    rollout = stuck["currentServiceDeployment"]
    assert [False, False, True] == [rollout in rollouts(user) for _ in range(3)]
    ecs.by(
        lambda client: under_way(client, rollout), lambda: user.stop_service_deployment(serviceDeploymentArn=rollout)
    )

    once = asked | {"taskDefinition": family(user, "actors-hello:1", ONCE)}
    task = ecs.by(tasks, lambda: user.run_task(cluster="default", **once))["tasks"][0]["taskArn"]
    ecs.by(
        lambda client: client.describe_tasks(cluster="default", tasks=[task])["tasks"][0]["desiredStatus"],
        lambda: user.stop_task(cluster="default", task=task),
    )
    ecs.by(lambda client: services(client)[0][0][2], lambda: user.delete_service(**WEB, force=True))


def family(client: Any, image: str, name: str = "shop-web") -> str:
    """Register a task definition of this image, and return its ARN."""
    registered = client.register_task_definition(
        family=name,
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        cpu="256",
        memory="512",
        containerDefinitions=[{"name": "web", "image": image, "essential": True}],
    )
    return str(registered["taskDefinition"]["taskDefinitionArn"])


def rollouts(client: Any) -> list[str]:
    """List the service's deployments; of a service that is not there, none."""
    return [each["serviceDeploymentArn"] for each in client.list_service_deployments(**WEB)["serviceDeployments"]]


def under_way(client: Any, rollout: str) -> bool:
    """Tell whether a service deployment goes on, and nobody has asked to stop it."""
    [described] = client.describe_service_deployments(serviceDeploymentArns=[rollout])["serviceDeployments"]
    return described["status"] in ("PENDING", "IN_PROGRESS")


def tasks(client: Any) -> Any:
    """List the tasks that no service started."""
    return client.list_tasks(cluster="default", family=ONCE)["taskArns"]


def subnet(cloud: LocalCloud) -> str:
    """Return a subnet of the local account."""
    return str(cloud.client("ec2").describe_subnets()["Subnets"][0]["SubnetId"])


def test_load_balancing(cloud: LocalCloud) -> None:
    """What is told of target groups, rules, attributes and tags is first what was before; what is deleted is gone."""
    elb = Told(cloud, "elbv2")
    user, vpc = elb.user, Account(cloud.aws).vpc()

    def groups(client: Any) -> Any:
        return client.describe_target_groups(Names=["web"])["TargetGroups"]

    created = elb.by(groups, lambda: user.create_target_group(Name="web", Protocol="HTTP", Port=80, VpcId=vpc))
    group = {"TargetGroupArn": created["TargetGroups"][0]["TargetGroupArn"]}
    elb.by(groups, lambda: user.modify_target_group(**group, HealthCheckPath="/health"))
    elb.by(
        lambda client: client.describe_target_group_attributes(**group)["Attributes"],
        lambda: user.modify_target_group_attributes(
            **group, Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": "7"}]
        ),
    )

    def tags(client: Any) -> Any:
        return client.describe_tags(ResourceArns=list(group.values()))["TagDescriptions"]

    elb.by(tags, lambda: user.add_tags(ResourceArns=list(group.values()), Tags=[{"Key": "a", "Value": "b"}]))
    elb.by(tags, lambda: user.remove_tags(ResourceArns=list(group.values()), TagKeys=["a"]))

    balancer = user.describe_load_balancers()["LoadBalancers"][0]["LoadBalancerArn"]
    listener = {"ListenerArn": user.describe_listeners(LoadBalancerArn=balancer)["Listeners"][0]["ListenerArn"]}

    def rules(client: Any) -> Any:
        return client.describe_rules(**listener)["Rules"]

    def path(value: str) -> Any:
        return [{"Field": "path-pattern", "PathPatternConfig": {"Values": [value]}}]

    forward: Any = [{"Type": "forward", **group}]
    made = elb.by(rules, lambda: user.create_rule(**listener, Priority=7, Conditions=path("/a"), Actions=forward))
    rule = {"RuleArn": made["Rules"][0]["RuleArn"]}
    elb.by(rules, lambda: user.modify_rule(**rule, Conditions=path("/b")))
    elb.by(rules, lambda: user.set_rule_priorities(RulePriorities=[{**rule, "Priority": 8}]))
    user.delete_rule(**rule)
    user.delete_target_group(**group)
    assert told(rules, elb.knowing) == told(rules, user)
    assert "TargetGroupNotFound" == told(groups, user)


def test_cloud_map(cloud: LocalCloud) -> None:
    """What is told of services and tags is first what was before the write."""
    cloud_map = Told(cloud, "servicediscovery")
    user, vpc = cloud_map.user, Account(cloud.aws).vpc()
    operation = user.create_private_dns_namespace(Name="stale.local", Vpc=vpc)["OperationId"]
    namespace = wait_for(lambda: done(user, operation))["NAMESPACE"]

    def services(client: Any) -> Any:
        return client.list_services()["Services"]

    records = {"DnsRecords": [{"Type": "A", "TTL": 5}]}
    made = cloud_map.by(services, lambda: user.create_service(Name="web", NamespaceId=namespace, DnsConfig=records))
    tags = {"ResourceARN": made["Service"]["Arn"]}

    def tagged(client: Any) -> Any:
        return client.list_tags_for_resource(**tags)["Tags"]

    cloud_map.by(tagged, lambda: user.tag_resource(**tags, Tags=[{"Key": "a", "Value": "b"}]))
    cloud_map.by(tagged, lambda: user.untag_resource(**tags, TagKeys=["a"]))


def done(client: Any, operation: str) -> Any:
    """Return the targets of an operation of Cloud Map once it has succeeded."""
    found = client.get_operation(OperationId=operation)["Operation"]
    return found["Targets"] if found["Status"] == "SUCCESS" else None


@pytest.mark.full  # as the one of the tasks is
def test_every_write_was_called(cloud: LocalCloud) -> None:
    """The tests of this file call every write that is followed by stale reads."""
    counted = ask(cloud, "GET", "calls?access_key_id=user")
    called = {(service, operation) for service, operations in counted.items() for operation in operations}

    assert set() == set(WRITES) - called
