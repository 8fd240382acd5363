"""Every refusal that passes, as AWS sends it to the real adapters: each asks for it as for what passes."""

import re
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse

from chalicelib.aws.autoscaling import AutoScaling, Policy, Scaled
from chalicelib.aws.cloud_map import CloudMap, Ensured, Namespace
from chalicelib.aws.clusters import Clusters
from chalicelib.aws.command import Command
from chalicelib.aws.ecs import Ecs
from chalicelib.aws.load_balancer_document import Listener, Routed
from chalicelib.aws.load_balancers import LoadBalancers
from chalicelib.aws.logs import Logs
from chalicelib.aws.passing import PASSING, Passing, passing
from chalicelib.aws.task_definitions import TaskDefinitions
from chalicelib.aws.tasks import Tasks
from chalicelib.errors import AwsRefused, DiscoveryFailed, NamespaceFailed, TransientAws, Unsettled
from chalicelib.manifest import Route, RouteHealthCheck
from chalicelib.preflight import Rule
from chalicelib.specs import ServiceSpec, TaskSpec
from tests import aws_passing

ARN = "arn:aws:elasticloadbalancing:us-east-1:000000000000"
GROUP, RULE, LISTENER = f"{ARN}:targetgroup/home/1", f"{ARN}:listener-rule/app/x/1/2/3", f"{ARN}:listener/app/x/1/2"
SPEC = ServiceSpec("home:1", 1, 100, 200, True, 0, None, None, ())
TASK = TaskSpec("home", raw={"containerDefinitions": [{"name": "web", "image": "web"}]})
OWN = {f"slipway:{each}": each for each in ("application", "environment", "installation", "service")}
BEHIND = Listener(LISTENER, "vpc-1", "slipway.elb.amazonaws.com")
NAMESPACE = Namespace("ns-1", "shop.local", "shop.local")
ROUTED = Routed(GROUP, RouteHealthCheck(path="/other"), 1, Rule(1, ("/*",), (), False), LISTENER)
ROUTE = Route(path="/home*", priority=7)
CPU = Policy("ECSServiceAverageCPUUtilization", 60.0)

