"""Each AWS call of Slipway's functions, written down: which function asked what, and what it was answered.

SLIPWAY_REQUESTS names the file. Each line is a JSON object; `answer` has an `Error` where AWS refused:

    {"function": "act", "service": "ecs", "operation": "CreateService", "request": {…}, "answer": {…}}

Requests and answers hold secrets, so the file is its owner's alone: made so, and narrowed where it is there already.
"""

import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from threading import Lock
from typing import Any, TextIO

import boto3

from localcloud.lambdas import RUNNING

ASKED = "slipway_asked"
OWNERS_ALONE = 0o600


class RequestLog:
    """Between start and stop, writes the calls of whatever clients boto3 makes; `path` grows, and is never emptied."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = Lock()

    def start(self) -> None:
        """Listen: a client of boto3's default session listens as the session does when it is made.

        Raises OSError when the file cannot be written, or cannot be made its owner's alone.
        """
        try:
            private(self._path).close()
        except OSError as error:
            why = f"SLIPWAY_REQUESTS={self._path} cannot be a file that its owner alone reads and writes"
            raise OSError(error.errno, f"{why}: {error.strerror}. Name another file.") from error
        session = boto3.Session()
        session.events.register("before-parameter-build", self._asked)
        session.events.register("after-call", self._answered)
        boto3.DEFAULT_SESSION = session

    def stop(self) -> None:
        """Let clients that are made from now on be heard by nobody."""
        boto3.setup_default_session()

    def _asked(self, params: Mapping[str, Any], context: dict[str, Any], **_: Any) -> None:
        context[ASKED] = params

    def _answered(self, parsed: Mapping[str, Any], model: Any, context: Mapping[str, Any], **_: Any) -> None:
        function = RUNNING.get()
        if function is None:
            return  # the local cloud's own
        told = {
            "function": function,
            "service": model.service_model.signing_name,
            "operation": model.name,
            "request": context[ASKED],
            "answer": parsed,
        }
        with self._lock, private(self._path) as file:
            file.write(json.dumps(told, default=str) + "\n")


def private(path: Path) -> TextIO:
    """Open a file to append to it, its owner's alone whatever the umask; raises OSError where it cannot be that.

    What is no file, such as /dev/stderr or a pipe, keeps its rights.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, OWNERS_ALONE)
    try:
        _narrow(descriptor)
    except OSError:
        os.close(descriptor)
        raise
    return os.fdopen(descriptor, "a", encoding="utf-8")


def _narrow(descriptor: int) -> None:
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode) and stat.S_IMODE(mode) != OWNERS_ALONE:
        os.fchmod(descriptor, OWNERS_ALONE)
