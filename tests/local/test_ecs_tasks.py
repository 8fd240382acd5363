"""The life of tasks, which are real processes."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.local.ecs_support import GROUP, REGISTRY, Cloud, running_cloud, until

WITH_LOGS: dict[str, Any] = {
    "logConfiguration": {
        "logDriver": "awslogs",
        "options": {"awslogs-group": "/ecs/web", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "ecs"},
    }
}
REACHABLE: dict[str, Any] = {
    "serviceRegistries": [{"registryArn": REGISTRY}],
    "loadBalancers": [{"targetGroupArn": GROUP, "containerName": "app", "containerPort": 8000}],
}


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    """Run an ECS for one test."""
    with running_cloud(tmp_path) as cloud:
        yield cloud


def processes(directory: Path) -> list[int]:
    """Return the processes, zombies apart, that work in a directory."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if (entry / "cwd").readlink() == directory:
                    found.append(int(entry.name))
            except OSError:
                continue  # it ended meanwhile
    return found


def first_stopped(cloud: Cloud) -> dict[str, Any]:
    """Return the first task that reaches STOPPED."""
    return until(cloud.stopped)[0]


class TestLife:
    """From PROVISIONING to STOPPED."""

    def test_goes_through_every_status(self, cloud: Cloud) -> None:
        """A task goes from PROVISIONING to STOPPED by AWS's statuses; each change is an event with a new version."""
        cloud.create()
        cloud.until_steady()
        task = cloud.tasks()[0]
        cloud.call("StopTask", cluster="main", task=task["taskArn"], reason="enough")
        until(lambda: task["taskArn"] in [stopped["taskArn"] for stopped in cloud.stopped()])
        changes = until(
            lambda: (
                [d for kind, arns, d in list(cloud.events) if arns == [task["taskArn"]]][-1]["lastStatus"] == "STOPPED"
                and [(kind, d) for kind, arns, d in cloud.events if arns == [task["taskArn"]]]
            )
        )

        assert [detail["lastStatus"] for _, detail in changes] == [
            "PROVISIONING",
            "PENDING",
            "RUNNING",
            "DEACTIVATING",
            "STOPPING",
            "DEPROVISIONING",
            "STOPPED",
        ]
        assert {kind for kind, _ in changes} == {"aws.ecs ECS Task State Change"}
        assert [detail["version"] for _, detail in changes] == [1, 2, 3, 4, 5, 6, 7]
        assert json.loads(json.dumps(changes[-1][1]))["stoppedAt"].endswith("Z")

    def test_shows_its_interface(self, cloud: Cloud) -> None:
        """A running task shows its network interface, its address, its deployment and its service."""
        service = cloud.create()
        cloud.until_steady()
        task = cloud.tasks()[0]
        details = {detail["name"]: detail["value"] for detail in task["attachments"][0]["details"]}

        assert task["attachments"][0]["type"] == "ElasticNetworkInterface"
        assert details["subnetId"] == "subnet-a"
        assert details["networkInterfaceId"].startswith("eni-")
        assert [each["privateIpv4Address"] for each in task["containers"][0]["networkInterfaces"]] == [
            details["privateIPv4Address"]
        ]
        assert (task["startedBy"], task["group"]) == (service["deployments"][0]["id"], "service:web")
        assert task["createdAt"] <= task["startedAt"]

    def test_a_stopped_task_says_why(self, cloud: Cloud) -> None:
        """A task stopped by a user says so, stays listed, and is replaced."""
        cloud.create()
        cloud.until_steady()
        arn = cloud.tasks()[0]["taskArn"]
        cloud.call("StopTask", cluster="main", task=arn, reason="enough")
        stopped = first_stopped(cloud)

        assert stopped["taskArn"] == arn
        assert (stopped["stopCode"], stopped["stoppedReason"]) == ("UserInitiated", "enough")
        assert until(lambda: cloud.tasks() and cloud.tasks()[0]["lastStatus"] == "RUNNING")

    def test_registers_when_running(self, cloud: Cloud) -> None:
        """A running task is in Cloud Map under its id with ECS's attributes, and in its target group."""
        cloud.discovery.types[REGISTRY] = ("A", "SRV")
        cloud.create(**{**REACHABLE, "serviceRegistries": [{"registryArn": REGISTRY, "port": 8000}]})
        cloud.until_steady()
        task = cloud.tasks()[0]
        ip = task["containers"][0]["networkInterfaces"][0]["privateIpv4Address"]

        assert cloud.balancer.targets == {(ip, 8000): "registered"}
        assert cloud.discovery.instances == {
            task["taskArn"].rsplit("/")[-1]: {
                "AWS_INSTANCE_IPV4": ip,
                "AWS_INSTANCE_PORT": "8000",
                "AVAILABILITY_ZONE": "us-east-1a",
                "REGION": "us-east-1",
                "ECS_SERVICE_NAME": "web",
                "ECS_CLUSTER_NAME": "main",
                "ECS_TASK_DEFINITION_FAMILY": "web",
            }
        }

    def test_drains_before_it_ends(self, cloud: Cloud, tmp_path: Path) -> None:
        """A task leaves Cloud Map and drains while its process still serves; only then it is ended."""
        cloud.balancer.drained = False
        cloud.create(**REACHABLE)
        cloud.until_steady()
        cloud.update(desiredCount=0)
        until(lambda: "balancer.deregister" in cloud.balancer.said)
        time.sleep(0.1)  # long enough for a task that does not wait

        assert cloud.discovery.instances == {}
        assert cloud.tasks("STOPPED")[0]["lastStatus"] == "DEACTIVATING"
        assert len(processes(tmp_path)) == 1

        cloud.balancer.drained = True

        assert first_stopped(cloud)["containers"][0]["exitCode"] == 143
        assert until(lambda: not processes(tmp_path))  # a killed process is there for a moment longer

    def test_kills_what_does_not_end(self, cloud: Cloud, tmp_path: Path) -> None:
        """A process that ignores SIGTERM is killed after its stopTimeout with all its children: exit code 137."""
        cloud.create(taskDefinition=cloud.register("stubborn", stopTimeout=10, **WITH_LOGS))
        cloud.until_steady()
        until(lambda: cloud.logs.text() and len(processes(tmp_path)) == 2)
        cloud.update(desiredCount=0)

        killed = first_stopped(cloud)["containers"][0]

        assert (killed["exitCode"], killed.get("reason")) == (137, None)
        assert until(lambda: not processes(tmp_path))  # a killed process is there for a moment longer


