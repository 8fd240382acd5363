"""Amazon ECS: tasks that run once, beside every service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from chalicelib.aws.calls import call, tag_list
from chalicelib.aws.command import Command
from chalicelib.aws.logs import LogStream
from chalicelib.aws.service_document import compute, settings
from chalicelib.aws.task_document import stopped_task
from chalicelib.decide import OneOffTask
from chalicelib.errors import AwsRefused, BeforeDeployFailed
from chalicelib.specs import ServiceSpec

if TYPE_CHECKING:
    from mypy_boto3_ecs import ECSClient
    from mypy_boto3_ecs.type_defs import TaskTypeDef

STARTED_BY_LENGTH = 128  # API reference, RunTask


class Tasks:
    """The tasks of an account and region that belong to no service."""

    def __init__(self, client: ECSClient) -> None:
        self._client = client

    def run(
        self,
        cluster: str,
        spec: ServiceSpec,
        command: Command,
        *,
        started_by: str,
        tags: Mapping[str, str],
        token: str,
    ) -> str:
        """Run a command once where a service would run, and return the task's ARN; the same `token` runs it once.

        Raises BeforeDeployFailed in ECS's words when there is no room for it.
        """
        answer = call(
            self._client.run_task,
            cluster=cluster,
            taskDefinition=spec.task_definition or "",
            clientToken=token,
            startedBy=started_by[:STARTED_BY_LENGTH],
            enableECSManagedTags=True,
            overrides=cast("Any", {"containerOverrides": command.overrides}),
            tags=cast("Any", tag_list(tags)),
            **cast("Any", compute(spec)),
            **cast("Any", settings(spec, ("network",))),
        )
        if not answer["tasks"]:
            reasons = ", ".join(failure.get("reason", "") for failure in answer["failures"])
            raise BeforeDeployFailed(f"ECS did not start the task of before_deploy: {reasons}")
        return answer["tasks"][0]["taskArn"]

    def find(self, cluster: str, arn: str) -> OneOffTask | None:
        """Return how a task goes; None when ECS does not show it: not yet, or not any more."""
        try:
            tasks = call(self._client.describe_tasks, cluster=cluster, tasks=[arn])["tasks"]
        except AwsRefused as refusal:
            if refusal.aws_code == "ClusterNotFoundException":  # one that was made just now may not be seen yet
                return None
            raise
        return _one_off_task(tasks[0]) if tasks else None

    def stop(self, cluster: str, arn: str, reason: str) -> None:
        """Stop a task; one that has ended, or that ECS does not know any more, is left as it is."""
        try:
            call(self._client.stop_task, cluster=cluster, task=arn, reason=reason)
        except AwsRefused as refusal:
            if "task was not found" not in refusal.message:
                raise

    def log_stream(self, arn: str, task_definition: str, container: str) -> LogStream | None:
        """Return where the awslogs driver writes what a container of a task says; None when it cannot be known.

        prefix/container/task: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/specify-log-config.html
        """
        definition = call(self._client.describe_task_definition, taskDefinition=task_definition)["taskDefinition"]
        containers = definition.get("containerDefinitions", [])
        said = next((each for each in containers if each.get("name") == container), None)
        options = said.get("logConfiguration", {}).get("options", {}) if said else {}
        group, prefix = options.get("awslogs-group"), options.get("awslogs-stream-prefix")
        if group is None or prefix is None:
            return None
        return LogStream(group, f"{prefix}/{container}/{arn.rpartition('/')[2]}")


def _one_off_task(task: TaskTypeDef) -> OneOffTask:
    overridden = task.get("overrides", {}).get("containerOverrides", [])
    name = next((each.get("name", "") for each in overridden if each.get("command")), "")
    return OneOffTask(
        arn=task["taskArn"],
        task_definition=task["taskDefinitionArn"],
        container=name,
        status=task["lastStatus"],
        created_at=task["createdAt"],
        end=stopped_task(task, name) if task["lastStatus"] == "STOPPED" else None,
    )
