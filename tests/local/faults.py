"""What a test has go wrong in the local cloud, and which calls Slipway made: docs/local-cloud.md."""

import contextlib
import json
import urllib.request
from collections.abc import Iterator
from typing import Any

from localcloud.account import STATE_MACHINE_ARN
from tests.local.local_cloud import LocalCloud
from tests.local.truth import paths

A_CALL = 3
"""How often botocore asks before it gives up: chalicelib.aws.calls.config."""
THROTTLED = {"kind": "fail", "code": "ThrottlingException", "message": "Rate exceeded", "status": 400, "times": A_CALL}
ANSWER_LOST = {"kind": "fail", "code": "InternalFailure", "status": 500, "after": True, "times": A_CALL}


@contextlib.contextmanager
def going_wrong(cloud: LocalCloud, *faults: dict[str, Any]) -> Iterator[None]:
    """Have these faults happen meanwhile."""
    ask(cloud, "POST", "faults", json.dumps(faults).encode())
    try:
        yield
    finally:
        ask(cloud, "DELETE", "faults")


def ask(cloud: LocalCloud, method: str, what: str, body: bytes | None = None) -> Any:
    """Ask the local cloud about itself."""
    request = urllib.request.Request(f"{cloud.aws}/_slipway/{what}", body, method=method)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def slipways_calls(cloud: LocalCloud) -> set[tuple[str, str]]:
    """Return (service, operation) of every call that Slipway has made since it was asked last.

    An operation that is known by its path, which has an id in it, is "*": any of its service.
    """
    found = ask(cloud, "GET", "calls?access_key_id=local")
    ask(cloud, "DELETE", "calls")
    called = [(service, operation) for service, operations in found.items() for operation in operations]
    return {(service, "*" if "/" in operation else operation) for service, operation in called}


def execution_arn(deployment_id: str) -> str:
    """Return the ARN of a deployment's execution."""
    return f"{STATE_MACHINE_ARN.replace(':stateMachine:', ':execution:')}:{deployment_id}"


def made_for(cloud: LocalCloud, application: str) -> dict[str, int]:
    """Return how many there are of what a first deployment of `hello` makes, by kind."""
    ecs, elbv2 = cloud.client("ecs"), cloud.client("elbv2")
    arns = [each["TargetGroupArn"] for each in elbv2.describe_target_groups()["TargetGroups"]]
    tagged = [elbv2.describe_tags(ResourceArns=[arn])["TagDescriptions"][0]["Tags"] for arn in arns]
    owner = {"Key": "slipway:application", "Value": application}
    rollouts = ecs.list_service_deployments(cluster=application, service="hello")["serviceDeployments"]
    return {
        "services": len(ecs.list_services(cluster=application)["serviceArns"]),
        "rollouts": len(rollouts),
        "revisions": len(ecs.list_task_definitions(familyPrefix=f"{application}-hello")["taskDefinitionArns"]),
        "rules": paths(cloud).count(f"/{application}*"),
        "target groups": len([tags for tags in tagged if owner in tags]),
    }