class TestContainer:
    """What a process gets and gives."""

    def test_output_goes_to_the_log(self, cloud: Cloud) -> None:
        """What a process prints is in CloudWatch Logs, in the stream prefix/container/task."""
        cloud.create(taskDefinition=cloud.register("crash", **WITH_LOGS))
        task_id = first_stopped(cloud)["taskArn"].rsplit("/")[-1]

        assert cloud.logs.streams[f"ecs/app/{task_id}"] == ["no database"]

    def test_the_environment_is_clean(self, cloud: Cloud) -> None:
        """A process sees its container's and its network's variables, and nothing of the local cloud's."""
        variables = [{"name": "GREETING", "value": "hello"}]
        cloud.create(taskDefinition=cloud.register("environment", environment=variables, **WITH_LOGS))
        seen = json.loads(until(cloud.logs.text))

        assert seen["GREETING"] == "hello"
        assert seen["SLIPWAY_TASK_IP"].startswith("127.")
        assert set(seen) <= {
            "PATH", "LANG", "HOME", "HOSTNAME", "GREETING", "PYTHONPATH", "SLIPWAY_TASK_IP",
            "SLIPWAY_TASK_LOCALHOST", "SLIPWAY_DNS", "LC_CTYPE",
        }  # fmt: skip

    def test_command_and_entry_point_override_the_image(self, cloud: Cloud) -> None:
        """The container's entryPoint and command replace the image's command; {ip} stands for the task's address."""
        words: dict[str, Any] = {"entryPoint": ["python", "-c"], "command": ["print('at {ip}', flush=True)"]}
        cloud.create(taskDefinition=cloud.register("server", **words, **WITH_LOGS))

        assert until(cloud.logs.text).startswith("at 127.")

    def test_secrets_are_in_the_environment(self, cloud: Cloud) -> None:
        """A secret's value is a variable of the process."""
        cloud.secrets.values["/token"] = "hush"
        secrets = [{"name": "TOKEN", "valueFrom": "/token"}]
        cloud.create(taskDefinition=cloud.register("environment", secrets=secrets, **WITH_LOGS))

        assert "hush" == json.loads(until(cloud.logs.text))["TOKEN"]

    def test_lives_at_its_own_address(self, cloud: Cloud) -> None:
        """Two tasks listen on the same port of 0.0.0.0, each at its own address."""
        cloud.create(count=2, image="hello")
        cloud.until_steady()
        for task in cloud.tasks():
            ip = task["containers"][0]["networkInterfaces"][0]["privateIpv4Address"]
            ask = ["curl", "-s", "--retry-connrefused", "--retry", "3", f"http://{ip}:8000/"]
            assert subprocess.run(ask, capture_output=True, check=True).stdout == b"hello"


