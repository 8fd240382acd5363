"""A service that somebody made by hand, taken over: what no manifest says of it stays, and comes back."""

from typing import Any

from tests.local.local_cloud import LocalCloud, hello

KEPT = ("taskDefinition", "desiredCount", "deploymentConfiguration", "loadBalancers", "serviceRegistries", "tags")
PATHS = ("/hand-public", "/hand-internal")


def test_what_others_made_stays_and_comes_back(cloud: LocalCloud) -> None:
    """An adoption that fails gives back what there was; one that succeeds adds our route to all that there is."""
    before = made_by_hand(cloud)
    taken = hello("hand", adopt=True, rollout={"maximum_percent": 300}, environment={"GREETING": "taken"})
    broken = hello("hand", adopt=True, rollout={"maximum_percent": 300}, image="actors-crash-loop:1")
    failed, after = cloud.deploy(broken), described(cloud)
    succeeded, again = cloud.deploy(taken), cloud.deploy(taken)
    kept = described(cloud)

    assert ("rolled_back", before) == (failed["status"], after)
    assert ["succeeded"] * 2 == [each["status"] for each in (succeeded, again)]
    assert again["services"]["hello"]["changed"] is False
    assert (before["loadBalancers"], 3) == (kept["loadBalancers"][:2], len(kept["loadBalancers"]))
    assert {**before["deploymentConfiguration"], "maximumPercent": 300} == kept["deploymentConfiguration"]
    assert ["taken"] * 3 == [cloud.visit(path)["greeting"] for path in (*PATHS, "/hand")]


def made_by_hand(cloud: LocalCloud) -> dict[str, Any]:
    """Make a service as somebody would with AWS's own tools, in two target groups; return how ECS has it."""
    assert "succeeded" == cloud.deploy(hello("model"))["status"]
    ecs = cloud.client("ecs")
    [model] = ecs.describe_services(cluster="model", services=["hello"])["services"]
    ecs.create_cluster(clusterName="hand")
    ecs.create_service(
        cluster="hand",
        serviceName="hello",
        taskDefinition=model["taskDefinition"],
        desiredCount=1,
        launchType="FARGATE",
        networkConfiguration=model["networkConfiguration"],
        loadBalancers=[
            {"targetGroupArn": group, "containerName": "hello", "containerPort": 8080} for group in routed(cloud)
        ],
        deploymentConfiguration={"deploymentCircuitBreaker": {"enable": True, "rollback": False}},
        tags=[{"key": "by", "value": "hand"}],
    )
    return described(cloud)


def routed(cloud: LocalCloud) -> list[str]:
    """Make a target group for each path, and the rule that leads to it; return their ARNs."""
    elbv2 = cloud.client("elbv2")
    [balancer] = elbv2.describe_load_balancers(Names=["slipway"])["LoadBalancers"]
    [listener] = elbv2.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    groups = []
    for priority, path in enumerate(PATHS, start=40_000):
        made = elbv2.create_target_group(
            Name=path.strip("/"),
            Protocol="HTTP",
            Port=8080,
            VpcId=balancer["VpcId"],
            TargetType="ip",
            HealthCheckIntervalSeconds=5,
            HealthCheckTimeoutSeconds=2,
            HealthyThresholdCount=2,
        )
        [group] = [each["TargetGroupArn"] for each in made["TargetGroups"]]
        delay = {"Key": "deregistration_delay.timeout_seconds", "Value": "1"}
        elbv2.modify_target_group_attributes(TargetGroupArn=group, Attributes=[delay])
        elbv2.create_rule(
            ListenerArn=listener["ListenerArn"],
            Priority=priority,
            Conditions=[{"Field": "path-pattern", "Values": [f"{path}*"]}],
            Actions=[{"Type": "forward", "TargetGroupArn": group}],
        )
        groups.append(group)
    return groups


def described(cloud: LocalCloud) -> dict[str, Any]:
    """Return what ECS has of the service that a deployment may change."""
    answer = cloud.client("ecs").describe_services(cluster="hand", services=["hello"], include=["TAGS"])
    [service] = answer["services"]
    return {key: service.get(key) for key in KEPT}
