"""Every call in aws/ is allowed by the policy of the function that makes it, and nothing else is."""

import json
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from chalicelib import steps
from chalicelib.steps.step import Step
from docs import permissions
from tests.contract.calls import actions, all_actions, cloud_calls
from tests.iam.evaluation import Asked, Resource, allowing
from tests.iam.policies import FUNCTIONS, STACK, policy
from tests.iam.rules import EVERYTHING, RULES

CHALICE = Path(__file__).parents[2] / ".chalice"
DEAD_LETTERS = CHALICE.parent / "infrastructure" / "parts" / "dead_letters.yaml"
OWN_LOG = {"logs:CreateLogStream", "logs:PutLogEvents"}


def step_files(of: Mapping[str, Step]) -> list[str]:
    """Return the files of steps."""
    return [f"{step.__module__.removeprefix('chalicelib.').replace('.', '/')}.py" for step in of.values()]


SHARED = ["steps/found.py", "steps/step.py", "steps/unnamed.py", "steps/wait.py"]
FILES = {
    "act": [*step_files(steps.ACT), "steps/rollout.py", "steps/service_removed.py", *SHARED],
    "observe": [
        *step_files(steps.OBSERVE),
        "dry_run.py",
        "live.py",
        "notices.py",
        "recovery.py",
        "steps/account.py",
        "steps/evidence.py",
        "steps/looks.py",
        "steps/name_proof.py",
        "steps/route_proof.py",
        "task_logs.py",
        *SHARED,
    ],
    "api": [
        "api/applications.py",
        "api/deployments.py",
        "api/logs.py",
        "api/plans.py",
        "api/registrations.py",
        "api/superseding.py",
        "api/ways_back.py",
        "api/webhooks.py",
        "events.py",
        "notices.py",
        "own_secrets.py",
        "recovery.py",
    ],
    "notify": ["notify.py", "github_token.py", "own_secrets.py"],
    "on_event": ["events.py", "notices.py", "recovery.py"],
    "sweep": ["notices.py", "recovery.py"],
    "authorize": ["api/tokens.py"],
    "resolve": [],
}

# What `found.asked` looks at again of a deployment that an older release has planned.
LOOKS_AGAIN = {
    "ec2:DescribeVpcs",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "elasticloadbalancing:DescribeLoadBalancers",
}

# What AWS does on our behalf, or asks for beside the call itself.
BESIDE = {
    "act": {
        "iam:PassRole": "RegisterTaskDefinition and RunTask hand the task's roles to ECS",
        "servicediscovery:TagResource": "CreatePrivateDnsNamespace and CreateService with tags",
        "elasticloadbalancing:AddTags": "CreateTargetGroup and CreateRule with tags",
        "logs:TagResource": "CreateLogGroup with tags",
        "application-autoscaling:TagResource": "RegisterScalableTarget with tags",
        "cloudwatch:DeleteAlarms": "DeregisterScalableTarget and DeleteScalingPolicy delete the policies' alarms",
        "cloudwatch:DescribeAlarms": "PutScalingPolicy",
        "cloudwatch:PutMetricAlarm": "PutScalingPolicy of target tracking makes its alarms",
        "iam:CreateServiceLinkedRole": "CreateCluster and RegisterScalableTarget, the first time in an account",
        "route53:ChangeResourceRecordSets": "UpdateService of Cloud Map, with its caller's rights",
        "route53:CreateHostedZone": "CreatePrivateDnsNamespace makes the zone with its caller's rights",
        "route53:DeleteHostedZone": "DeleteNamespace removes the zone with its caller's rights",
        "route53:GetHostedZone": "CreatePrivateDnsNamespace",
        "route53:ListHostedZonesByName": "CreatePrivateDnsNamespace",
        "ec2:DescribeRegions": "CreatePrivateDnsNamespace",
        **dict.fromkeys(LOOKS_AGAIN, "the ground of a deployment that an older release has planned"),
    },
    "resolve": {
        # https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
        "ec2:AssignPrivateIpAddresses": "a function in a VPC",
        "ec2:CreateNetworkInterface": "a function in a VPC",
        "ec2:DeleteNetworkInterface": "a function in a VPC",
        "ec2:DescribeNetworkInterfaces": "a function in a VPC",
        "ec2:DescribeSubnets": "a function in a VPC",
        "ec2:UnassignPrivateIpAddresses": "a function in a VPC",
    },
}


