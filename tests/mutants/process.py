"""Processes that are forked from this one: what happens in them leaves no trace here."""

import os
import resource
import time
import traceback
from collections.abc import Callable

import pytest

BROKEN = 3
MEMORY = 4 * 2**30


def forked(work: Callable[[], int]) -> int:
    """Do something in another process, which ends with the code that it returns; return the process."""
    child = os.fork()
    if child:
        return child
    code = BROKEN
    try:
        code = work()
    except Exception:  # whoever waits for this process learns of it
        traceback.print_exc()
    finally:
        os._exit(code)


def ended(child: int) -> int:
    """Return the code with which a process ends."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def limit(seconds: float) -> None:
    """End this process after some seconds of the processor; a machine that is busy changes nothing."""
    most = int(time.process_time() + seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (most, most))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def silence(session: pytest.Session) -> None:
    """Let nobody hear of the tests in this process."""
    session.config.pluginmanager.unregister(name="terminalreporter")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
