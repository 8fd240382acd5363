"""All that AWS has of a service: ECS, task definition, route, name, scaling and log groups; never asked of Slipway."""

from collections.abc import Iterator
from typing import Any

from tests.local.local_cloud import LocalCloud

OF_A_SERVICE = (
    "launchType",
    "capacityProviderStrategy",
    "deploymentConfiguration",
    "healthCheckGracePeriodSeconds",
    "loadBalancers",
    "serviceRegistries",
)
ITS_OWN = ("taskDefinitionArn", "revision", "registeredAt", "registeredBy", "status", "deregisteredAt")
Found = dict[str, Any]


def in_aws(cloud: LocalCloud, cluster: str, name: str) -> Found:
    """Return all that AWS has of a service, but for what no manifest says: ARNs, times, and which deployment it was.

    The count of a service that scales is nobody's.
    """
    ecs = cloud.client("ecs")
    [service] = ecs.describe_services(cluster=cluster, services=[name], include=["TAGS"])["services"]
    tags = {each["key"]: each["value"] for each in service["tags"] if each["key"] != "slipway:deployment"}
    task = ecs.describe_task_definition(taskDefinition=service["taskDefinition"])["taskDefinition"]
    scaling = _scaling(cloud, f"service/{cluster}/{name}")
    return {
        "service": {key: service.get(key) for key in OF_A_SERVICE},
        "count": None if scaling["bounds"] else service["desiredCount"],
        "network": _network(cloud, service["networkConfiguration"]["awsvpcConfiguration"]),
        "tags": tags,
        "task": {key: value for key, value in task.items() if key not in ITS_OWN},
        "routes": [_route(cloud, each["targetGroupArn"]) for each in service["loadBalancers"]],
        "names": [_name(cloud, each["registryArn"]) for each in service["serviceRegistries"]],
        "scaling": scaling,
        "retention": [_retention(cloud, each) for each in task["containerDefinitions"]],
    }


def shows(now: Found, was: Found, value: Any) -> bool:
    """Tell whether AWS has, of what a field became, something that it did not have; of nothing it shows nothing."""
    before = set(_leaves(was))
    new = [leaf for place, leaf in _leaves(now) if (place, leaf) not in before]
    wanted = [leaf for _, leaf in _leaves(value)]
    return not wanted or any(_means(leaf, each) for leaf in new for each in wanted)


def _leaves(node: Any, place: str = "") -> Iterator[tuple[str, str]]:
    inside = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list | tuple) else None
    if inside is None:
        yield place, str(node)
    for key, each in inside or ():
        yield from _leaves(each, f"{place}.{key}")


def _means(leaf: str, value: str) -> bool:
    """Tell whether what AWS has means a value: as text, as a part of an ARN or a path, or as AWS says yes and no."""
    spelled = {"True": "ENABLED", "False": "DISABLED"}.get(value, value)
    if value.isdecimal():
        return leaf in (value, f"{value}.0")
    return leaf in (value, spelled) or value.lower() in leaf.lower()


def _network(cloud: LocalCloud, network: Found) -> Found:
    """Return where tasks run, by the names that a manifest has for it."""
    ec2 = cloud.client("ec2")
    subnets = ec2.describe_subnets(SubnetIds=network["subnets"])["Subnets"]
    groups = ec2.describe_security_groups(GroupIds=network["securityGroups"])["SecurityGroups"]
    named = [tag["Value"] for each in (*subnets, *groups) for tag in each.get("Tags", []) if tag["Key"] == "Name"]
    return {"names": sorted(named), "public": network["assignPublicIp"]}


def _route(cloud: LocalCloud, arn: str) -> Found:
    elbv2 = cloud.client("elbv2")
    [group] = elbv2.describe_target_groups(TargetGroupArns=[arn])["TargetGroups"]
    attributes = elbv2.describe_target_group_attributes(TargetGroupArn=arn)["Attributes"]
    [balancer] = group["LoadBalancerArns"]
    [listener] = elbv2.describe_listeners(LoadBalancerArn=balancer)["Listeners"]
    rules = elbv2.describe_rules(ListenerArn=listener["ListenerArn"])["Rules"]
    leading = [rule for rule in rules if any(each.get("TargetGroupArn") == arn for each in rule["Actions"])]
    return {
        "group": group,
        "attributes": {each["Key"]: each["Value"] for each in attributes},
        "rules": [(rule["Priority"], rule["Conditions"]) for rule in leading],
    }


def _name(cloud: LocalCloud, arn: str) -> Found:
    service = cloud.client("servicediscovery").get_service(Id=arn.rpartition("/")[2])["Service"]
    return {"name": service["Name"], "records": service["DnsConfig"]["DnsRecords"]}


def _scaling(cloud: LocalCloud, resource: str) -> Found:
    scaling, of_it = cloud.client("application-autoscaling"), {"ServiceNamespace": "ecs"}
    targets = scaling.describe_scalable_targets(**of_it, ResourceIds=[resource])["ScalableTargets"]
    policies = scaling.describe_scaling_policies(**of_it, ResourceId=resource)["ScalingPolicies"]
    return {
        "bounds": [(each["MinCapacity"], each["MaxCapacity"]) for each in targets],
        "policies": {each["PolicyName"]: each["TargetTrackingScalingPolicyConfiguration"] for each in policies},
    }


def _retention(cloud: LocalCloud, container: Found) -> int | None:
    group = container.get("logConfiguration", {}).get("options", {}).get("awslogs-group")
    if group is None:
        return None
    found = cloud.client("logs").describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    return next((each.get("retentionInDays") for each in found if each["logGroupName"] == group), None)
