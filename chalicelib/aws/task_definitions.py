"""Task definitions: a `TaskSpec` to and from what ECS registers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from chalicelib.aws.calls import call, tag_list
from chalicelib.errors import AwsRefused
from chalicelib.manifest import HealthCheck
from chalicelib.plan import TaskSpec

if TYPE_CHECKING:
    from mypy_boto3_ecs import ECSClient
    from mypy_boto3_ecs.type_defs import (
        ContainerDefinitionOutputTypeDef,
        DescribeTaskDefinitionResponseTypeDef,
        RegisterTaskDefinitionRequestTypeDef,
        TaskDefinitionTypeDef,
    )

CONTENT_TAG = "slipway:content"
ARCHITECTURES = {"x86_64": "X86_64", "arm64": "ARM64"}


class TaskDefinitions:
    """The task definitions of an account and region."""

    def __init__(self, client: ECSClient, region: str) -> None:
        self._client = client
        self._region = region

    def register(self, spec: TaskSpec, tags: Mapping[str, str]) -> str:
        """Register a new revision, tagged with its content hash, and return its ARN."""
        request = register_request(spec, self._region)
        request["tags"] = cast("Any", tag_list({**tags, CONTENT_TAG: spec.content_hash}))
        answer = call(self._client.register_task_definition, **request)
        return answer["taskDefinition"]["taskDefinitionArn"]

    def content_hash(self, name: str) -> tuple[str, str | None] | None:
        """Return ARN and content hash of an ACTIVE revision: `name` is an ARN, or a family for its latest one."""
        answer = self._describe(name)
        if answer is None or answer["taskDefinition"].get("status") != "ACTIVE":
            return None
        return answer["taskDefinition"]["taskDefinitionArn"], _content_tag(answer)

    def read(self, arn: str) -> tuple[TaskSpec | None, str | None]:
        """Return what a revision holds, None when it has not the form that we register, and its content hash."""
        answer = self._describe(arn)
        if answer is None:
            return None, None
        return read_spec(answer["taskDefinition"]), _content_tag(answer)

    def _describe(self, name: str) -> DescribeTaskDefinitionResponseTypeDef | None:
        try:
            return call(self._client.describe_task_definition, taskDefinition=name, include=["TAGS"])
        except AwsRefused as refusal:
            if "Unable to describe task definition" in refusal.message:
                return None
            raise


def _content_tag(answer: DescribeTaskDefinitionResponseTypeDef) -> str | None:
    return next((tag.get("value") for tag in answer.get("tags", []) if tag.get("key") == CONTENT_TAG), None)


def register_request(spec: TaskSpec, region: str) -> RegisterTaskDefinitionRequestTypeDef:
    """Return the request that registers a spec (ECS API, RegisterTaskDefinition)."""
    request: dict[str, Any] = {
        "family": spec.family,
        "requiresCompatibilities": ["FARGATE"],
        "networkMode": "awsvpc",
        "cpu": str(spec.cpu),
        "memory": str(spec.memory),
        "runtimePlatform": {
            "cpuArchitecture": ARCHITECTURES[spec.architecture],
            "operatingSystemFamily": "LINUX",
        },
        "containerDefinitions": [_container(spec, region)],
        "taskRoleArn": spec.task_role,
        "executionRoleArn": spec.execution_role,
    }
    return cast("RegisterTaskDefinitionRequestTypeDef", _without_none(request))


def _container(spec: TaskSpec, region: str) -> dict[str, Any]:
    container = {
        "name": spec.container,
        "image": spec.image,
        "essential": True,
        "command": list(spec.command) if spec.command is not None else None,
        "entryPoint": list(spec.entry_point) if spec.entry_point is not None else None,
        "environment": [{"name": name, "value": value} for name, value in sorted(spec.environment.items())],
        "portMappings": [{"containerPort": spec.port, "protocol": "tcp"}] if spec.port else [],
        "healthCheck": _health_check(spec.health_check) if spec.health_check else None,
        "stopTimeout": spec.stop_timeout,
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {
                "awslogs-group": spec.log_group,
                "awslogs-region": region,
                "awslogs-stream-prefix": spec.container,
            },
        },
    }
    return _without_none(container)


def _health_check(check: HealthCheck) -> dict[str, Any]:
    return {
        "command": list(check.command),
        "interval": check.interval,
        "timeout": check.timeout,
        "retries": check.retries,
        "startPeriod": check.start_period,
    }


def _without_none(request: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in request.items() if value is not None}


def read_spec(definition: TaskDefinitionTypeDef) -> TaskSpec | None:
    """Return the spec that a task definition was registered from; None when it has another form than ours."""
    containers = definition.get("containerDefinitions", [])
    if len(containers) != 1:
        return None
    container = containers[0]
    ports = container.get("portMappings", [])
    architecture = definition.get("runtimePlatform", {}).get("cpuArchitecture", "X86_64")
    return TaskSpec(
        family=definition.get("family", ""),
        image=container.get("image", ""),
        cpu=int(definition.get("cpu", "0")),
        memory=int(definition.get("memory", "0")),
        architecture=next((ours for ours, theirs in ARCHITECTURES.items() if theirs == architecture), architecture),
        port=ports[0].get("containerPort") if ports else None,
        container=container.get("name", ""),
        log_group=container.get("logConfiguration", {}).get("options", {}).get("awslogs-group", ""),
        command=tuple(container["command"]) if container.get("command") else None,
        entry_point=tuple(container["entryPoint"]) if container.get("entryPoint") else None,
        environment={pair.get("name", ""): pair.get("value", "") for pair in container.get("environment", [])},
        health_check=_read_health_check(container),
        stop_timeout=container.get("stopTimeout"),
        task_role=definition.get("taskRoleArn"),
        execution_role=definition.get("executionRoleArn"),
    )


def _read_health_check(container: ContainerDefinitionOutputTypeDef) -> HealthCheck | None:
    check = container.get("healthCheck")
    if not check:
        return None
    return HealthCheck(
        command=tuple(check["command"]),
        interval=check.get("interval", 30),
        timeout=check.get("timeout", 5),
        retries=check.get("retries", 3),
        start_period=check.get("startPeriod", 0),
    )