class TestFailure:
    """Tasks that do not start or do not stay."""

    def test_an_unknown_image(self, cloud: Cloud) -> None:
        """An image that is not listed cannot be pulled."""
        cloud.create(taskDefinition=cloud.register("registry.example/nothing:1"))
        task = first_stopped(cloud)
        reason = (
            "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref "
            "registry.example/nothing:1: registry.example/nothing:1: not found"
        )

        assert (task["stopCode"], task["stoppedReason"]) == ("TaskFailedToStart", reason)
        assert "startedAt" not in task

    def test_a_missing_program(self, cloud: Cloud) -> None:
        """A command that is not there cannot be started: exit code 127."""
        cloud.create(taskDefinition=cloud.register("server", command=["no-such-program"]))
        task = first_stopped(cloud)

        assert task["stopCode"] == "TaskFailedToStart"
        assert task["stoppedReason"].startswith("CannotStartContainerError: ")
        assert 'exec: "no-such-program": executable file not found in $PATH' in task["stoppedReason"]
        assert task["containers"][0]["exitCode"] == 127

    def test_a_missing_log_group(self, cloud: Cloud) -> None:
        """A task whose log group does not exist is not started."""
        cloud.logs.groups.clear()
        cloud.create(taskDefinition=cloud.register("server", **WITH_LOGS))
        reason = first_stopped(cloud)["stoppedReason"]

        assert reason.startswith("ResourceInitializationError: failed to validate logger args")
        assert "The specified log group does not exist" in reason

    def test_a_log_group_that_the_driver_makes(self, cloud: Cloud) -> None:
        """With awslogs-create-group the log group is made before the task starts, and its lines are in it."""
        options = {**WITH_LOGS["logConfiguration"]["options"], "awslogs-group": "/mine", "awslogs-create-group": "true"}
        logs = {"logConfiguration": {"logDriver": "awslogs", "options": options}}
        cloud.create(taskDefinition=cloud.register("server", **{**WITH_LOGS, **logs}))
        until(lambda: cloud.logs.streams)

        assert {"/ecs/web", "/mine"} == cloud.logs.groups

    def test_a_missing_secret(self, cloud: Cloud) -> None:
        """A task one of whose secrets cannot be had is not started, and says so in AWS's words."""
        cloud.create(taskDefinition=cloud.register("server", secrets=[{"name": "TOKEN", "valueFrom": "/no"}]))

        assert first_stopped(cloud)["stoppedReason"] == (
            "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval "
            "failed: unable to retrieve secrets from ssm: /no"
        )

    def test_a_process_that_exits(self, cloud: Cloud) -> None:
        """A task ends with its essential container, whose exit code it shows."""
        cloud.create(image="crash")
        task = first_stopped(cloud)

        assert task["stopCode"] == "EssentialContainerExited"
        assert task["stoppedReason"] == "Essential container in task exited"
        assert task["containers"][0]["exitCode"] == 3

    @pytest.mark.parametrize("limits", [{"memory": 64}, {}])
    def test_a_container_that_outgrows_its_memory(self, cloud: Cloud, limits: dict[str, Any]) -> None:
        """A container over its limit, or its task's, is killed: its reason says so, and its exit code is 137."""
        cloud.create(taskDefinition=cloud.register("greedy", **limits))
        task = first_stopped(cloud)

        assert (task["stopCode"], task["stoppedReason"]) == (
            "EssentialContainerExited", "Essential container in task exited",
        )  # fmt: skip
        assert [(each["reason"], each["exitCode"]) for each in task["containers"]] == [
            ("OutOfMemoryError: Container killed due to memory usage", 137)
        ]

    def test_what_the_network_refuses(self, cloud: Cloud) -> None:
        """Several containers cannot share a loopback address, and the task says so."""
        request = {
            "family": "pair",
            "networkMode": "awsvpc",
            "requiresCompatibilities": ["FARGATE"],
            "cpu": "256",
            "memory": "512",
            "containerDefinitions": [{"name": "a", "image": "server"}, {"name": "b", "image": "server"}],
        }
        arn = cloud.call("RegisterTaskDefinition", **request)["taskDefinition"]["taskDefinitionArn"]
        cloud.create(taskDefinition=arn)

        assert "runs one container to a task" in first_stopped(cloud)["stoppedReason"]


