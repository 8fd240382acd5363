"""Which resources and condition keys each action has that we call, by the request that asks for it.

The Service Authorization Reference says it:
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from localcloud.settings import ACCOUNT, REGION
from tests.iam.evaluation import Context
from tests.iam.policies import STACK

Request = Mapping[str, Any]


def arn(service: str, rest: str) -> str:
    """Return an ARN of the local account."""
    return rest if rest.startswith("arn:") else f"arn:aws:{service}:{REGION}:{ACCOUNT}:{rest}"


@dataclass(frozen=True)
class Rule:
    """How an action is asked for: the ARNs that a request names, and the condition keys that it has beside its tags."""

    resources: Callable[[Request], Sequence[str]] = lambda _: ("*",)
    context: Callable[[Request], Context] = lambda _: {}


def _ecs(kind: str, member: str, *, of_cluster: bool = True) -> Rule:
    def resources(request: Request) -> Sequence[str]:
        name = request[member]
        path = f"{request['cluster']}/{name}" if of_cluster else name
        return (arn("ecs", name if name.startswith("arn:") else f"{kind}/{path}"),)

    return Rule(resources)


def _named(service: str, form: str, *members: str) -> Rule:
    """Return the rule of an action on one resource, whose ARN's end is `form` with the request's members in it."""

    def resources(request: Request) -> Sequence[str]:
        values = [str(request[member]) for member in members]
        return (values[0] if values[0].startswith("arn:") else arn(service, form.format(*values)),)

    return Rule(resources)


def _scaling(request: Request) -> Context:
    return {
        "application-autoscaling:service-namespace": [request["ServiceNamespace"]],
        "application-autoscaling:scalable-dimension": [request["ScalableDimension"]],
    }


SCALABLE_TARGET = Rule(lambda _: (arn("application-autoscaling", "scalable-target/made-up-id"),), _scaling)
ALARM = Rule(lambda request: (arn("cloudwatch", f"alarm:TargetTracking-{request['ResourceId']}-AlarmHigh-made-up-id"),))
TARGET_GROUP = _named("elasticloadbalancing", "", "TargetGroupArn")
RULE = _named("elasticloadbalancing", "", "RuleArn")
LOG_GROUP = _named("logs", "log-group:{}", "logGroupName")
NAME_SERVICE = _named("servicediscovery", "service/{}", "Id")
TABLE = _named("dynamodb", "table/{}", "TableName")
EVERYTHING = Rule()

RULES: dict[str, Rule] = {
    "application-autoscaling:DeleteScalingPolicy": SCALABLE_TARGET,
    "application-autoscaling:DeregisterScalableTarget": SCALABLE_TARGET,
    "application-autoscaling:PutScalingPolicy": SCALABLE_TARGET,
    "application-autoscaling:RegisterScalableTarget": SCALABLE_TARGET,
    "dynamodb:BatchGetItem": Rule(
        lambda request: [arn("dynamodb", f"table/{name}") for name in request["RequestItems"]]
    ),
    "dynamodb:DeleteItem": TABLE,
    "dynamodb:GetItem": TABLE,
    "dynamodb:PutItem": TABLE,
    "dynamodb:Query": Rule(
        lambda request: (
            arn(
                "dynamodb",
                f"table/{request['TableName']}" + (f"/index/{request['IndexName']}" if "IndexName" in request else ""),
            ),
        )
    ),
    "dynamodb:UpdateItem": TABLE,
    "ec2:DescribeVpcAttribute": _named("ec2", "vpc/{}", "VpcId"),
    "ecr:BatchGetImage": _named("ecr", "repository/{}", "repositoryName"),
    "ecr:GetDownloadUrlForLayer": _named("ecr", "repository/{}", "repositoryName"),
    "ecs:CreateCluster": _ecs("cluster", "clusterName", of_cluster=False),
    "ecs:CreateService": _ecs("service", "serviceName"),
    "ecs:DeleteCluster": _ecs("cluster", "cluster", of_cluster=False),
    "ecs:DeleteService": _ecs("service", "service"),
    "ecs:DescribeCapacityProviders": Rule(
        lambda request: [arn("ecs", f"capacity-provider/{name}") for name in request["capacityProviders"]]
    ),
    "ecs:DescribeClusters": Rule(lambda request: [arn("ecs", f"cluster/{name}") for name in request["clusters"]]),
    "ecs:DescribeContainerInstances": Rule(lambda request: list(request["containerInstances"])),
    "ecs:DescribeServiceDeployments": Rule(lambda request: list(request["serviceDeploymentArns"])),
    "ecs:DescribeServices": Rule(
        lambda request: [arn("ecs", f"service/{request['cluster']}/{name}") for name in request["services"]]
    ),
    "ecs:DescribeTasks": Rule(lambda request: list(request["tasks"])),
    "ecs:ListContainerInstances": _ecs("cluster", "cluster", of_cluster=False),
    "ecs:ListServiceDeployments": _ecs("service", "service"),
    "ecs:ListTasks": Rule(lambda request: (arn("ecs", f"container-instance/{request['cluster']}/made-up-id"),)),
    "ecs:RegisterTaskDefinition": _named("ecs", "task-definition/{}:1", "family"),
    "ecs:RunTask": _ecs("task-definition", "taskDefinition", of_cluster=False),
    "ecs:StopTask": _ecs("task", "task"),
    "ecs:TagResource": _named("ecs", "", "resourceArn"),
    "ecs:UntagResource": _named("ecs", "", "resourceArn"),
    "ecs:UpdateService": _ecs("service", "service"),
    "elasticloadbalancing:CreateRule": _named("elasticloadbalancing", "", "ListenerArn"),
    "elasticloadbalancing:CreateTargetGroup": _named("elasticloadbalancing", "targetgroup/{}/made-up-id", "Name"),
    "elasticloadbalancing:DeleteRule": RULE,
    "elasticloadbalancing:DeleteTargetGroup": TARGET_GROUP,
    "elasticloadbalancing:ModifyRule": RULE,
    "elasticloadbalancing:ModifyTargetGroup": TARGET_GROUP,
    "elasticloadbalancing:ModifyTargetGroupAttributes": TARGET_GROUP,
    "elasticloadbalancing:SetRulePriorities": Rule(
        lambda request: [each["RuleArn"] for each in request["RulePriorities"]]
    ),
    "iam:GetRole": Rule(lambda request: (f"arn:aws:iam::{ACCOUNT}:role/{request['RoleName']}",)),
    "kms:Sign": Rule(
        lambda _: (arn("kms", "key/made-up-id"),), lambda request: {"kms:ResourceAliases": [request["KeyId"]]}
    ),
    # In the local cloud a function's name has no stack before it.
    "lambda:InvokeFunction": _named("lambda", f"function:{STACK}-{{}}", "FunctionName"),
    "logs:CreateLogGroup": LOG_GROUP,
    "logs:GetLogEvents": _named("logs", "log-group:{}:log-stream:{}", "logGroupName", "logStreamName"),
    "logs:DeleteRetentionPolicy": LOG_GROUP,
    "logs:PutRetentionPolicy": LOG_GROUP,
    "route53:GetHostedZone": Rule(lambda request: (f"arn:aws:route53:::hostedzone/{request['Id']}",)),
    "route53:ListResourceRecordSets": Rule(
        lambda request: (f"arn:aws:route53:::hostedzone/{request['HostedZoneId']}",)
    ),
    "secretsmanager:DescribeSecret": _named("secretsmanager", "secret:{}", "SecretId"),
    "secretsmanager:GetSecretValue": _named("secretsmanager", "secret:{}", "SecretId"),
    "servicediscovery:CreateService": Rule(
        lambda request: (
            arn("servicediscovery", f"namespace/{request['NamespaceId']}"),
            arn("servicediscovery", "service/made-up-id"),
        )
    ),
    "servicediscovery:DeleteNamespace": _named("servicediscovery", "namespace/{}", "Id"),
    "servicediscovery:DeleteService": NAME_SERVICE,
    "servicediscovery:DiscoverInstances": Rule(
        lambda _: tuple(arn("servicediscovery", f"{kind}/made-up-id") for kind in ("namespace", "service"))
    ),
    "servicediscovery:GetOperation": Rule(lambda _: (arn("servicediscovery", "namespace/made-up-id"),)),
    "servicediscovery:GetService": NAME_SERVICE,
    "servicediscovery:ListInstances": _named("servicediscovery", "service/{}", "ServiceId"),
    "servicediscovery:UpdateService": NAME_SERVICE,
    "ssm:GetParameters": Rule(
        lambda request: [arn("ssm", f"parameter/{name.lstrip('/')}") for name in request["Names"]]
    ),
    "states:DescribeExecution": _named("states", "", "executionArn"),
    "states:StartExecution": _named("states", "", "stateMachineArn"),
    **dict.fromkeys(
        (
            # The reference knows no resource of these: what is asked is asked of all.
            "application-autoscaling:DescribeScalableTargets",
            "application-autoscaling:DescribeScalingPolicies",
            "ec2:DescribeRouteTables",
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeSubnets",
            "ec2:DescribeVpcEndpoints",
            "ec2:DescribeVpcs",
            "ecr:DescribePullThroughCacheRules",
            "ecs:DeregisterTaskDefinition",
            "ecs:DescribeTaskDefinition",
            "ecs:ListTaskDefinitions",
            "elasticloadbalancing:DescribeListeners",
            "elasticloadbalancing:DescribeLoadBalancers",
            "elasticloadbalancing:DescribeRules",
            "elasticloadbalancing:DescribeTags",
            "elasticloadbalancing:DescribeTargetGroupAttributes",
            "elasticloadbalancing:DescribeTargetGroups",
            "elasticloadbalancing:DescribeTargetHealth",
            "logs:DescribeLogGroups",
            "servicediscovery:CreatePrivateDnsNamespace",
            "servicediscovery:ListNamespaces",
            "servicediscovery:ListServices",
            "servicediscovery:ListTagsForResource",
            "ssm:DescribeParameters",
            "states:SendTaskHeartbeat",
            "states:SendTaskSuccess",
        ),
        EVERYTHING,
    ),
}
"""Every action that we call by itself; a call of any other is a KeyError."""
