"""One operating system process with all its children, as a container has them."""

import os
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from signal import SIGKILL, SIGTERM
from typing import BinaryIO

from localcloud.ecs.guardian import Guardian, kill_group

CHUNK_BYTES = 65_536
Start = Callable[[], subprocess.Popen[bytes]]


def here(start: Start) -> subprocess.Popen[bytes]:
    """Start a process where we are."""
    return start()


class Process:
    """A process in a session of its own. Its whole group ends with it, as a container ends with its first process.

    `inside` calls the function that starts it: the process gets the namespaces of the thread in which that is.
    `on_exit` is called once when it has been reaped. `on_output` gets its standard output and error as they come, and
    b"" at the end; without it they are thrown away. Raises OSError when the program cannot be started.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        directory: Path,
        environment: Mapping[str, str],
        guardian: Guardian,
        on_exit: Callable[[], None] = lambda: None,
        on_output: Callable[[bytes], None] | None = None,
        inside: Callable[[Start], subprocess.Popen[bytes]] = here,
    ) -> None:
        self._guardian = guardian
        self._on_exit = on_exit
        self._lock = threading.Lock()

        def start() -> subprocess.Popen[bytes]:
            return subprocess.Popen(
                list(arguments),
                cwd=directory,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if on_output else subprocess.DEVNULL,
                stderr=subprocess.STDOUT if on_output else subprocess.DEVNULL,
                start_new_session=True,
            )

        self._popen = inside(start)
        guardian.watch(self.pid)
        self.exited = threading.Event()
        self._threads = [threading.Thread(target=self._wait, name=f"ecs-wait-{self.pid}", daemon=True)]
        if on_output and self._popen.stdout:
            reading = (self._popen.stdout, on_output)
            self._threads.append(threading.Thread(target=_read, args=reading, name=f"ecs-read-{self.pid}", daemon=True))
        for thread in self._threads:
            thread.start()

    @property
    def pid(self) -> int:
        """Return the process id, which is the id of its group and session too."""
        return self._popen.pid

    @property
    def exit_code(self) -> int | None:
        """Return the exit code as a shell and Docker count it (128 + signal); None while it runs."""
        code = self._popen.returncode if self.exited.is_set() else None
        return 128 - code if code is not None and code < 0 else code

    def terminate(self) -> None:
        """Ask the group to end (SIGTERM)."""
        self._signal(SIGTERM)

    def kill(self) -> None:
        """End the group (SIGKILL)."""
        self._signal(SIGKILL)

    def join(self) -> None:
        """Wait until it has been reaped and its output has been read to the end."""
        for thread in self._threads:
            thread.join()

    def _signal(self, number: int) -> None:
        with self._lock:
            if not self.exited.is_set():
                kill_group(self.pid, number)

    def _wait(self) -> None:
        self._popen.wait()
        with self._lock:
            # Children that it left behind still hold its group, so the id cannot be another's.
            kill_group(self.pid)
            self.exited.set()
        self._guardian.forget(self.pid)
        self._on_exit()


def _read(pipe: BinaryIO, on_output: Callable[[bytes], None]) -> None:
    with pipe:
        while chunk := os.read(pipe.fileno(), CHUNK_BYTES):
            on_output(chunk)
    on_output(b"")