# What AWS says of all that is asked before the call that it refuses.
FORWARDS = [{"Type": "forward", "TargetGroupArn": GROUP}]
FOUND = {"RuleArn": RULE, "Priority": "1", "Conditions": [], "Actions": FORWARDS}
WELL_FORMED = [{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/home*"]}}]
TARGETS = [{"ResourceId": "service/shop/home", "MinCapacity": 1, "MaxCapacity": 2}]
ANSWERS: dict[str, dict[str, Any]] = {
    "DescribeClusters": {"clusters": []},
    "DescribeLogGroups": {"logGroups": []},
    "DescribeRules": {"Rules": []},
    "DescribeScalableTargets": {"ScalableTargets": TARGETS},
    "DescribeTargetGroups": {"TargetGroups": [{"TargetGroupArn": GROUP, "TargetGroupName": "application-service-1"}]},
    "DescribeTargetGroupAttributes": {
        "Attributes": [{"Key": "deregistration_delay.timeout_seconds", "Value": "300"}],
    },
}


class Refusing:
    """An AWS that refuses one operation, and answers the others; `asked` has those that it was asked for."""

    def __init__(self, operation: str, code: str, message: str, answers: dict[str, dict[str, Any]]) -> None:
        self._refused = operation
        self._error = {"Error": {"Code": code, "Message": message}}
        self._answers = answers
        self.asked: list[str] = []

    def client(self, service: str) -> Any:
        """Return a client of it."""
        made = boto3.client(service, region_name="us-east-1")  # type: ignore[call-overload]
        made.meta.events.register("before-call", self._answer)
        return made

    def _answer(self, model: Any, **_: Any) -> tuple[AWSResponse, dict[str, Any]]:
        self.asked.append(model.name)
        refused = model.name.lower() == self._refused.replace("_", "")
        answer = self._error if refused else self._answers.get(model.name, {})
        status = 400 if "Error" in answer else 200
        headers: Any = {}
        return AWSResponse("", status, headers, None), {**answer, "ResponseMetadata": {"HTTPStatusCode": status}}


def ecs(aws: Refusing) -> Ecs:
    """Return the adapter of ECS."""
    client = aws.client("ecs")
    return Ecs(client, client)


def balancers(aws: Refusing) -> LoadBalancers:
    """Return the adapter of load balancers."""
    return LoadBalancers(aws.client("elbv2"), aws.client("elbv2"))


def scaling(aws: Refusing) -> AutoScaling:
    """Return the adapter of scalable targets."""
    return AutoScaling(aws.client("application-autoscaling"))


def names(aws: Refusing) -> CloudMap:
    """Return the adapter of Cloud Map."""
    return CloudMap(aws.client("servicediscovery"))


def run_task(aws: Refusing) -> None:
    """Run a task."""
    Tasks(aws.client("ecs")).run("shop", SPEC, Command("web", ("x",)), started_by="x", tags={}, token="x")


def register(aws: Refusing) -> None:
    """Register a task definition."""
    client = aws.client("ecs")
    TaskDefinitions(client, client, "us-east-1").register(TASK, {})


def change_name(aws: Refusing) -> object:
    """Change the TTL of a name."""
    return names(aws).ensure_service(NAMESPACE, "home", ("A",), 99, {}, "x")


# ECS has operations of these names, too.
ASK_CLOUD_MAP: dict[tuple[str, str], Callable[[Refusing], object]] = {
    ("delete_service", "ResourceInUse"): lambda aws: names(aws).delete_service("arn:service/srv-1"),
    ("get_operation", "OperationNotFound"): lambda aws: names(aws).operation_succeeded("op-1"),
    ("get_service", "ServiceNotFound"): change_name,
    ("update_service", "DuplicateRequest"): change_name,
}


THERE, OTHERS = Scaled(1, 2, {"slipway-cpu": CPU}), Scaled(1, 2, {})
ASK: dict[str, Callable[[Refusing], object]] = {
    "create_cluster": lambda aws: ecs(aws).create_cluster("shop", {}),
    "create_log_group": lambda aws: Logs(aws.client("logs")).ensure_group("/ecs/home", 7, {}),
    "create_rule": lambda aws: balancers(aws).ensure_rule(ROUTE, LISTENER, GROUP, OWN),
    "create_service": lambda aws: ecs(aws).create_service("shop", "home", SPEC, {}, "x"),
    "delete_cluster": lambda aws: Clusters(aws.client("ecs")).delete("shop"),
    "delete_namespace": lambda aws: names(aws).delete_namespace(NAMESPACE),
    "delete_scaling_policy": lambda aws: scaling(aws).put("shop", "home", OTHERS, THERE, {}),
    "delete_service": lambda aws: Clusters(aws.client("ecs")).delete_service("shop", "home"),
    "delete_target_group": lambda aws: balancers(aws).delete_target_group(GROUP),
    "deregister_scalable_target": lambda aws: scaling(aws).remove("shop", "home"),
    "describe_scalable_targets": lambda aws: scaling(aws).find("shop", "home"),
    "describe_scaling_policies": lambda aws: scaling(aws).find("shop", "home"),
    "describe_rules": lambda aws: balancers(aws).leads(ROUTE, LISTENER, GROUP),
    "describe_tags": lambda aws: balancers(aws).target_groups(OWN),
    "describe_target_group_attributes": lambda aws: balancers(aws).routed(BEHIND, OWN),
    "describe_target_health": lambda aws: balancers(aws).target_health(GROUP),
    "modify_rule": lambda aws: balancers(aws).ensure_rule(ROUTE, LISTENER, GROUP, OWN),
    "modify_target_group": lambda aws: balancers(aws).ensure_target_group(ROUTE, 80, BEHIND, OWN, ROUTED),
    "modify_target_group_attributes": lambda aws: balancers(aws).ensure_target_group(ROUTE, 80, BEHIND, OWN, ROUTED),
    "put_retention_policy": lambda aws: Logs(aws.client("logs")).ensure_group("/ecs/home", 7, {}),
    "put_scaling_policy": lambda aws: scaling(aws).put("shop", "home", THERE, OTHERS, {}),
    "register_scalable_target": lambda aws: scaling(aws).put("shop", "home", THERE, None, {}),
    "register_task_definition": register,
    "run_task": run_task,
    "set_rule_priorities": lambda aws: balancers(aws).ensure_rule(ROUTE, LISTENER, GROUP, OWN),
    "update_service": lambda aws: ecs(aws).update_service("shop", "home", SPEC, ["desired_count"]),
}
EXISTS: dict[str, Any] = {"Error": {"Code": "ServiceAlreadyExists", "Message": "It exists."}, "ServiceId": "srv-1"}
IT: dict[str, Any] = {
    "Arn": "arn:service/srv-1",
    "Name": "home",
    "DnsConfig": {"DnsRecords": [{"Type": "A", "TTL": 10}]},
}
NAMED: dict[str, dict[str, Any]] = {
    "CreateService": EXISTS,
    "GetService": {"Service": IT},
    "UpdateService": {"OperationId": "op-1"},
}
MORE: dict[str, dict[str, dict[str, Any]]] = {
    "modify_rule": {"DescribeRules": {"Rules": [FOUND]}},
    "set_rule_priorities": {"DescribeRules": {"Rules": [{**FOUND, "Conditions": WELL_FORMED}]}},
}
CASES = [
    pytest.param(row, operation, id=f"{operation} {row.code}: {row.text}")
    for row in PASSING
    for operation in row.operations
]


def ask(row: Passing, operation: str, message: str) -> None:
    """Have an adapter ask for an operation that AWS refuses."""
    in_cloud_map = ASK_CLOUD_MAP.get((operation, row.code))
    answers = NAMED if in_cloud_map else ANSWERS | MORE.get(operation, {})
    aws = Refusing(operation, row.code or "ClientException", message, answers)
    (in_cloud_map or ASK[operation])(aws)


ELSEWHERE = {
    ("CreateRule", "PriorityInUse"): "the adapter takes the next free priority, unless the manifest says one",
    ("DescribeTargetGroups", "TargetGroupNotFound"): "a target group that is not found is not there: it is asked again",
    ("DeleteScalingPolicy", "ObjectNotFoundException"): "a policy that is gone is all that was asked for",
    ("CreateSchedule", "ValidationException"): "Slipway makes no schedules",
    ("UpdateSchedule", "ValidationException"): "Slipway makes no schedules",
}
"""Refusals of the local cloud's that are treated elsewhere than in the table, and how."""


@pytest.mark.parametrize("seen", aws_passing.PASSING, ids=lambda it: f"{it.operation} {it.code} {it.message[:30]}")
def test_what_is_seen_of_aws_is_known(seen: aws_passing.Passing) -> None:
    """Each refusal that the local cloud can be asked for passes by the table, or somewhere else that is told here."""
    operation = re.sub("(?<!^)([A-Z])", r"_\1", seen.operation).lower()
    known = passing(operation, seen.code, seen.message) is not None
    assert known is ((seen.operation, seen.code) not in ELSEWHERE)


@pytest.mark.parametrize(("row", "operation"), CASES)
def test_refusal_passes(row: Passing, operation: str) -> None:
    """An adapter that meets a refusal of the table says that it passes, for how long, and AWS's words."""
    message = f"AWS says that it {row.text}, of this and that."
    with pytest.raises(TransientAws) as refused:
        ask(row, operation, message)
    assert (row.becomes, operation, message) == (type(refused.value), refused.value.operation, refused.value.message)


@pytest.mark.parametrize(("row", "operation"), [each for each in CASES if each.values[0].text])  # type: ignore[union-attr]
def test_other_words_are_for_good(row: Passing, operation: str) -> None:
    """The same code with other words is a refusal for good, where it is the words that tell."""
    with pytest.raises(AwsRefused):
        ask(row, operation, "AWS says something else.")


def cluster(status: str) -> dict[str, Any]:
    """Return what DescribeClusters says of a cluster."""
    return {"DescribeClusters": {"clusters": [{"clusterName": "shop", "status": status}]}}


OTHER_ARGUMENTS = "Arguments on this idempotent request are inconsistent with arguments used for previous request(s)."


def made_otherwise(status: str) -> Refusing:
    """Return an ECS that has a cluster of the name, made with other arguments."""
    return Refusing("create_cluster", "InvalidParameterException", OTHER_ARGUMENTS, cluster(status))


@pytest.mark.parametrize("status", ["PROVISIONING", "DEPROVISIONING"])
def test_cluster_whose_providers_change(status: str) -> None:
    """A cluster that is not ACTIVE yet is waited for, whether the call made it or found it; it is not made again."""
    made, found = Refusing("", "", "", {"CreateCluster": {"cluster": {"status": status}}}), made_otherwise(status)
    for aws in (made, found):
        with pytest.raises(Unsettled, match=f"shop is {status}"):
            ecs(aws).create_cluster("shop", {})
    assert (["CreateCluster"], ["CreateCluster", "DescribeClusters"]) == (made.asked, found.asked)


@pytest.mark.parametrize("status", ["INACTIVE", "FAILED"])
def test_cluster_that_cannot_be_made(status: str) -> None:
    """A refusal is raised unless a cluster is there by now: one that was made otherwise is as good."""
    ecs(made_otherwise("ACTIVE")).create_cluster("shop", {})
    with pytest.raises(AwsRefused, match="inconsistent"):
        ecs(made_otherwise(status)).create_cluster("shop", {})


def test_name_that_changes() -> None:
    """A name with another TTL is changed by an operation, which is handed on; one with this TTL needs none."""
    assert Ensured("arn:service/srv-1", "op-1") == change_name(Refusing("", "", "", NAMED))
    found = {**IT, "DnsConfig": {"DnsRecords": [{"Type": "A", "TTL": 99}]}}
    same: dict[str, dict[str, Any]] = {**NAMED, "GetService": {"Service": found}}
    assert Ensured("arn:service/srv-1", None) == change_name(Refusing("update_service", "None", "not asked", same))


def test_operation_that_failed() -> None:
    """An operation that ended in FAIL is told in Cloud Map's words, as what it was for."""
    ended = {"Status": "FAIL", "ErrorCode": "ACCESS_DENIED", "ErrorMessage": "not authorized"}
    aws = Refusing("", "", "", {"GetOperation": {"Operation": ended}})
    with pytest.raises(DiscoveryFailed, match="ACCESS_DENIED: not authorized"):
        names(aws).operation_succeeded("op-1", DiscoveryFailed)
    with pytest.raises(NamespaceFailed, match="ACCESS_DENIED: not authorized"):
        names(aws).operation_succeeded("op-1")


def test_what_exists_and_is_not_found() -> None:
    """What cannot be made, for it is there, and is not found either, was made a moment ago: it is asked for again."""
    aws = Refusing("create_service", "ServiceAlreadyExists", "It exists.", {"ListServices": {"Services": []}})
    with pytest.raises(TransientAws, match="It exists"):
        names(aws).ensure_service(NAMESPACE, "home", ("A",), 10, {}, "x")
    absent = {"DescribeTargetGroups": {"Error": {"Code": "TargetGroupNotFound", "Message": "not found"}}}
    aws = Refusing("create_target_group", "DuplicateTargetGroupName", "It exists.", absent)
    with pytest.raises(TransientAws, match="It exists"):
        balancers(aws).ensure_target_group(ROUTE, 80, BEHIND, OWN, None)


def test_what_is_gone_is_removed() -> None:
    """A rule or a policy that somebody removed in between is gone, which is all that was asked for."""
    group = {"TargetGroupArn": GROUP, "TargetGroupName": "application-service-1", "LoadBalancerArns": ["lb"]}
    tags = [{"Key": key, "Value": value} for key, value in OWN.items()]
    there: dict[str, dict[str, Any]] = {
        "DescribeTargetGroups": {"TargetGroups": [group]},
        "DescribeListeners": {"Listeners": [{"ListenerArn": LISTENER}]},
        "DescribeRules": {"Rules": [FOUND]},
        "DescribeTags": {"TagDescriptions": [{"ResourceArn": RULE, "Tags": tags}]},
    }
    aws = Refusing("delete_rule", "RuleNotFound", "One or more rules not found", there)
    balancers(aws).delete_rules(GROUP, OWN)
    assert "DeleteRule" in aws.asked

    balancers(Refusing("describe_target_groups", "TargetGroupNotFound", "not found", {})).delete_rules(GROUP, OWN)
    scaling(Refusing("delete_scaling_policy", "ObjectNotFoundException", "x", {})).put(
        "shop", "home", OTHERS, THERE, {}
    )
