"""What IAM knows of the account beside a call: the tags that its resources carry, and the roles of its tasks."""

from collections.abc import Iterator, Mapping
from typing import Any

from localcloud.settings import ACCOUNT, REGION

Request = Mapping[str, Any]
Call = Mapping[str, Any]
"""A line of the local cloud's request log: `function`, `service`, `operation`, `request` and `answer`."""
Tags = Mapping[str, Mapping[str, str]]
NAMESPACE = f"arn:aws:servicediscovery:{REGION}:{ACCOUNT}:namespace"


class Memory:
    """The account as the calls so far left it: `tags` by ARN, `roles` by task definition; `tags` are there before."""

    def __init__(self, tags: Tags) -> None:
        self.tags: dict[str, Mapping[str, str]] = dict(tags)
        self.roles: dict[str, list[str]] = {}
        self._being_made: dict[str, Mapping[str, str]] = {}

    def learn(self, call: Call) -> None:
        """Remember what a call has made; one that was refused has made nothing."""
        request, answer = call["request"], call["answer"]
        if "Error" in answer:
            return
        for arn in _made(call["operation"], request, answer):
            self.tags[arn] = {**self.tags.get(arn, {}), **tags_in(request)}
        if call["operation"] == "RegisterTaskDefinition":
            self.roles[answer["taskDefinition"]["taskDefinitionArn"]] = roles_in(request)
        if call["operation"] == "CreatePrivateDnsNamespace":
            self._being_made[answer["OperationId"]] = tags_in(request)
        if call["operation"] == "GetOperation":
            operation = answer["Operation"]
            if namespace := operation.get("Targets", {}).get("NAMESPACE"):
                self.tags.setdefault(f"{NAMESPACE}/{namespace}", self._being_made.get(operation["Id"], {}))


def _made(operation: str, request: Request, answer: Mapping[str, Any]) -> Iterator[str]:
    """Yield the ARNs of what a call has made or tagged; namespaces are made later."""
    match operation:
        case "CreateCluster":
            yield answer["cluster"]["clusterArn"]
        case "CreateService":  # of ECS, or of Cloud Map
            yield answer["service"]["serviceArn"] if "service" in answer else answer["Service"]["Arn"]
        case "RunTask":
            yield from (each["taskArn"] for each in answer["tasks"])
        case "TagResource":
            yield request["resourceArn"]
        case "CreateTargetGroup":
            yield from (each["TargetGroupArn"] for each in answer["TargetGroups"])
        case "CreateRule":
            yield from (each["RuleArn"] for each in answer["Rules"])
        case _:
            return


def tags_in(request: Request) -> dict[str, str]:
    """Return the tags in a request, however the service spells them."""
    tags: Any = request.get("tags") or request.get("Tags") or {}
    if isinstance(tags, dict):
        return dict(tags)
    lower = ({name.lower(): text for name, text in each.items()} for each in tags)
    return {each["key"]: each["value"] for each in lower}


def roles_in(request: Request) -> list[str]:
    """Return the ARNs of the roles that a task definition hands to ECS."""
    named = [request[key] for key in ("executionRoleArn", "taskRoleArn") if request.get(key)]
    return [each if each.startswith("arn:") else f"arn:aws:iam::{ACCOUNT}:role/{each}" for each in named]
