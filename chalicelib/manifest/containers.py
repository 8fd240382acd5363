"""The containers of a task, and the volumes that they share."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from chalicelib.manifest.base import EMPTY, MAX_INTEGER, Model
from chalicelib.manifest.values import (
    AbsolutePath,
    AccessPoint,
    FileSystem,
    Flag,
    Image,
    Name,
    Port,
    SecretReference,
    Text,
    Texts,
    Told,
    VariableName,
    Whole,
    check_command,
)

# ECS quotas: container definitions in a task definition.
MAX_CONTAINERS = 10
# "The Docker 20.10.0 or later daemon reserves a minimum of 6 MiB of memory for a container": ContainerDefinition.
MIN_MEMORY = 6

Environment = Mapping[VariableName, Text]
Secrets = Mapping[VariableName, SecretReference]
# On Fargate 120 at most, a rule in `fargate_rules`: ContainerDefinition, member stopTimeout.
StopTimeout = Annotated[Whole, Field(ge=2, le=MAX_INTEGER)]
Condition = Literal["START", "COMPLETE", "SUCCESS", "HEALTHY"]


class HealthCheck(Model):
    """The container's own health check. Times in seconds.

    Ranges: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html
    """

    command: Annotated[Texts, AfterValidator(check_command), Told({"minItems": 2})]
    interval: Annotated[Whole, Field(ge=5, le=300)] = 30
    timeout: Annotated[Whole, Field(ge=2, le=60)] = 5
    retries: Annotated[Whole, Field(ge=1, le=10)] = 3
    start_period: Annotated[Whole, Field(ge=0, le=300)] = 0


class Volume(Model):
    """A volume of a task: a path of the host, an EFS file system, or, with neither, an empty one that ends with it.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_EFSVolumeConfiguration.html
    """

    host_path: AbsolutePath | None = None
    efs: FileSystem | None = None
    root_directory: AbsolutePath = "/"
    access_point: AccessPoint | None = None
    transit_encryption: Flag = True
    iam: Flag = False


class Mount(Model):
    """Where a container sees a volume of its task."""

    volume: Text
    path: AbsolutePath
    read_only: Flag = False


class Container(Model):
    """One of several containers of a task. `cpu` in CPU units, `memory` in MiB, `stop_timeout` in seconds.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
    """

    image: Image
    command: Texts | None = None
    entry_point: Texts | None = None
    environment: Environment = EMPTY
    secrets: Secrets = EMPTY
    port: Port | None = None
    essential: Flag = True
    health_check: HealthCheck | None = None
    depends_on: Mapping[Text, Condition] = EMPTY
    stop_timeout: StopTimeout = 30
    mounts: tuple[Mount, ...] = ()
    cpu: Annotated[Whole, Field(ge=0, le=MAX_INTEGER)] | None = None
    memory: Annotated[Whole, Field(ge=MIN_MEMORY, le=MAX_INTEGER)] | None = None


Containers = Annotated[
    Mapping[Name, Container],
    Field(json_schema_extra={"minProperties": 1, "maxProperties": MAX_CONTAINERS}),
]
Volumes = Mapping[Name, Volume]
