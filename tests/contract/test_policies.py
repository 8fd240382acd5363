"""Every call in aws/ is allowed by the policy of the function that makes it, and nothing else is."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from chalicelib import steps
from chalicelib.steps.step import Step
from tests.contract.calls import actions, all_actions, cloud_calls

CHALICE = Path(__file__).parents[2] / ".chalice"
OWN_LOG = {"logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"}


def step_files(of: Mapping[str, Step]) -> list[str]:
    """Return the files of steps."""
    return [f"{step.__module__.removeprefix('chalicelib.').replace('.', '/')}.py" for step in of.values()]


SHARED = ["steps/found.py", "steps/step.py", "steps/wait.py"]
FILES = {
    "act": [*step_files(steps.ACT), "steps/rollout.py", *SHARED],
    "observe": [
        *step_files(steps.OBSERVE),
        "dry_run.py",
        "live.py",
        "notices.py",
        "steps/evidence.py",
        "steps/unnamed.py",
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
        "iam:CreateServiceLinkedRole": "RegisterScalableTarget, the first time in an account",
        "route53:CreateHostedZone": "CreatePrivateDnsNamespace makes the zone with its caller's rights",
        "route53:DeleteHostedZone": "DeleteNamespace removes the zone with its caller's rights",
        "route53:GetHostedZone": "CreatePrivateDnsNamespace",
        "route53:ListHostedZonesByName": "CreatePrivateDnsNamespace",
        "ec2:DescribeRegions": "CreatePrivateDnsNamespace",
    },
    "resolve": {
        "ec2:CreateNetworkInterface": "a function in a VPC",
        "ec2:DeleteNetworkInterface": "a function in a VPC",
        "ec2:DescribeNetworkInterfaces": "a function in a VPC",
    },
}


# What the code could call as it is written, and does not.
NEVER = {
    "act": {"ecs:DescribeServiceDeployments": "DeployService names no service deployment when it asks for a rollout"}
}


def statements(function: str) -> dict[str, set[str]]:
    """Return the actions of a function's policy, by the statements' names."""
    policy = json.loads((CHALICE / "policies" / f"{function}.json").read_text())
    return {statement["Sid"]: set(statement["Action"]) for statement in policy["Statement"]}


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
    """Every function may write its own log."""
    assert statements(function)["OwnLog"] == OWN_LOG


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
    assert {path.stem for path in (CHALICE / "policies").glob("*.json")} == set(FILES)


def test_no_policy_is_a_wildcard() -> None:
    """No action is allowed by a pattern."""
    assert [] == [action for function in FILES for action in allowed(function) if "*" in action]
