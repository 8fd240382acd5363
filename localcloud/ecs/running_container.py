"""One container of a task while it runs: its process, its health check and its log."""

import errno
import shutil
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

from localcloud.clock import Clock
from localcloud.ecs.command import command_line, environment, health_check_line
from localcloud.ecs.container_check import ContainerCheck
from localcloud.ecs.guardian import Guardian
from localcloud.ecs.log_stream import LogStream, log_group, stream_name
from localcloud.ecs.ports import Logs, Network
from localcloud.ecs.preparation import Part
from localcloud.ecs.process import Process
from localcloud.ecs.revisions import has_health_check
from localcloud.ecs.state import Task
from localcloud.ecs.volumes import prefix


class ContainerStartError(Exception):
    """The program is not there or not executable; the message is AWS's, `exit_code` what a shell would say."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class RunningContainer:
    """Start, watch and end one container. `notice` is called when it exits or its health changes."""

    def __init__(self, task: Task, part: Part, notice: Callable[[], None]) -> None:
        self.container = part.container
        self._task = task
        self._image = part.image
        self._python = part.python
        self._secrets = part.secrets
        self._mounts = part.mounts
        self._notice = notice
        self._process: Process | None = None
        self._check: ContainerCheck | None = None
        self._killed = threading.Event()

    @property
    def has_exited(self) -> bool:
        """Tell whether its process has ended."""
        return self._process is not None and self._process.exited.is_set()

    @property
    def exit_code(self) -> int | None:
        """Return the exit code; None while it runs."""
        return self._process.exit_code if self._process else None

    @property
    def pid(self) -> int | None:
        """Return the id of its first process; None when that has ended."""
        return self._process.pid if self._process and not self.has_exited else None

    def start(self, network: Network, logs: Logs, clock: Clock, guardian: Guardian) -> None:
        """Start the process and its health check. Raises ContainerStartError."""
        definition, ip = self.container.definition, self._ip
        outside = network.environment(ip)
        variables = environment(self._image, definition, self._python, network=outside, secrets=self._secrets)

        def run(words: list[str], **more: Callable[..., None] | None) -> Process:
            return Process(
                [*prefix(self._mounts), *words],
                directory=self._image.directory,
                environment=variables,
                guardian=guardian,
                inside=partial(network.inside, ip),
                **more,  # type: ignore[arg-type]
            )

        words = command_line(self._image, definition, self._python, ip)
        there = shutil.which(words[0], path=variables["PATH"])
        if there and (refusal := network.refuses_program(words, self._python, ip)):
            raise ContainerStartError(f"CannotStartContainerError: {refusal}", 126)
        if not there and self._mounts and not any(words[0].startswith(mount.target) for mount in self._mounts):
            raise _cannot_start(words[0], self._image.directory, FileNotFoundError(errno.ENOENT, ""))
        try:
            self._process = run(words, on_exit=self._notice, on_output=self._log(logs, clock))
        except OSError as error:
            raise _cannot_start(words[0], self._image.directory, error) from error
        if has_health_check(definition):
            check = definition["healthCheck"]
            line = health_check_line(check, self._python, ip)
            self._check = ContainerCheck(check, clock, lambda: run(line), self._report)
            self._check.start()

    def record_exit(self) -> None:
        """Write the exit code down, once there is one."""
        if self.exit_code is not None:
            self.container.exit_code = self.exit_code
            self.container.last_status = "STOPPED"

    def terminate(self) -> None:
        """Ask it to end, and stop checking its health."""
        if self._check:
            self._check.stop()
        if self._process:
            self._process.terminate()

    def finish(self, timeout_seconds: float) -> None:
        """Wait so long (wall seconds) for its end, then kill it. Afterwards nothing of it is left."""
        if self._process and not self._killed.is_set():
            self._process.exited.wait(timeout_seconds)
        self.kill()
        if self._check:
            self._check.stop()
        if self._process:
            self._process.join()

    def kill(self) -> None:
        """End it at once."""
        self._killed.set()
        if self._process:
            self._process.kill()

    @property
    def _ip(self) -> str:
        return self._task.interface.ip if self._task.interface else ""

    def _log(self, logs: Logs, clock: Clock) -> Callable[[bytes], None] | None:
        group = log_group(self.container.definition)
        if group is None:
            return None
        return LogStream(logs, clock, group, stream_name(self.container.definition, self._task.id)).write

    def _report(self, status: str) -> None:
        self.container.health_status = status
        self._notice()


def _cannot_start(program: str, directory: Path, error: OSError) -> ContainerStartError:
    prefix = (
        "CannotStartContainerError: Error response from daemon: failed to create task for container: failed to create "
        "shim task: OCI runtime create failed: runc create failed: unable to start container process: "
    )
    if not directory.is_dir():
        return ContainerStartError(f"{prefix}the image's directory {directory} does not exist: unknown", 127)
    if error.errno == errno.ENOENT:
        return ContainerStartError(f'{prefix}exec: "{program}": executable file not found in $PATH: unknown', 127)
    return ContainerStartError(f'{prefix}exec: "{program}": {(error.strerror or "").lower()}: unknown', 126)