class TestHealthChecks:
    """Container checks and target health."""

    def test_a_container_check_that_passes(self, cloud: Cloud) -> None:
        """A task with a passing check becomes HEALTHY, and is in Cloud Map from then on only."""
        check = {"command": ["CMD-SHELL", "test -e ready"], "interval": 10, "retries": 10}
        cloud.create(
            taskDefinition=cloud.register(
                "server", healthCheck=check, command=["sh", "-c", "sleep 0.3; touch ready; sleep 9"]
            ),
            **REACHABLE,
        )
        until(lambda: [task["lastStatus"] for task in cloud.tasks()] == ["RUNNING"])

        assert cloud.discovery.instances == {}

        cloud.until_steady()

        assert cloud.tasks()[0]["healthStatus"] == "HEALTHY"
        until(lambda: len(cloud.discovery.instances) == 1)

    def test_a_container_check_that_fails(self, cloud: Cloud) -> None:
        """A task whose check fails `retries` times is replaced."""
        check = {"command": ["CMD", "false"], "interval": 5, "retries": 2}
        cloud.create(taskDefinition=cloud.register("server", healthCheck=check))
        task = first_stopped(cloud)

        assert task["stoppedReason"] == "Task failed container health checks"
        assert (task["stopCode"], task["healthStatus"]) == ("ServiceSchedulerInitiated", "UNHEALTHY")

    def test_a_target_that_is_unhealthy(self, cloud: Cloud) -> None:
        """A task whose target is unhealthy after the grace period is replaced, and the service says why."""
        cloud.balancer.answers = (
            "unhealthy", "Target.ResponseCodeMismatch", "Health checks failed with these codes: [404]",
        )  # fmt: skip
        cloud.create(healthCheckGracePeriodSeconds=20, loadBalancers=REACHABLE["loadBalancers"])
        task = first_stopped(cloud)

        assert task["stoppedReason"] == f"Task failed ELB health checks in (target-group {GROUP})"
        assert task["stopCode"] == "ServiceSchedulerInitiated"
        assert task["stoppingAt"] - task["startedAt"] >= 20 / 100
        assert (
            f"(service web) (port 8000) is unhealthy in (target-group {GROUP}) "
            "due to (reason Health checks failed with these codes: [404])"
        ) in cloud.messages()


class TestEnd:
    """Nothing outlives the local cloud."""

    def test_stop_leaves_nothing(self, tmp_path: Path) -> None:
        """Stopping the local cloud kills every process, even those that ignore SIGTERM, and their children."""
        with running_cloud(tmp_path) as cloud:
            cloud.create(taskDefinition=cloud.register("stubborn", **WITH_LOGS), count=3)
            until(lambda: len(processes(tmp_path)) == 6)

        assert until(lambda: not processes(tmp_path))  # a killed process is there for a moment longer

    def test_processes_die_with_a_killed_local_cloud(self, tmp_path: Path) -> None:
        """When the local cloud itself is killed, its tasks' processes end too."""
        program = tmp_path / "cloud" / "main.py"
        program.parent.mkdir()
        program.write_text(
            "import sys, time, pathlib\n"
            "sys.path.insert(0, sys.argv[1])\n"
            "from tests.local.ecs_support import running_cloud\n"
            "with running_cloud(pathlib.Path(sys.argv[2])) as cloud:\n"
            "    cloud.create(image='stubborn', count=2)\n"
            "    time.sleep(600)\n"
        )
        home = tmp_path / "home"
        home.mkdir()
        root = str(Path(__file__).parents[2])
        with subprocess.Popen([sys.executable, str(program), root, str(home)], cwd=program.parent) as local_cloud:
            until(lambda: len(processes(home)) == 4)
            os.kill(local_cloud.pid, signal.SIGKILL)

        assert until(lambda: not processes(home))
