"""A `TaskSpec` to and from the document that ECS registers.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from chalicelib.manifest import HealthCheck, Mount, Volume
from chalicelib.specs import ContainerSpec, TaskSpec

if TYPE_CHECKING:
    from mypy_boto3_ecs.type_defs import RegisterTaskDefinitionRequestTypeDef, TaskDefinitionTypeDef

ARCHITECTURES = {"x86_64": "X86_64", "arm64": "ARM64"}
ON = {True: "ENABLED", False: "DISABLED"}
# "Actual length: '66420'. Max allowed length is '65536' bytes.", says RegisterTaskDefinition; of what, nobody says.
# https://github.com/awsdocs/amazon-ecs-developer-guide/pull/149
MAX_BYTES = 65_536


def register_request(spec: TaskSpec, region: str) -> RegisterTaskDefinitionRequestTypeDef:
    """Return the request that registers a spec; a raw one goes as it is, under our family."""
    if spec.raw is not None:
        return cast("RegisterTaskDefinitionRequestTypeDef", {**spec.raw, "family": spec.family})
    request: dict[str, Any] = {
        "family": spec.family,
        "requiresCompatibilities": [spec.compatibility],
        "networkMode": "awsvpc",
        "cpu": str(spec.cpu),
        "memory": str(spec.memory),
        "runtimePlatform": {
            "cpuArchitecture": ARCHITECTURES[spec.architecture or "x86_64"],
            "operatingSystemFamily": "LINUX",
        },
        "containerDefinitions": [_container(container, spec.log_group, region) for container in spec.containers],
        "volumes": [_volume(name, volume) for name, volume in spec.volumes.items()] or None,
        "ephemeralStorage": {"sizeInGiB": spec.ephemeral_storage_gib} if spec.ephemeral_storage_gib else None,
        "taskRoleArn": spec.task_role,
        "executionRoleArn": spec.execution_role,
    }
    return cast("RegisterTaskDefinitionRequestTypeDef", _without_none(request))


def size_bytes(spec: TaskSpec, region: str) -> int:
    """Return how long the definition is in JSON, as short as can be written and without tags: ECS counts no less."""
    definition = {key: value for key, value in register_request(spec, region).items() if key != "tags"}
    return len(json.dumps(definition, separators=(",", ":"), ensure_ascii=False).encode())


def _container(spec: ContainerSpec, log_group: str | None, region: str) -> dict[str, Any]:
    container = {
        "name": spec.name,
        "image": spec.image,
        "essential": spec.essential,
        "command": list(spec.command) if spec.command is not None else None,
        "entryPoint": list(spec.entry_point) if spec.entry_point is not None else None,
        "environment": [{"name": name, "value": value} for name, value in sorted(spec.environment.items())],
        "secrets": [{"name": name, "valueFrom": place} for name, place in sorted(spec.secrets.items())] or None,
        "portMappings": [{"containerPort": spec.port, "protocol": "tcp"}] if spec.port else [],
        "healthCheck": _health_check(spec.health_check) if spec.health_check else None,
        "dependsOn": [{"containerName": name, "condition": state} for name, state in spec.depends_on.items()] or None,
        "mountPoints": [_mount_point(mount) for mount in spec.mounts] or None,
        "stopTimeout": spec.stop_timeout,
        "cpu": spec.cpu,
        "memory": spec.memory,
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {"awslogs-group": log_group, "awslogs-region": region, "awslogs-stream-prefix": spec.name},
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


def _mount_point(mount: Mount) -> dict[str, Any]:
    return {"sourceVolume": mount.volume, "containerPath": mount.path, "readOnly": mount.read_only}


def _volume(name: str, volume: Volume) -> dict[str, Any]:
    if volume.host_path:
        return {"name": name, "host": {"sourcePath": volume.host_path}}
    if not volume.efs:
        return {"name": name}
    access = _without_none({"accessPointId": volume.access_point, "iam": ON[volume.iam]})
    efs = {
        "fileSystemId": volume.efs,
        "rootDirectory": volume.root_directory,
        "transitEncryption": ON[volume.transit_encryption],
        "authorizationConfig": access,
    }
    return {"name": name, "efsVolumeConfiguration": efs}


def _without_none(request: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in request.items() if value is not None}


def read_spec(definition: TaskDefinitionTypeDef) -> TaskSpec:
    """Return the spec that a task definition was registered from; one that has another form than ours is raw."""
    document = cast("Mapping[str, Any]", definition)
    if not _is_ours(document):
        compatibility = next(iter(document.get("requiresCompatibilities", [])), "EC2")
        return TaskSpec(document.get("family", ""), compatibility=compatibility, raw=document)
    containers = document["containerDefinitions"]
    architecture = document["runtimePlatform"]["cpuArchitecture"]
    return TaskSpec(
        family=document["family"],
        containers=tuple(_read_container(container) for container in containers),
        cpu=int(document["cpu"]),
        memory=int(document["memory"]),
        architecture=next((ours for ours, theirs in ARCHITECTURES.items() if theirs == architecture), architecture),
        compatibility=document["requiresCompatibilities"][0],
        volumes={volume["name"]: _read_volume(volume) for volume in document.get("volumes", [])},
        ephemeral_storage_gib=document.get("ephemeralStorage", {}).get("sizeInGiB"),
        log_group=containers[0]["logConfiguration"]["options"]["awslogs-group"],
        task_role=document.get("taskRoleArn"),
        execution_role=document.get("executionRoleArn"),
    )


def _is_ours(document: Mapping[str, Any]) -> bool:
    """Tell whether it looks like what `register_request` makes: each container logs under its own name."""
    containers = document.get("containerDefinitions", [])
    prefixes = [each.get("logConfiguration", {}).get("options", {}).get("awslogs-stream-prefix") for each in containers]
    known = {"family", "cpu", "memory", "runtimePlatform", "requiresCompatibilities"} <= document.keys()
    return known and bool(containers) and prefixes == [each.get("name", "") for each in containers]


def _read_container(container: Mapping[str, Any]) -> ContainerSpec:
    ports = container.get("portMappings", [])
    return ContainerSpec(
        name=container["name"],
        image=container.get("image", ""),
        port=ports[0].get("containerPort") if ports else None,
        essential=container.get("essential", True),
        command=tuple(container["command"]) if container.get("command") else None,
        entry_point=tuple(container["entryPoint"]) if container.get("entryPoint") else None,
        environment={pair.get("name", ""): pair.get("value", "") for pair in container.get("environment", [])},
        secrets={secret["name"]: secret["valueFrom"] for secret in container.get("secrets", [])},
        health_check=_read_health_check(container.get("healthCheck")),
        depends_on={each["containerName"]: each["condition"] for each in container.get("dependsOn", [])},
        stop_timeout=container.get("stopTimeout"),
        mounts=tuple(_read_mount(point) for point in container.get("mountPoints", [])),
        cpu=container.get("cpu") or None,  # ECS stores 0 where nothing was said
        memory=container.get("memory"),
    )


def _read_health_check(check: Mapping[str, Any] | None) -> HealthCheck | None:
    if not check:
        return None
    return HealthCheck.model_construct(
        command=tuple(check["command"]),
        interval=check.get("interval", 30),
        timeout=check.get("timeout", 5),
        retries=check.get("retries", 3),
        start_period=check.get("startPeriod", 0),
    )


def _read_mount(point: Mapping[str, Any]) -> Mount:
    return Mount.model_construct(
        volume=point.get("sourceVolume", ""),
        path=point.get("containerPath", ""),
        read_only=point.get("readOnly", False),
    )


def _read_volume(volume: Mapping[str, Any]) -> Volume:
    efs = volume.get("efsVolumeConfiguration", {})
    access = efs.get("authorizationConfig", {})
    return Volume.model_construct(
        host_path=volume.get("host", {}).get("sourcePath"),
        efs=efs.get("fileSystemId"),
        root_directory=efs.get("rootDirectory", "/"),
        access_point=access.get("accessPointId"),
        transit_encryption=efs.get("transitEncryption", "ENABLED") == "ENABLED",
        iam=access.get("iam") == "ENABLED",
    )
