"""The life of one task, on a thread of its own: from PROVISIONING to STOPPED.

States: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from localcloud.clock import Clock
from localcloud.ecs.events import Announcer
from localcloud.ecs.guardian import Guardian
from localcloud.ecs.health import task_health
from localcloud.ecs.log_stream import log_group
from localcloud.ecs.ports import Logs, Network, Secrets
from localcloud.ecs.registration import Registration
from localcloud.ecs.running_container import ContainerStartError, RunningContainer
from localcloud.ecs.state import Container, NetworkInterface, Task, World, new_id
from localcloud.faults import AwsFault
from localcloud.images import Image, Images, ImagesError

INTERFACE_SECONDS = 1.0
"""How long AWS takes to attach or to release a network interface."""
DEFAULT_STOP_SECONDS = 30
POLL_SECONDS = 0.02


class TaskStartError(Exception):
    """The task cannot start; the message is AWS's stoppedReason."""


@dataclass(frozen=True)
class Surroundings:
    """What every task's life needs."""

    world: World
    clock: Clock
    images: Images
    network: Network
    logs: Logs
    secrets: Secrets | None
    registration: Registration
    announcer: Announcer
    guardian: Guardian


class TaskLife:
    """One task's thread and processes. `close` ends both at once."""

    def __init__(self, task: Task, around: Surroundings) -> None:
        self._task = task
        self._around = around
        self._running: list[RunningContainer] = []
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._live, name=f"ecs-task-{task.id}", daemon=True)

    def start(self) -> None:
        """Begin to live."""
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """Tell whether its thread still runs."""
        return self._thread.is_alive()

    def close(self) -> None:
        """Kill its processes without ceremony; `join` waits for the end."""
        self._closing.set()
        self._task.stop_requested.set()
        self._task.attention.set()
        for container in list(self._running):
            container.kill()

    def join(self) -> None:
        """Wait until its thread has ended."""
        self._thread.join()

    def _live(self) -> None:
        try:
            self._provision()
            images = self._pull()
            secrets = self._initialize()
            self._run(images, secrets)
            self._serve()
        except TaskStartError as failure:
            with self._around.world.changed:
                self._task.request_stop("TaskFailedToStart", str(failure), self._around.world.now())
        finally:
            self._end()

    def _provision(self) -> None:
        refusal = self._around.network.refuses(self._task.task_definition.body)
        if refusal:
            raise TaskStartError(refusal)
        self._rest(INTERFACE_SECONDS)
        try:
            ip = self._around.network.attach(self._task.subnet_id)
        except AwsFault as fault:
            message = (
                f"Unexpected EC2 error while attempting to Create Network Interface in subnet '{self._task.subnet_id}'"
            )
            raise TaskStartError(f"{message}: {fault.code}: {fault.message}") from fault
        interface = NetworkInterface(new_id(), f"eni-{new_id()[:17]}", self._task.subnet_id, ip)
        self._become("PENDING", interface=interface, pull_started_at=self._around.world.now())

    def _pull(self) -> list[Image]:
        images = [self._pull_one(container) for container in self._task.containers]
        self._task.pull_stopped_at = self._around.world.now()
        return images

    def _pull_one(self, container: Container) -> Image:
        reference = container.definition["image"]
        image = self._around.images.find(reference)
        if image is None:
            raise self._failure(
                container,
                "CannotPullContainerError: pull image manifest has been retried 1 time(s): "
                f"failed to resolve ref {reference}: {reference}: not found",
            )
        try:
            self._around.images.prepare(image)
        except ImagesError as error:
            raise self._failure(container, f"CannotPullContainerError: {error}") from error
        return image

    def _initialize(self) -> list[dict[str, str]]:
        for container in self._task.containers:
            group = log_group(container.definition)
            if group is not None and not self._around.logs.exists(group):
                raise TaskStartError(
                    "ResourceInitializationError: failed to validate logger args: create stream has been retried "
                    "1 times: failed to create Cloudwatch log stream: ResourceNotFoundException: "
                    "The specified log group does not exist. : exit status 1"
                )
        return [self._secrets_of(container) for container in self._task.containers]

    def _secrets_of(self, container: Container) -> dict[str, str]:
        asked = container.definition.get("secrets", [])
        if asked and self._around.secrets is None:
            raise TaskStartError(
                "ResourceInitializationError: this local cloud was started without a store of secrets."
            )
        values: dict[str, str] = {}
        for secret in asked if self._around.secrets else []:
            try:
                values[secret["name"]] = self._around.secrets.value(secret["valueFrom"])  # type: ignore[union-attr]
            except AwsFault as fault:
                raise TaskStartError(
                    "ResourceInitializationError: unable to pull secrets or registry auth: execution resource "
                    "retrieval failed: unable to retrieve secret from asm: service call has been retried 1 time(s): "
                    f"failed to fetch secret {secret['valueFrom']}: {fault.code}: {fault.message}"
                ) from fault
        return values

    def _run(self, images: list[Image], secrets: list[dict[str, str]]) -> None:
        parts = {c.name: (c, image, own) for c, image, own in zip(self._task.containers, images, secrets, strict=True)}
        for name in start_order([container.definition for container in self._task.containers]):
            if not self._task.stop_requested.is_set():
                self._run_one(*parts[name])
        if not self._task.stop_requested.is_set():
            self._become("RUNNING", started_at=self._around.world.now())

    def _run_one(self, container: Container, image: Image, secrets: Mapping[str, str]) -> None:
        running = RunningContainer(self._task, container, image, self._around.images.cache, self._notice)
        try:
            running.start(self._around.network, self._around.logs, self._around.clock, self._around.guardian, secrets)
        except ContainerStartError as error:
            container.exit_code = error.exit_code
            raise self._failure(container, str(error)) from error
        self._running.append(running)
        if self._closing.is_set():
            running.kill()
        with self._around.world.changed:
            container.last_status, container.runtime_id = "RUNNING", f"{self._task.id}-{container.name}"

    def _serve(self) -> None:
        """Stay until something asks for the end or an essential container exits; register as soon as that is due."""
        registration = self._around.registration
        if not self._task.stop_requested.is_set():
            registration.add_targets(self._task)
        while not self._task.stop_requested.is_set():
            ended = next((r.container for r in self._running if r.container.essential and r.has_exited), None)
            if ended is not None:
                with self._around.world.changed:
                    now = self._around.world.now()
                    self._task.request_stop("EssentialContainerExited", "Essential container in task exited", now)
                return
            self._register_instance()
            self._task.attention.wait()
            self._task.attention.clear()

    def _register_instance(self) -> None:
        try:
            self._around.registration.add_instance_when_due(self._task)
        except AwsFault as fault:
            reason = "Timeout waiting for service discovery instance provisioning."
            raise TaskStartError(f"{reason} {fault.code}: {fault.message}") from fault

    def _notice(self) -> None:
        """Take note of a container's exit or change of health."""
        task = self._task
        with self._around.world.changed:
            for running in self._running:
                running.record_exit()
            health = task_health(task.containers, task.task_definition.checked_containers)
            if health != task.health_status and task.last_status == "RUNNING":
                self._become(task.last_status, health_status=health)
        task.attention.set()

    def _end(self) -> None:
        if self._closing.is_set():
            self._kill_all()
            return
        with self._around.world.changed:
            # The first reason stays; this one is for a thread that ended with an error of ours, which it prints.
            reason = "InternalError: the local cloud failed; its output says why."
            self._task.request_stop("TaskFailedToStart", reason, self._around.world.now())
        if self._running:
            self._deactivate()
            self._become("STOPPING")
            self._terminate_all()
        self._become("DEPROVISIONING", execution_stopped_at=self._around.world.now())
        self._closing.wait(self._around.clock.scaled(INTERFACE_SECONDS))
        self._release()
        self._become("STOPPED", stopped_at=self._around.world.now())

    def _deactivate(self) -> None:
        """Take the task out of Cloud Map and its target groups; while it serves, wait until it is drained."""
        self._become("DEACTIVATING")
        draining = self._around.registration.remove(self._task)
        while draining and self._is_serving() and not self._closing.is_set():
            draining = not self._around.registration.is_drained(self._task)
            self._closing.wait(POLL_SECONDS)

    def _terminate_all(self) -> None:
        for running in self._running:
            running.terminate()
        for running in self._running:
            seconds = running.container.definition.get("stopTimeout", DEFAULT_STOP_SECONDS)
            running.finish(self._around.clock.allowed(seconds))
        with self._around.world.changed:
            for running in self._running:
                running.record_exit()

    def _kill_all(self) -> None:
        for running in self._running:
            running.finish(0)
        self._release()

    def _release(self) -> None:
        if self._task.interface:
            self._around.network.detach(self._task.interface.ip)

    def _is_serving(self) -> bool:
        return not any(running.has_exited for running in self._running if running.container.essential)

    def _become(self, status: str, **members: Any) -> None:
        world, task = self._around.world, self._task
        with world.changed:
            for name, value in members.items():
                setattr(task, name, value)
            task.last_status = status
            if status == "STOPPED":
                for container in task.containers:
                    container.last_status = status
            task.version += 1
            self._around.announcer.task(task)
            world.wake()

    def _rest(self, aws_seconds: float) -> None:
        self._task.stop_requested.wait(self._around.clock.scaled(aws_seconds))

    def _failure(self, container: Container, reason: str) -> TaskStartError:
        with self._around.world.changed:
            container.reason = reason
        return TaskStartError(reason)


def start_order(containers: list[dict[str, Any]]) -> list[str]:
    """Return the containers' names, each after those that it depends on; a loop is broken where it closes."""
    after = {c["name"]: [d["containerName"] for d in c.get("dependsOn", [])] for c in containers}
    order: list[str] = []

    def place(name: str, above: tuple[str, ...]) -> None:
        for needed in after[name]:
            if needed not in above:
                place(needed, (*above, name))
        if name not in order:
            order.append(name)

    for name in after:
        place(name, (name,))
    return order
