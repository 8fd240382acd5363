"""What a member of a raw task definition may be: what the manifest's own field like it may, in the same words."""

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any

from pydantic import BaseModel, TypeAdapter, ValidationError

from chalicelib.manifest.containers import Container, HealthCheck, StopTimeout
from chalicelib.manifest.sentences import sentence
from chalicelib.manifest.services import Service
from chalicelib.manifest.values import (
    AccessPoint,
    FileSystem,
    Image,
    Matching,
    Name,
    Port,
    Role,
    SecretReference,
    Text,
    VariableName,
)

# On Windows a path begins with a drive: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_MountPoint.html
MountPath = Annotated[
    Text,
    Matching(r"(?:[A-Za-z]:)?[/\\][^:]{0,4095}", "is not a path: write / first, no colon, 4096 characters at most"),
]
_ANNOTATED: Any = Annotated


def value_fault(structure: str, member: str, value: Any) -> str | None:
    """Return what is wrong with the value of a structure's member, None when nothing is, or no field is like it."""
    kind = _kinds().get((structure, member))
    return _fault(kind, value) if kind else None


def text_fault(text: str) -> str | None:
    """Return what is wrong with any text of a definition."""
    return _fault(_any_text(), text)


def _fault(kind: TypeAdapter[Any], value: Any) -> str | None:
    try:
        kind.validate_python(value)
    except ValidationError as error:
        return sentence(error.errors(include_url=False)[0])
    return None


@cache
def _any_text() -> TypeAdapter[Any]:
    return TypeAdapter(Text)


@cache
def _kinds() -> Mapping[tuple[str, str], TypeAdapter[Any]]:
    """Return the kinds of value by structure and member of ECS's model; only raw definitions need them."""
    check = ("command", "interval", "timeout", "retries")
    kinds = {
        ("RegisterTaskDefinitionRequest", "executionRoleArn"): Role,
        ("RegisterTaskDefinitionRequest", "taskRoleArn"): Role,
        ("EphemeralStorage", "sizeInGiB"): _of(Service, "ephemeral_storage_gib"),
        ("ContainerDefinition", "image"): Image,
        ("ContainerDefinition", "cpu"): _of(Container, "cpu"),
        ("ContainerDefinition", "memory"): _of(Container, "memory"),
        ("ContainerDefinition", "memoryReservation"): _of(Container, "memory"),
        ("ContainerDefinition", "startTimeout"): StopTimeout,
        ("ContainerDefinition", "stopTimeout"): StopTimeout,
        ("PortMapping", "containerPort"): Port,
        ("KeyValuePair", "name"): VariableName,
        ("Secret", "name"): VariableName,
        ("Secret", "valueFrom"): SecretReference,
        ("MountPoint", "containerPath"): MountPath,
        ("Volume", "name"): Name,
        ("EFSVolumeConfiguration", "fileSystemId"): FileSystem,
        ("EFSAuthorizationConfig", "accessPointId"): AccessPoint,
        ("HealthCheck", "startPeriod"): _of(HealthCheck, "start_period"),
        **{("HealthCheck", name): _of(HealthCheck, name) for name in check},
    }
    return {place: TypeAdapter(kind) for place, kind in kinds.items()}


def _of(model: type[BaseModel], name: str) -> Any:
    """Return the type of a model's field, with its bounds."""
    field = model.model_fields[name]
    return _ANNOTATED[(field.annotation, *field.metadata)] if field.metadata else field.annotation