TAGGED = "aws:ResourceTag/slipway:installation"
READING = re.compile(r"\w[\w-]*:(Describe|Discover|Get|List)")
# AWS knows no resource of what is asked beside a call, either; an interface that a function needs is not there yet.
NO_RESOURCE = {
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:UnassignPrivateIpAddresses",
    "route53:CreateHostedZone",
    "servicediscovery:TagResource",
}

# What the code could call as it is written, and does not.
NEVER = {"observe": {"states:DescribeExecution": "Finish ends a deployment, and starts the next; it recovers none"}}


def statements(function: str) -> dict[str, set[str]]:
    """Return the actions that a function's policy allows, by the statements' names."""
    policy = json.loads((CHALICE / "policies" / f"{function}.json").read_text())
    return {each["Sid"]: set(each["Action"]) for each in policy["Statement"] if each["Effect"] == "Allow"}


def allowed(function: str) -> set[str]:
    """Return the actions that a function's policy allows beside its own log."""
    return set().union(*(those for name, those in statements(function).items() if name != "OwnLog"))


@pytest.mark.parametrize("function", FILES)
def test_policy_is_what_the_function_calls(function: str) -> None:
    """A function may do what its code asks for, and what AWS needs beside that."""
    called = actions(cloud_calls(FILES[function])) - set(NEVER.get(function, {}))
    needed = called | set(BESIDE.get(function, {}))

    assert {"missing": set(), "too much": set()} == {
        "missing": needed - allowed(function),
        "too much": allowed(function) - needed,
    }


@pytest.mark.parametrize("function", FILES)
def test_function_writes_its_own_log(function: str) -> None:
    """Every function may write its own log, and none may make it: a late line would bring back what is gone."""
    assert OWN_LOG == statements(function)["OwnLog"]


def test_every_call_is_some_functions() -> None:
    """No adapter calls what no function may."""
    everything = set().union(*(allowed(function) for function in FILES))
    assert len(all_actions()) > 30
    assert set() == all_actions() - everything


def test_every_function_has_its_policy() -> None:
    """Every Lambda function has a policy of its own, and no policy is left over."""
    config = json.loads((CHALICE / "config.json").read_text())
    for stage in config["stages"].values():
        files = {name: each["iam_policy_file"] for name, each in stage["lambda_functions"].items()}
        assert {**files, "api": stage["iam_policy_file"]} == {name: f"policies/{name}.json" for name in FILES}
    assert {path.stem for path in (CHALICE / "policies").glob("*.json")} == set(FILES) == set(FUNCTIONS)


def test_no_policy_is_a_wildcard() -> None:
    """No action is allowed by a pattern."""
    assert [] == [action for function in FILES for action in allowed(function) if "*" in action]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_everything_is_only_read(function: str) -> None:
    """Of all resources an action is allowed where it only reads, or where AWS knows no resource of it."""
    unbound = [each for each in policy(function)["Statement"] if (each["Effect"], each["Resource"]) == ("Allow", "*")]
    changing = {action for each in unbound for action in each["Action"] if not READING.match(action)}

    assert set() == {each for each in changing if RULES.get(each) is not EVERYTHING} - NO_RESOURCE


