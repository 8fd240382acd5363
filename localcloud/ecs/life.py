"""The life of one task, on a thread of its own: from PROVISIONING to STOPPED.

States: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html
"""

import threading
from dataclasses import dataclass
from typing import Any

from localcloud.clock import Clock
from localcloud.ecs.events import Announcer
from localcloud.ecs.health import task_health
from localcloud.ecs.memory import OUT_OF_MEMORY
from localcloud.ecs.ports import Interfaces, Network
from localcloud.ecs.preparation import Part, Preparation, TaskStartError
from localcloud.ecs.registration import Registration
from localcloud.ecs.running_container import RunningContainer
from localcloud.ecs.state import NetworkInterface, Task, World, new_id
from localcloud.ecs.task_containers import Machine, TaskContainers
from localcloud.faults import AwsFault

DEREGISTRATION_SECONDS = 5.0
"""How long Cloud Map takes to forget an instance; whoever asked DNS just before is answered meanwhile."""
INTERFACE_SECONDS = 1.0
"""How long AWS takes to attach or to release a network interface."""
POLL_SECONDS = 0.02
MEMORY_LOOK_SECONDS = 0.5
"""How often, in wall seconds, a task's memory is measured: its programs grow no faster because AWS does."""


@dataclass(frozen=True)
class Surroundings:
    """What every task's life needs."""

    world: World
    clock: Clock
    network: Network
    interfaces: Interfaces
    preparation: Preparation
    machine: Machine
    registration: Registration
    announcer: Announcer


class TaskLife:
    """One task's thread and processes. `close` ends both at once."""

    def __init__(self, task: Task, around: Surroundings) -> None:
        self._task = task
        self._around = around
        self._containers = TaskContainers(task, around.machine, self._notice)
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
        self._containers.kill()

    def join(self) -> None:
        """Wait until its thread has ended."""
        self._thread.join()

    def _live(self) -> None:
        try:
            self._provision()
            self._run(self._prepare())
            self._serve()
        except TaskStartError as failure:
            with self._around.world.changed:
                if failure.container:
                    failure.container.reason = str(failure)
                self._task.request_stop("TaskFailedToStart", str(failure), self._around.world.now())
        finally:
            self._end()

    def _provision(self) -> None:
        refusal = self._around.network.refuses(self._task.task_definition.body)
        if refusal:
            raise TaskStartError(refusal)
        self._rest(INTERFACE_SECONDS)
        try:
            interface = self._interface()
        except AwsFault as fault:
            message = (
                f"Unexpected EC2 error while attempting to Create Network Interface in subnet '{self._task.subnet_id}'"
            )
            raise TaskStartError(f"{message}: {fault.code}: {fault.message}") from fault
        self._around.interfaces.attached(interface, self._task.revision.security_groups)
        self._become("PENDING", interface=interface, pull_started_at=self._around.world.now())

    def _interface(self) -> NetworkInterface:
        ip = self._around.network.attach(self._task.subnet_id, self._task.revision.security_groups)
        try:
            public_ip = self._public_address(ip) if self._task.revision.assigns_public_ip else None
        except AwsFault:
            self._around.network.detach(ip)
            raise
        return NetworkInterface(new_id(), f"eni-{new_id()[:17]}", self._task.subnet_id, ip, public_ip)

    def _public_address(self, ip: str) -> str:
        definitions = [container.definition for container in self._task.containers]
        ports = [mapping["containerPort"] for each in definitions for mapping in each.get("portMappings", [])]
        return self._around.network.public_address(ip, ports)

    def _prepare(self) -> list[Part]:
        images = self._around.preparation.pull(self._task)
        self._task.pull_stopped_at = self._around.world.now()
        return self._around.preparation.parts(self._task, images)

    def _run(self, parts: list[Part]) -> None:
        all_started = self._containers.start(parts, self._record_start)
        if all_started and not self._task.stop_requested.is_set():
            self._become("RUNNING", started_at=self._around.world.now())
            self._notice()  # checks may have passed while a container still waited

    def _record_start(self, running: RunningContainer) -> None:
        with self._around.world.changed:
            container = running.container
            container.last_status, container.runtime_id = "RUNNING", f"{self._task.id}-{container.name}"
            running.record_exit()

    def _serve(self) -> None:
        """Stay until something asks for the end or an essential container exits; register as soon as that is due."""
        if self._task.started_at and not self._task.stop_requested.is_set():
            self._around.registration.add_targets(self._task)
        while not self._task.stop_requested.is_set():
            if self._containers.essential_ended:
                with self._around.world.changed:
                    now = self._around.world.now()
                    self._task.request_stop("EssentialContainerExited", "Essential container in task exited", now)
                return
            self._register_instance()
            while not self._task.attention.wait(MEMORY_LOOK_SECONDS):
                self._kill_out_of_memory()
            self._task.attention.clear()

    def _kill_out_of_memory(self) -> None:
        running = self._containers.out_of_memory
        if running:
            with self._around.world.changed:
                running.container.reason = OUT_OF_MEMORY
            running.kill()

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
            self._containers.record_exits()
            health = task_health(task.containers, task.task_definition.checked_containers)
            if health != task.health_status and task.last_status == "RUNNING":
                self._become(task.last_status, health_status=health)
        task.attention.set()

    def _end(self) -> None:
        if self._closing.is_set():
            self._containers.finish()
            self._release()
            return
        with self._around.world.changed:
            # The first reason stays; this one is for a thread that ended with an error of ours, which it prints.
            reason = "InternalError: the local cloud failed; its output says why."
            self._task.request_stop("TaskFailedToStart", reason, self._around.world.now())
        if self._containers.any_started:
            self._deactivate()
            self._become("STOPPING")
            self._containers.end()
            with self._around.world.changed:
                self._containers.record_exits()
        self._become("DEPROVISIONING", execution_stopped_at=self._around.world.now())
        self._closing.wait(self._around.clock.scaled(INTERFACE_SECONDS))
        self._release()
        self._become("STOPPED", stopped_at=self._around.world.now())

    def _deactivate(self) -> None:
        """Take the task out of Cloud Map and its target groups; while it serves, wait until it is drained."""
        self._become("DEACTIVATING")
        draining = self._around.registration.remove(self._task)
        if self._task.revision.registries and not self._containers.essential_ended:
            self._closing.wait(self._around.clock.scaled(DEREGISTRATION_SECONDS))
        while draining and not self._containers.essential_ended and not self._closing.is_set():
            draining = not self._around.registration.is_drained(self._task)
            self._closing.wait(POLL_SECONDS)

    def _release(self) -> None:
        if self._task.interface:
            self._around.network.detach(self._task.interface.ip)
            self._around.interfaces.detached(self._task.interface)
        self._around.preparation.volumes.forget(self._task)

    def _become(self, status: str, **members: Any) -> None:
        world, task = self._around.world, self._task
        with world.changed:
            for name, value in members.items():
                setattr(task, name, value)
            task.last_status = status
            if status == "STOPPED":
                for container in task.containers:
                    container.last_status = status
                world.stopped.append(task)
            task.version += 1
            self._around.announcer.task(task)
            world.wake()

    def _rest(self, aws_seconds: float) -> None:
        self._task.stop_requested.wait(self._around.clock.scaled(aws_seconds))
