"""The containers of one task: start them in order, watch them, end them in reverse."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from localcloud.clock import Clock
from localcloud.ecs import memory
from localcloud.ecs.dependencies import DEFAULT_START_SECONDS, ContainerFact, may_start, stop_groups
from localcloud.ecs.guardian import Guardian
from localcloud.ecs.ports import Logs, Network
from localcloud.ecs.preparation import Part, TaskStartError
from localcloud.ecs.running_container import ContainerStartError, RunningContainer
from localcloud.ecs.state import Task

DEFAULT_STOP_SECONDS = 30
LOOK_SECONDS = 0.5
"""How often, in wall seconds, a waiting container's `startTimeout` is looked at."""


@dataclass(frozen=True)
class Machine:
    """What containers run on, and where their output goes."""

    clock: Clock
    network: Network
    logs: Logs
    guardian: Guardian


class TaskContainers:
    """The running containers of a task. `notice` is called when one of them ends or its health changes."""

    def __init__(self, task: Task, machine: Machine, notice: Callable[[], None]) -> None:
        self._task = task
        self._machine = machine
        self._notice = notice
        self._running: dict[str, RunningContainer] = {}
        self._started_at: dict[str, float] = {}
        self._closing = False

    @property
    def any_started(self) -> bool:
        """Tell whether one has started."""
        return bool(self._running)

    @property
    def essential_ended(self) -> bool:
        """Tell whether the task must end, because an essential container has."""
        return any(running.has_exited for running in list(self._running.values()) if running.container.essential)

    @property
    def out_of_memory(self) -> RunningContainer | None:
        """Return the container that must be killed because it, or the task, uses more memory than it may."""
        if self._hungriest(memory.resident_bytes) is None:
            return None
        name = self._hungriest(memory.proportional_bytes)
        return self._running[name] if name else None

    def start(self, parts: Sequence[Part], keep_status: Callable[[RunningContainer], None]) -> bool:
        """Start each container when what it depends on allows it; `keep_status` is told of each.

        Returns whether all have started: not when the task shall stop, or an essential container has ended, while
        another still waits. Raises TaskStartError.
        """
        waiting = list(parts)
        while waiting and not self._task.stop_requested.is_set() and not self.essential_ended:
            ready = [part for part in waiting if self._is_ready(part)]
            for part in ready:
                keep_status(self._start_one(part))
            waiting = [part for part in waiting if part not in ready]
            if waiting and not ready:
                self._task.attention.wait(LOOK_SECONDS)
                self._task.attention.clear()
        return not waiting

    def record_exits(self) -> None:
        """Write down the exit codes there are. Call it with `World.changed` held."""
        for running in list(self._running.values()):
            running.record_exit()

    def end(self) -> None:
        """End all of them: those that depend on others first, SIGTERM, then SIGKILL after their `stopTimeout`."""
        for names in stop_groups([container.definition for container in self._task.containers]):
            group = [self._running[name] for name in names if name in self._running]
            for running in group:
                running.terminate()
            for running in group:
                seconds = running.container.definition.get("stopTimeout", DEFAULT_STOP_SECONDS)
                running.finish(self._machine.clock.allowed(seconds))

    def kill(self) -> None:
        """Kill all of them at once, and those that are about to start too; another thread may call it."""
        self._closing = True
        for running in list(self._running.values()):
            running.kill()

    def finish(self) -> None:
        """Wait until nothing is left of those that were killed."""
        for running in self._running.values():
            running.finish(0)

    def _hungriest(self, measure: Callable[[int], int]) -> str | None:
        """Return the name of the container that uses too much, measured in one way."""
        used = {name: measure(running.pid) for name, running in list(self._running.items()) if running.pid}
        limits = {name: memory.limit_bytes(self._running[name].container.definition.get("memory")) for name in used}
        asked = self._task.overrides.get("memory") or self._task.task_definition.body.get("memory")
        return memory.hungriest(used, limits, memory.limit_bytes(asked))

    def _is_ready(self, part: Part) -> bool:
        facts = {container.name: self._fact(container.name) for container in self._task.containers}
        answer, why_not = may_start(part.container.definition, facts)
        if answer == "never":
            raise TaskStartError(why_not, part.container)
        return answer == "yes"

    def _fact(self, name: str) -> ContainerFact:
        container = next(each for each in self._task.containers if each.name == name)
        if name not in self._running:
            return ContainerFact()
        timeout = container.definition.get("startTimeout", DEFAULT_START_SECONDS)
        return ContainerFact(
            started=True,
            exit_code=self._running[name].exit_code,
            health_status=container.health_status,
            waited_seconds=time.monotonic() - self._started_at[name],
            start_timeout_seconds=self._machine.clock.allowed(timeout),
        )

    def _start_one(self, part: Part) -> RunningContainer:
        running = RunningContainer(self._task, part, self._notice)
        machine = self._machine
        try:
            running.start(machine.network, machine.logs, machine.clock, machine.guardian)
        except ContainerStartError as error:
            part.container.exit_code = error.exit_code
            raise TaskStartError(str(error), part.container) from error
        self._started_at[part.container.name] = time.monotonic()
        self._running[part.container.name] = running
        if self._closing:
            running.kill()
        return running