def test_all_that_is_made_is_tagged_and_only_that_is_changed() -> None:
    """A right to make ECS and ELB resources asks for the tag of the installation, one to change them for theirs."""
    conditions = {
        action: {key for keys in each.get("Condition", {}).values() for key in keys}
        for each in policy("act")["Statement"]
        for action in each["Action"]
        if action.startswith(("ecs:", "elasticloadbalancing:")) and not READING.match(action)
    }
    made = {f"ecs:{each}" for each in ("CreateCluster", "CreateService", "RegisterTaskDefinition", "RunTask")}
    made |= {"elasticloadbalancing:CreateRule", "elasticloadbalancing:CreateTargetGroup"}
    without = {"ecs:DeregisterTaskDefinition", "elasticloadbalancing:SetRulePriorities"}  # AWS has no condition there
    tagging = {"ecs:TagResource", "elasticloadbalancing:AddTags"}

    assert {each: {"aws:RequestTag/slipway:installation"} for each in made} == {each: conditions[each] for each in made}
    assert without == {each for each in conditions if not conditions[each]}
    assert {"aws:ResourceTag/slipway:installation"} == set().union(
        *(keys for each, keys in conditions.items() if each not in made | without | tagging)
    )


def test_another_installations_resources_are_left_alone() -> None:
    """What is tagged by another installation, or by none, no right changes that asks for a tag."""
    document = policy("act")
    asking = [each for each in document["Statement"] if TAGGED in each.get("Condition", {}).get("StringEquals", {})]
    places = [
        (action, arn.replace("*", "x"))
        for each in asking
        for action in each["Action"]
        for arn in each["Resource"]
        if action != "ecs:TagResource"
    ]

    def judged(**tags: str) -> list[bool]:
        carried = {f"slipway:{key}": value for key, value in tags.items()}
        return [allowing(document, Asked(action, (Resource(arn, carried),))) is not None for action, arn in places]

    assert len(places) > 20
    assert ({True}, {False}, {False}) == (
        set(judged(installation=STACK)),
        set(judged(installation=f"{STACK}-2")),
        set(judged(application="shop")),
    )


@pytest.mark.parametrize("tags", [{TAGGED.partition("/")[2]: "another"}, {TAGGED.partition("/")[2]: STACK}, {}])
def test_a_service_is_taken_over_from_nobody_else(tags: dict[str, str]) -> None:
    """The tag may be put on a service that has none, or ours; another installation keeps its services."""
    service = Resource("arn:aws:ecs:us-east-1:000000000000:service/shop/web", tags)
    asked = Asked("ecs:TagResource", (service,), {"aws:RequestTag/slipway:installation": [STACK]})

    assert ("another" not in tags.values()) is (allowing(policy("act"), asked) is not None)


def test_the_code_of_resolve_has_no_right_but_its_log() -> None:
    """The rights to network interfaces are Lambda's: a call of the function's own code names it, and is denied."""
    document, name = policy("resolve"), f"arn:aws:lambda:us-east-1:000000000000:function:{STACK}-resolve"
    mine = {"lambda:SourceFunctionArn": [name]}
    anothers = {"lambda:SourceFunctionArn": [f"{name}-2"]}
    interfaces = statements("resolve")["NetworkInterface"]

    assert interfaces == allowed("resolve")
    assert [None] * len(interfaces) == [allowing(document, Asked(each, context=mine)) for each in interfaces]
    for context in ({}, anothers):
        assert [{"NetworkInterface"}] * len(interfaces) == [
            allowing(document, Asked(each, context=context)) for each in interfaces
        ]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_policy_fits_into_its_role(function: str) -> None:
    """With long names, too, it fits into the 10,240 characters of a role's inline policies, with room for others.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    """
    long = {
        "AWS::Partition": "aws-us-gov",
        "AWS::Region": "ap-southeast-2",
        "AWS::AccountId": "000000000000",
        "AWS::StackName": "s" * 40,
    }
    assert len(json.dumps(policy(function, long), separators=(",", ":"))) < 9_500


def test_page_is_written_from_the_policies() -> None:
    """docs/permissions.md is what `make docs` writes, and says of each statement what it is for."""
    assert permissions.text() == permissions.PAGE.read_text(), "make docs"
    stated = {each["Sid"] for function in FUNCTIONS for each in policy(function)["Statement"]}
    assert set(permissions.WHY) == stated | {"DeadLetters"}


def test_rights_beside_the_policies_are_shown() -> None:
    """The page shows each queue of infrastructure/ to which a function may send what it failed with."""
    queues = re.findall(r'QueueName: !Sub "([^"]+)"', DEAD_LETTERS.read_text())
    assert queues == list(permissions.QUEUES.values())
