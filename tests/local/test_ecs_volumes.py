"""Volumes: paths of this machine in containers, without a trace where they were not."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from localcloud.ecs import mounts
from localcloud.ecs.volumes import Mount, prefix
from localcloud.faults import AwsFault
from tests.local.ecs_support import Cloud, definition, running_cloud, until
from tests.local.test_ecs_tasks import WITH_LOGS

EC2 = {"launchType": "EC2"}


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    """Run an ECS for one test, with a container instance."""
    with running_cloud(tmp_path) as cloud:
        cloud.machine()
        yield cloud


def said(cloud: Cloud, volumes: list[dict[str, Any]], script: str, *points: dict[str, Any]) -> list[str]:
    """Run a shell script in a task on EC2 with these volumes, and return its output."""
    container = {"name": "app", "command": ["sh", "-c", script], "mountPoints": list(points), **WITH_LOGS}
    arn = cloud.run(taskDefinition=on_ec2(cloud, volumes, container), **EC2)["taskArn"]
    task = cloud.ended(arn)
    assert task["stopCode"] == "EssentialContainerExited", task["stoppedReason"]
    return cloud.logs.streams.get(f"ecs/app/{arn.rsplit('/')[-1]}", [])


def on_ec2(cloud: Cloud, volumes: list[dict[str, Any]], *containers: dict[str, Any]) -> str:
    """Register a task definition for EC2 and return its ARN."""
    return cloud.define("volumes", *containers, requiresCompatibilities=["EC2"], volumes=volumes)


def point(path: str, volume: str = "data", **more: Any) -> dict[str, Any]:
    """Return a mount point."""
    return {"sourceVolume": volume, "containerPath": path, **more}


def test_a_file_of_the_host(cloud: Cloud, tmp_path: Path) -> None:
    """A file of the container instance appears where the container asks, though this machine has no such directory."""
    (tmp_path / "disk").mkdir()
    (tmp_path / "disk" / "init.sh").write_text("create role\n")
    volumes = [{"name": "data", "host": {"sourcePath": "/instance/init.sh"}}]
    script = "ls /slipway-test-initdb.d; cat /slipway-test-initdb.d/*; pwd"

    assert ["init.sh", "create role", str(tmp_path)] == said(
        cloud, volumes, script, point("/slipway-test-initdb.d/init.sh")
    )
    assert not Path("/slipway-test-initdb.d").exists()


def test_a_directory_of_the_host(cloud: Cloud, tmp_path: Path) -> None:
    """A directory of the host is shared with it, and made when it is missing, as Docker does."""
    volumes = [{"name": "data", "host": {"sourcePath": "/instance/made"}}]
    said(cloud, volumes, "echo kept > /var/lib/slipway-test/file", point("/var/lib/slipway-test"))

    assert "kept\n" == (tmp_path / "disk" / "made" / "file").read_text()
    assert not Path("/var/lib/slipway-test").exists()


def test_read_only(cloud: Cloud) -> None:
    """A read-only mount point cannot be written."""
    volumes = [{"name": "data", "host": {"sourcePath": "/instance/made"}}]
    lines = said(cloud, volumes, "touch /mnt/file && echo written || echo refused", point("/mnt", readOnly=True))

    assert "refused" == lines[-1]


def test_containers_see_their_own_mounts_only(cloud: Cloud, tmp_path: Path) -> None:
    """What is mounted in one task is not there in another, nor on this machine."""
    volumes = [{"name": "data", "host": {"sourcePath": "/instance/made"}}]
    said(cloud, volumes, "touch /mnt/file", point("/mnt"))

    assert (tmp_path / "disk" / "made" / "file").exists()
    assert ["0"] == said(cloud, [], "ls /mnt | grep -c file")
    assert not Path("/mnt/file").exists()


def test_a_volume_of_the_task_ends_with_it(cloud: Cloud) -> None:
    """A volume without a host path is empty for each new task."""
    script = "ls /mnt; touch /mnt/file"

    assert [] == said(cloud, [{"name": "data"}], script, point("/mnt"))
    assert [] == said(cloud, [{"name": "data"}], script, point("/mnt"))
    assert [] == [left for task in cloud.stopped() for left in directories(task["taskArn"].rsplit("/")[-1])]


def directories(name: str) -> list[Path]:
    """Return the local clouds' directories for volumes that have this name."""
    return list(Path(tempfile.gettempdir()).glob(f"slipway-volumes-*/{name}"))


