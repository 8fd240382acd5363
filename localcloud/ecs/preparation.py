"""What a task needs before its containers start: images, log groups, secrets and volumes.

The words of what is missing are the ECS agent's and Fargate's:
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from localcloud.ecs.log_stream import log_group, makes_its_group
from localcloud.ecs.ports import Logs, Registry, Secrets
from localcloud.ecs.state import Container, Task
from localcloud.ecs.volumes import Mount, VolumeError, Volumes
from localcloud.faults import AwsFault
from localcloud.images import Image, Images, ImagesError

NOT_INITIALIZED = "ResourceInitializationError: "


class TaskStartError(Exception):
    """The task cannot start; the message is AWS's stoppedReason. `container` is the one that shows it as its reason."""

    def __init__(self, message: str, container: Container | None = None) -> None:
        super().__init__(message)
        self.container = container


@dataclass(frozen=True)
class Part:
    """One container of a task, ready to start. `python` is its image's interpreter."""

    container: Container
    image: Image
    python: Path
    secrets: Mapping[str, str]
    mounts: Sequence[Mount]


@dataclass(frozen=True)
class Preparation:
    """Gets ready what containers need. Every method raises TaskStartError."""

    images: Images
    registry: Registry
    logs: Logs
    secrets: Secrets | None
    volumes: Volumes

    def pull(self, task: Task) -> list[Image]:
        """Return the images of a task's containers, in their order."""
        return [self._pull_one(container) for container in task.containers]

    def parts(self, task: Task, images: list[Image]) -> list[Part]:
        """Return a task's containers with all they need."""
        for container in task.containers:
            self._check_log_group(container)
        return [
            Part(
                container,
                image,
                image.python(self.images.cache),
                self._secrets_of(container),
                self._mounts_of(task, container),
            )
            for container, image in zip(task.containers, images, strict=True)
        ]

    def _pull_one(self, container: Container) -> Image:
        reference = container.definition["image"]
        image = self.images.find(self.registry.program(reference))
        if image is None:
            reason = f"pull image manifest has been retried 1 time(s): failed to resolve ref {reference}: {reference}"
            raise TaskStartError(f"CannotPullContainerError: {reason}: not found", container)
        try:
            self.images.prepare(image)
        except ImagesError as error:
            raise TaskStartError(f"CannotPullContainerError: {error}", container) from error
        return image

    def _check_log_group(self, container: Container) -> None:
        group = log_group(container.definition)
        if group is None or self.logs.exists(group):
            return
        if makes_its_group(container.definition):
            self.logs.create(group)
        else:
            raise TaskStartError(
                f"{NOT_INITIALIZED}failed to validate logger args: create stream has been retried "
                "1 times: failed to create Cloudwatch log stream: ResourceNotFoundException: "
                "The specified log group does not exist. : exit status 1"
            )

    def _secrets_of(self, container: Container) -> dict[str, str]:
        asked = container.definition.get("secrets", [])
        if not asked:
            return {}
        if self.secrets is None:
            raise TaskStartError(f"{NOT_INITIALIZED}this local cloud was started without a store of secrets.")
        try:
            return {secret["name"]: self.secrets.value(secret["valueFrom"]) for secret in asked}
        except AwsFault as fault:
            raise TaskStartError(
                f"{NOT_INITIALIZED}unable to pull secrets or registry auth: execution resource retrieval failed: "
                f"{fault.message}"
            ) from fault

    def _mounts_of(self, task: Task, container: Container) -> list[Mount]:
        try:
            return self.volumes.mounts(task, container.definition)
        except VolumeError as error:
            raise TaskStartError(f"CannotCreateContainerError: {error}", container) from error
