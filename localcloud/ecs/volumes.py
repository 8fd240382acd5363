"""Volumes: what of this machine appears where in a container.

A host path is a path of the container instance's disk, which is this machine's own or what an images file says. File
systems of EFS and shared Docker volumes are directories that live as long as the local cloud; all others live as long
as their task. Rules: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_data_volumes.html
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from localcloud.ecs import mounts
from localcloud.ecs.state import Task
from localcloud.images import Images

SCRIPT = str(Path(mounts.__file__))


class VolumeError(Exception):
    """A volume cannot be had; the message says why, and what to do."""


@dataclass(frozen=True)
class Mount:
    """One path of this machine in a container."""

    source: Path
    target: str
    read_only: bool = False


class Volumes:
    """The directories behind volumes. `close` removes those that are ours."""

    def __init__(self, images: Images) -> None:
        self._images = images

    @cached_property
    def _root(self) -> Path:
        return Path(tempfile.mkdtemp(prefix="slipway-volumes-"))

    @cached_property
    def _refusal(self) -> str | None:
        """Return why this machine mounts nothing, None when it does."""
        probe = prefix([Mount(self._root, "/mnt")])
        tried = subprocess.run([*probe, "true"], capture_output=True, text=True, check=False)
        return None if tried.returncode == 0 else tried.stderr.strip()

    def mounts(self, task: Task, container: dict[str, Any]) -> list[Mount]:
        """Return what a container of a task mounts, its volumes made where they are missing. Raises VolumeError."""
        points = container.get("mountPoints", [])
        if points and self._refusal:
            raise VolumeError(
                f"this machine lets the local cloud mount nothing ({self._refusal}): run it as root, or allow user "
                "namespaces."
            )
        volumes = {volume["name"]: volume for volume in task.task_definition.body.get("volumes", [])}
        sources = [self._source(task, volumes[point["sourceVolume"]]) for point in points]
        return [
            Mount(source, point["containerPath"], point.get("readOnly", False))
            for source, point in zip(sources, points, strict=True)
        ]

    def forget(self, task: Task) -> None:
        """Remove what lives as long as its task."""
        if any(container.definition.get("mountPoints") for container in task.containers):
            shutil.rmtree(self._root / task.id, ignore_errors=True)

    def close(self) -> None:
        """Remove all of it."""
        if "_root" in vars(self):
            shutil.rmtree(self._root, ignore_errors=True)

    def _source(self, task: Task, volume: dict[str, Any]) -> Path:
        if path := volume.get("host", {}).get("sourcePath"):
            source = self._images.host_path(path)
        else:
            source = self._root / _place(task, volume)
        return _there(source)


def prefix(wanted: Sequence[Mount]) -> list[str]:
    """Return the words before a command line that make it run with these mounts; none without mounts."""
    if not wanted:
        return []
    outer_first = sorted(wanted, key=lambda mount: mount.target)
    table = [[str(mount.source), mount.target, mount.read_only] for mount in outer_first]
    return [sys.executable, "-I", "-S", SCRIPT, json.dumps(table)]


def _place(task: Task, volume: dict[str, Any]) -> Path:
    """Return where, below the root, a volume without a host path is."""
    if efs := volume.get("efsVolumeConfiguration"):
        return Path("efs", efs["fileSystemId"], os.path.normpath("/" + efs.get("rootDirectory", "")).strip("/"))
    if volume.get("dockerVolumeConfiguration", {}).get("scope") == "shared":
        instance = task.place.instance
        return Path("docker", instance.id if instance else "", _safe(volume["name"]))
    return Path(task.id, _safe(volume["name"]))


def _safe(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:16]


def _there(source: Path) -> Path:
    """Return a path that exists: a missing one is made, a directory, as Docker does.

    https://docs.docker.com/engine/storage/bind-mounts/
    """
    try:
        if not source.exists():
            source.mkdir(parents=True)
    except OSError as error:
        raise VolumeError(f"{source} is not there and cannot be made: {error.strerror}.") from error
    return source
