"""What a call asks of IAM: its own action, and what AWS asks for beside it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from localcloud.settings import ACCOUNT
from tests.iam.evaluation import Asked, Context, Resource
from tests.iam.memory import Call, Memory, Request, Tags, roles_in, tags_in
from tests.iam.rules import ALARM, RULES, arn

WRITES = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem"}
"""A transaction asks for what it holds: Service Authorization Reference, "Amazon DynamoDB"."""
ECS_MAKES = ("CreateCluster", "CreateService", "RegisterTaskDefinition", "RunTask")
MADE_UP = "made-up-id"


def asked_by_function(calls: Iterable[Call], tags: Tags) -> dict[str, list[Asked]]:
    """Return what each function asked of IAM in calls that followed each other; `tags` were there before, by ARN."""
    memory, found = Memory(tags), defaultdict[str, list[Asked]](list)
    for call in calls:
        found[call["function"]] += asked(call, memory)
        memory.learn(call)
    return found


def asked(call: Call, memory: Memory) -> Iterator[Asked]:
    """Yield all that a call asks of IAM; `memory` is the account as the calls before it left it."""
    service, operation, request = call["service"], call["operation"], call["request"]
    if (service, operation) == ("dynamodb", "TransactWriteItems"):
        for item in request["TransactItems"]:
            for kind, write in item.items():
                yield _of(f"dynamodb:{WRITES[kind]}", write, memory)
        return
    action = "lambda:InvokeFunction" if service == "lambda" else f"{service}:{operation}"
    own = _of(action, request, memory)
    yield own
    yield from _tagging(action, own, request)
    yield from _beside(action, request, memory)


def _of(action: str, request: Request, memory: Memory) -> Asked:
    rule = RULES[action]
    resources = tuple(Resource(each, memory.tags.get(each, {})) for each in rule.resources(request))
    return Asked(action, resources, {**_tags_asked(request), **rule.context(request)})


def _tags_asked(request: Request) -> Context:
    return {f"aws:RequestTag/{key}": [value] for key, value in tags_in(request).items()}


def _tagging(action: str, own: Asked, request: Request) -> Iterator[Asked]:
    """Yield what making something with tags asks for: the right to tag it, in a call that makes it."""
    tags, service, operation = _tags_asked(request), *action.split(":")
    if not tags or "Tag" in operation:
        return
    match service:
        case "ecs":
            made = (
                arn("ecs", f"task/{request['cluster']}/{MADE_UP}") if operation == "RunTask" else own.resources[0].arn
            )
            yield Asked("ecs:TagResource", (Resource(made),), {**tags, "ecs:CreateAction": [operation]})
        case "elasticloadbalancing":
            place = own.resources[0].arn.replace(":listener/", ":listener-rule/")
            made = f"{place}/{MADE_UP}" if operation == "CreateRule" else place
            context = {**tags, "elasticloadbalancing:CreateAction": [operation]}
            yield Asked("elasticloadbalancing:AddTags", (Resource(made),), context)
        case "servicediscovery":
            yield Asked("servicediscovery:TagResource", context=tags)
        case "logs" | "application-autoscaling":
            yield Asked(f"{service}:TagResource", own.resources, tags)
        case _:
            raise KeyError(action)


def _beside(action: str, request: Request, memory: Memory) -> Iterator[Asked]:
    """Yield what AWS does with its caller's rights, or asks for beside the call's own action."""
    match action:
        # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using-service-linked-roles.html
        case "ecs:CreateCluster":
            yield _of_service_role("ecs.amazonaws.com")
        case "ecs:RegisterTaskDefinition":
            yield from map(_pass_role, roles_in(request))
        case "ecs:RunTask":
            yield from map(_pass_role, memory.roles[request["taskDefinition"]])
        # https://docs.aws.amazon.com/autoscaling/application/userguide/security_iam_id-based-policy-examples.html
        case "application-autoscaling:RegisterScalableTarget":
            yield _of_service_role("ecs.application-autoscaling.amazonaws.com")
        case "application-autoscaling:PutScalingPolicy":
            yield from (_of_alarm(name, request) for name in ("DescribeAlarms", "PutMetricAlarm"))
        case "application-autoscaling:DeleteScalingPolicy" | "application-autoscaling:DeregisterScalableTarget":
            yield _of_alarm("DeleteAlarms", request)
        case _:
            yield from _beside_names(action, request)


def _beside_names(action: str, request: Request) -> Iterator[Asked]:
    """Yield what Cloud Map does with its caller's rights.

    https://docs.aws.amazon.com/cloud-map/latest/dg/cloud-map-api-permissions-ref.html
    """
    match action:
        case "servicediscovery:CreatePrivateDnsNamespace":
            for name in ("ec2:DescribeRegions", "ec2:DescribeVpcs", "route53:ListHostedZonesByName"):
                yield Asked(name)
            yield Asked("route53:CreateHostedZone")
            yield _of_zone("GetHostedZone")
        case "servicediscovery:UpdateService":
            types = sorted({each["Type"] for each in request["Service"]["DnsConfig"]["DnsRecords"]})
            yield _of_zone("ChangeResourceRecordSets", {"route53:ChangeResourceRecordSetsRecordTypes": types})
        case "servicediscovery:DeleteNamespace":
            yield _of_zone("DeleteHostedZone")
        case _:
            return


def _pass_role(role: str) -> Asked:
    return Asked("iam:PassRole", (Resource(role),), {"iam:PassedToService": ["ecs-tasks.amazonaws.com"]})


def _of_service_role(service: str) -> Asked:
    role = f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/{service}/{MADE_UP}"
    return Asked("iam:CreateServiceLinkedRole", (Resource(role),), {"iam:AWSServiceName": [service]})


def _of_alarm(operation: str, request: Request) -> Asked:
    return Asked(f"cloudwatch:{operation}", tuple(map(Resource, ALARM.resources(request))))


def _of_zone(operation: str, context: Context | None = None) -> Asked:
    zone = Resource(f"arn:aws:route53:::hostedzone/{MADE_UP}")
    return Asked(f"route53:{operation}", (zone,), context or {})
