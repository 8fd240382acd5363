"""What is in an account: everything that a deployment could have made, but what ECS keeps for memory and log groups."""

from collections.abc import Iterator
from typing import Any

from tests.local.local_cloud import LocalCloud


def inventory(cloud: LocalCloud) -> dict[str, list[str]]:
    """Return all that there is, by kind: INACTIVE services, clusters and revisions, and log groups aside."""
    found = {**_ecs(cloud), **_cloud_map(cloud), **_load_balancers(cloud), **_autoscaling(cloud)}
    return {kind: sorted(each) for kind, each in found.items()}


def made(cloud: LocalCloud) -> dict[str, list[str]]:
    """Return the inventory without task definitions: those of a deployment that goes back stay."""
    return {kind: each for kind, each in inventory(cloud).items() if kind != "task definitions"}


def _ecs(cloud: LocalCloud) -> dict[str, list[str]]:
    ecs = cloud.client("ecs")
    clusters = list(_pages(ecs, "list_clusters", "clusterArns"))
    services = [arn for cluster in clusters for arn in _pages(ecs, "list_services", "serviceArns", cluster=cluster)]
    tasks = [task for cluster in clusters for task in _pages(ecs, "list_tasks", "taskArns", cluster=cluster)]
    return {
        "clusters": clusters,
        "services": services,
        "clusters with tasks": list({arn.split("/")[1] for arn in tasks}),
        "task definitions": list(_pages(ecs, "list_task_definitions", "taskDefinitionArns", status="ACTIVE")),
    }


def _cloud_map(cloud: LocalCloud) -> dict[str, list[str]]:
    cloud_map = cloud.client("servicediscovery")
    return {
        "namespaces": [each["Name"] for each in _pages(cloud_map, "list_namespaces", "Namespaces")],
        "names": [each["Arn"] for each in _pages(cloud_map, "list_services", "Services")],
    }


def _load_balancers(cloud: LocalCloud) -> dict[str, list[str]]:
    elbv2 = cloud.client("elbv2")
    balancers = [each["LoadBalancerArn"] for each in _pages(elbv2, "describe_load_balancers", "LoadBalancers")]
    listeners = [
        each["ListenerArn"]
        for balancer in balancers
        for each in _pages(elbv2, "describe_listeners", "Listeners", LoadBalancerArn=balancer)
    ]
    rules = [each for arn in listeners for each in _pages(elbv2, "describe_rules", "Rules", ListenerArn=arn)]
    groups = list(_pages(elbv2, "describe_target_groups", "TargetGroups"))
    return {
        "load balancers": balancers,
        "listeners": listeners,
        "rules": [each["RuleArn"] for each in rules],
        "target groups": [each["TargetGroupArn"] for each in groups],
    }


def _autoscaling(cloud: LocalCloud) -> dict[str, list[str]]:
    autoscaling = cloud.client("application-autoscaling")
    targets = _pages(autoscaling, "describe_scalable_targets", "ScalableTargets", ServiceNamespace="ecs")
    return {"scalable targets": [each["ResourceId"] for each in targets]}


def _pages(client: Any, operation: str, member: str, **request: str) -> Iterator[Any]:
    for page in client.get_paginator(operation).paginate(**request):
        yield from page[member]
