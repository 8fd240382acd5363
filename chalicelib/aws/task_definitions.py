"""Task definitions: registered with the hash of their content, and found by it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from chalicelib.aws.calls import call, call_once, listed, side_by_side, tag_list, tags_of
from chalicelib.aws.task_definition_document import read_spec, register_request
from chalicelib.errors import AwsRefused
from chalicelib.specs import TaskSpec

if TYPE_CHECKING:
    from mypy_boto3_ecs import ECSClient
    from mypy_boto3_ecs.type_defs import DescribeTaskDefinitionResponseTypeDef

CONTENT_TAG = "slipway:content"
# What DescribeTaskDefinition adds to what was registered, and RegisterTaskDefinition does not take.
ADDED = {
    "taskDefinitionArn",
    "revision",
    "status",
    "requiresAttributes",
    "compatibilities",
    "registeredAt",
    "registeredBy",
    "deregisteredAt",
    "deleteRequestedAt",
}


class TaskDefinitions:
    """The task definitions of an account and region; `once` asks without attempts of its own."""

    def __init__(self, client: ECSClient, once: ECSClient, region: str) -> None:
        self._client = client
        self._once = once
        self._region = region
        self._read: dict[str, tuple[TaskSpec | None, str | None]] = {}

    def register(self, spec: TaskSpec, tags: Mapping[str, str]) -> str:
        """Register a new revision, tagged with its content hash, and return its ARN."""
        request = register_request(spec, self._region)
        own = {tag.get("key", ""): tag.get("value", "") for tag in request.get("tags", [])}
        request["tags"] = cast("Any", tag_list({**own, **tags, CONTENT_TAG: spec.content_hash}))
        answer = call_once(self._once.register_task_definition, **request)
        return answer["taskDefinition"]["taskDefinitionArn"]

    def register_again(self, arn: str, tags: Mapping[str, str]) -> str | None:
        """Register what a revision holds, as AWS has it, and return the new ARN; None when it is not there any more.

        The family's latest revision is taken if it has the same content: a call whose answer was lost had its effect.
        """
        answer = self._describe(arn)
        if answer is None:
            return None
        definition: Any = {key: each for key, each in answer["taskDefinition"].items() if key not in ADDED}
        latest, content = self.content_hash(definition["family"]), _content_tag(answer)
        if latest and content and latest[1] == content:
            return latest[0]
        definition["tags"] = tag_list({**tags_of(answer.get("tags", [])), **tags})
        return call_once(self._once.register_task_definition, **definition)["taskDefinition"]["taskDefinitionArn"]

    def content_hash(self, name: str) -> tuple[str, str | None] | None:
        """Return ARN and content hash of an ACTIVE revision: `name` is an ARN, or a family for its latest one."""
        answer = self._describe(name)
        if answer is None or answer["taskDefinition"].get("status") != "ACTIVE":
            return None
        return answer["taskDefinition"]["taskDefinitionArn"], _content_tag(answer)

    def read(self, arns: Sequence[str]) -> dict[str, tuple[TaskSpec | None, str | None]]:
        """Return what revisions hold, None of one that is not there, and their content hashes.

        A revision never changes: each is asked for once, as long as this object lives.
        """
        return dict(zip(arns, side_by_side(self._read_one, arns), strict=True))

    def _read_one(self, arn: str) -> tuple[TaskSpec | None, str | None]:
        if arn not in self._read:
            answer = self._describe(arn)
            if answer is None:
                return None, None
            self._read[arn] = read_spec(answer["taskDefinition"]), _content_tag(answer)
        return self._read[arn]

    def active(self, family: str) -> list[str]:
        """Return the ARNs of a family's ACTIVE revisions.

        `familyPrefix` is the full name of a family (API reference, ListTaskDefinitions).
        """
        active = {"familyPrefix": family, "status": "ACTIVE"}
        return listed(self._client, "list_task_definitions", "taskDefinitionArns", **active)

    def tags(self, arn: str) -> dict[str, str]:
        """Return the tags of a revision, none when there is no such revision."""
        answer = self._describe(arn)
        return tags_of(answer.get("tags", [])) if answer else {}

    def deregister(self, arn: str) -> None:
        """Make a revision INACTIVE: what runs it runs on, and nothing can be started from it."""
        call(self._client.deregister_task_definition, taskDefinition=arn)

    def _describe(self, name: str) -> DescribeTaskDefinitionResponseTypeDef | None:
        try:
            return call(self._client.describe_task_definition, taskDefinition=name, include=["TAGS"])
        except AwsRefused as refusal:
            if "Unable to describe task definition" in refusal.message:
                return None
            raise


def _content_tag(answer: DescribeTaskDefinitionResponseTypeDef) -> str | None:
    return next((tag.get("value") for tag in answer.get("tags", []) if tag.get("key") == CONTENT_TAG), None)
