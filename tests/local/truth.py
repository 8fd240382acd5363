"""What is true of an application now: asked of ECS, of DNS and of the table, never of Slipway."""

from typing import Any

import dns.resolver
from boto3.dynamodb.types import TypeDeserializer

from localcloud.account import TABLE
from tests.local.local_cloud import LocalCloud
from tests.local.samples import tasks


def told(ended: dict[str, Any]) -> dict[str, str | None]:
    """Return what a deployment says that serves, by service."""
    return {name: service["what_serves"] for name, service in ended["services"].items()}


def served(cloud: LocalCloud, ended: dict[str, Any]) -> dict[str, str | None]:
    """Return which revision's tasks run, by service of a deployment whose cluster is its application's."""
    return {name: running(cloud, ended["application"], name) for name in ended["services"]}


def running(cloud: LocalCloud, cluster: str, service: str = "hello") -> str | None:
    """Return the task definition whose tasks a service runs, None when it runs none, or is not there."""
    if not active(cloud, cluster, service):
        return None
    found = {task["taskDefinitionArn"] for task in tasks(cloud, cluster, service) if task["lastStatus"] == "RUNNING"}
    assert len(found) <= 1, found
    return next(iter(found), None)


def active(cloud: LocalCloud, cluster: str, service: str = "hello") -> bool:
    """Tell whether there is an ECS service of this name."""
    ecs = cloud.client("ecs")
    clusters = ecs.describe_clusters(clusters=[cluster])["clusters"]
    if "ACTIVE" not in [each["status"] for each in clusters]:
        return False
    described = ecs.describe_services(cluster=cluster, services=[service])["services"]
    return bool([each for each in described if each["status"] == "ACTIVE"])


def answered(cloud: LocalCloud, name: str) -> list[str]:
    """Return the addresses that DNS answers for a name; none when there is no such name, or not even its zone."""
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = [cloud.dns[0]], cloud.dns[1]
    try:
        return sorted(record.to_text() for record in resolver.resolve(f"{name}.", "A"))
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer, dns.resolver.NoNameservers):
        return []


def paths(cloud: LocalCloud) -> list[str]:
    """Return the paths that the load balancer `slipway` sends somewhere, one for each rule."""
    elbv2 = cloud.client("elbv2")
    [balancer] = elbv2.describe_load_balancers(Names=["slipway"])["LoadBalancers"]
    [listener] = elbv2.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    rules = elbv2.describe_rules(ListenerArn=listener["ListenerArn"])["Rules"]
    conditions = [each for rule in rules for each in rule["Conditions"] if each["Field"] == "path-pattern"]
    return sorted(each["PathPatternConfig"]["Values"][0] for each in conditions)


def locks(cloud: LocalCloud) -> dict[str, str]:
    """Return which deployment holds which service, as the table has it."""
    pages = cloud.client("dynamodb").get_paginator("scan").paginate(TableName=TABLE, ConsistentRead=True)
    plain = TypeDeserializer().deserialize
    items = [{key: plain(value) for key, value in item.items()} for page in pages for item in page["Items"]]
    return {item["pk"].removeprefix("lock#"): item["deployment_id"] for item in items if item["sk"] == "lock"}
