"""Linux namespaces that threads enter: a host of its own, made of nothing but open files.

No name is given to any of them, so that nothing is left when the process ends, however it ends: namespaces(7), "The
/proc/[pid]/ns/ directory". A thread that enters never comes back: each piece of work gets a thread of its own.
"""

import ctypes
import os
import socket
import subprocess
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

# sched.h and sys/mount.h
CLONE_FS, CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWNET = 0x200, 0x20000, 0x4000000, 0x40000000
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 0x40000
MNT_DETACH = 2
KINDS = {"uts": CLONE_NEWUTS, "net": CLONE_NEWNET, "mnt": CLONE_NEWNS}

_libc = ctypes.CDLL(None, use_errno=True)


class CommandError(Exception):
    """`ip` or `nft` refused; the message is theirs."""


class Host:
    """Network, mounts and host name of one machine that is not there.

    `files` are the contents of existing files as processes in it see them. It lives until `close`, and on while a
    process runs in it. Raises OSError when the kernel does not allow it.
    """

    def __init__(self, name: str, files: Mapping[Path, str]) -> None:
        self._descriptors = _in_a_thread(lambda: _made(name, files))

    @property
    def network(self) -> str:
        """Return a path that stands for its network, for `ip` in this or another of our hosts."""
        return f"/proc/{os.getpid()}/fd/{self._descriptors['net']}"

    def enter(self) -> None:
        """Move the calling thread, and the processes that it starts, into it, for good."""
        _check(_libc.unshare(CLONE_FS), "unshare")
        for kind, descriptor in self._descriptors.items():
            _check(_libc.setns(descriptor, KINDS[kind]), "setns")

    def call(self, work: Callable[[], T]) -> T:
        """Return what `work` returns when it is done in it."""

        def entered() -> T:
            self.enter()
            return work()

        return _in_a_thread(entered)

    def run(self, words: Sequence[str], text: str) -> None:
        """Run a command in it with `text` as its input. Raises CommandError with the command's words."""
        ended = self.call(
            lambda: subprocess.run(words, input=text, capture_output=True, text=True, check=False, cwd="/")
        )
        if ended.returncode != 0:
            raise CommandError(f"{' '.join(words)}: {ended.stderr.strip()}")

    def close(self) -> None:
        """Let go of it."""
        for descriptor in self._descriptors.values():
            os.close(descriptor)
        self._descriptors = {}


def _in_a_thread(work: Callable[[], T]) -> T:
    with ThreadPoolExecutor(1) as executor:
        return executor.submit(work).result()


def _made(name: str, files: Mapping[Path, str]) -> dict[str, int]:
    _check(_libc.unshare(CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWUTS), "unshare")
    # What is mounted here must not be seen by the machine that we are on.
    _mount("none", "/", None, MS_REC | MS_PRIVATE)
    socket.sethostname(name)
    _show(files)
    return {kind: os.open(f"/proc/thread-self/ns/{kind}", os.O_RDONLY | os.O_CLOEXEC) for kind in KINDS}


def _show(files: Mapping[Path, str]) -> None:
    """Put contents in the place of existing files, without a file anywhere on a disk."""
    room = Path("/tmp")  # noqa: S108  the one directory that is everywhere; hidden for a moment, from this thread alone
    _mount("tmpfs", str(room), "tmpfs", 0)
    for number, (place, content) in enumerate(files.items()):
        shown = room / str(number)
        shown.write_text(content)
        with suppress(FileNotFoundError):  # a machine that does without this file
            _mount(str(shown), str(place.resolve(strict=True)), None, MS_BIND)
    # Detached, for a process that is being started at this moment may hold it a little longer.
    _check(_libc.umount2(b"/tmp", MNT_DETACH), "umount")


def _mount(source: str, target: str, kind: str | None, flags: int) -> None:
    made = _libc.mount(source.encode(), target.encode(), kind.encode() if kind else None, ctypes.c_ulong(flags), None)
    _check(made, f"mount {target}")


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