@pytest.mark.parametrize(
    "volume",
    [
        {"efsVolumeConfiguration": {"fileSystemId": "fs-1", "rootDirectory": "/a/../../b"}},
        {"dockerVolumeConfiguration": {"scope": "shared", "autoprovision": True}},
    ],
)
def test_shared_volumes_outlive_tasks(cloud: Cloud, volume: dict[str, Any]) -> None:
    """A file system of EFS, and a shared volume of Docker on its instance, keep what a task wrote."""
    script = "ls /mnt; touch /mnt/file"
    volumes = [{"name": "data", **volume}]

    assert [] == said(cloud, volumes, script, point("/mnt"))
    assert ["file"] == said(cloud, volumes, script, point("/mnt"))


def test_health_checks_see_the_mounts(cloud: Cloud, tmp_path: Path) -> None:
    """A container's health check runs among its mounts."""
    (tmp_path / "disk").mkdir()
    (tmp_path / "disk" / "ready").touch()
    container = {
        "name": "app",
        "mountPoints": [point("/mnt")],
        "healthCheck": {"command": ["CMD-SHELL", "test -e /mnt/ready"], "interval": 5},
    }
    arn = on_ec2(cloud, [{"name": "data", "host": {"sourcePath": "/instance"}}], container)
    task = cloud.run(taskDefinition=arn, **EC2)

    assert until(lambda: cloud.task(task["taskArn"])["healthStatus"] == "HEALTHY")


def test_a_missing_program_says_so(cloud: Cloud) -> None:
    """A program that is not there is told apart from a mount that is not."""
    container = {"name": "app", "command": ["no-such-program"], "mountPoints": [point("/mnt")]}
    task = cloud.ended(cloud.run(taskDefinition=on_ec2(cloud, [{"name": "data"}], container), **EC2)["taskArn"])

    assert 'exec: "no-such-program": executable file not found in $PATH' in task["stoppedReason"]


def test_a_host_path_that_cannot_be_made(cloud: Cloud, tmp_path: Path) -> None:
    """A task whose host path cannot be is stopped with the reason."""
    (tmp_path / "disk").write_text("a file")
    volumes = [{"name": "data", "host": {"sourcePath": "/instance/below"}}]
    arn = on_ec2(cloud, volumes, {"name": "app", "mountPoints": [point("/mnt")]})
    task = cloud.ended(cloud.run(taskDefinition=arn, **EC2)["taskArn"])

    assert task["stoppedReason"].startswith("CannotCreateContainerError: ")
    assert "cannot be made: Not a directory" in task["stoppedReason"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"volumes": [{"name": "data", "host": {"sourcePath": "/x"}}]},
            "host.sourcePath should not be set for volumes in Fargate.",
        ),
        ({"volumes": [{"name": "data"}, {"name": "data"}]}, "Volume name should be unique."),
        ({"volumes": []}, "Unknown volume 'data'."),
    ],
)
def test_impossible_volumes(cloud: Cloud, change: dict[str, Any], message: str) -> None:
    """Volumes that cannot be are refused when the task definition is registered."""
    request = definition(mountPoints=[point("/mnt")]) | change
    with pytest.raises(AwsFault) as refused:
        cloud.call("RegisterTaskDefinition", **request)

    assert message == refused.value.message


def test_needs_no_root(tmp_path: Path) -> None:
    """A user who is nobody mounts in a user namespace, and stays who he is."""
    (tmp_path / "file").write_text("hello\n")
    as_nobody = ["unshare", "--user", "--map-user=4711", "--map-group=4711"]
    words = [*prefix([Mount(tmp_path / "file", "/slipway-test/a/file")]), "sh", "-c", "id -u; cat /slipway-test/a/file"]
    done = subprocess.run([*as_nobody, *words], capture_output=True, text=True, check=True)

    assert "4711\nhello\n" == done.stdout


def test_says_what_cannot_be_mounted(tmp_path: Path) -> None:
    """A source that is not there is named."""
    words = [sys.executable, str(mounts.__file__), f'[["{tmp_path}/no", "/mnt", false]]', "true"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)

    assert 125 == done.returncode
    assert f"cannot mount: [Errno 2] No such file or directory: '{tmp_path}/no'\n" == done.stderr
