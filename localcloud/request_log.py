"""Each AWS call of Slipway's functions, written down: which function asked what, and what it was answered.

SLIPWAY_REQUESTS names the file. Each line is a JSON object; `answer` has an `Error` where AWS refused:

    {"function": "act", "service": "ecs", "operation": "CreateService", "request": {…}, "answer": {…}}
"""

import json
from collections.abc import Mapping
from pathlib import Path
from threading import Lock
from typing import Any

import boto3

from localcloud.lambdas import RUNNING

ASKED = "slipway_asked"


class RequestLog:
    """Between start and stop, writes the calls of whatever clients boto3 makes; `path` grows, and is never emptied."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = Lock()

    def start(self) -> None:
        """Listen: a client of boto3's default session listens as the session does when it is made."""
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
        with self._lock, self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(told, default=str) + "\n")
