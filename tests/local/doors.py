"""An open front door with clients of it, for the tests of what is behind it."""

import json
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any

import boto3
from botocore.config import Config

from localcloud.front_door import FrontDoor, Handler, Listener
from localcloud.lambdas import Lambdas
from localcloud.ports import listen
from localcloud.throttles import Throttles

ROLE = "arn:aws:iam::000000000000:role/x"


def wait_until(condition: Callable[[], Any], seconds: float = 60.0) -> Any:
    """Return the first true value of `condition`, or fail after `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.01)
    raise AssertionError(f"not within {seconds} s")


class Cloud:
    """A door with its functions, the calls it saw, and clients of it."""

    def __init__(
        self,
        services: Mapping[str, Handler] | None = None,
        data_plane: Handler | None = None,
        listeners: Mapping[tuple[str, str], Listener] | None = None,
        throttles: Throttles | None = None,
    ) -> None:
        self.calls: Counter[tuple[str, str]] = Counter()
        self.lambdas = Lambdas()
        self.door = FrontDoor(
            lambdas=self.lambdas,
            services=services or {},
            elb_data_plane=data_plane,
            listeners=listeners or {},
            throttles=throttles,
            observer=lambda service, operation: self.calls.update([(service, operation)]),
            listening=listen(0),
        )
        self.closing = ExitStack()

    def client(self, service: str) -> Any:
        """Return a client that asks once, and is closed with the cloud."""
        client = boto3.client(  # type: ignore[call-overload]
            service,
            endpoint_url=self.door.url,
            region_name="us-east-1",
            aws_access_key_id="a",
            aws_secret_access_key="b",
            config=Config(retries={"total_max_attempts": 1}, max_pool_connections=200),
        )
        self.closing.callback(client.close)
        return client

    def run(self, name: str, states: dict[str, Any]) -> str:
        """Start an execution of a machine made of `states`, which begin with the first; return its ARN."""
        step_functions = self.client("stepfunctions")
        definition = json.dumps({"StartAt": next(iter(states)), "States": states})
        machine = step_functions.create_state_machine(name=name, definition=definition, roleArn=ROLE)
        execution: str = step_functions.start_execution(stateMachineArn=machine["stateMachineArn"], name="one")[
            "executionArn"
        ]
        return execution

    def ended(self, execution: str) -> dict[str, Any]:
        """Return an execution's description once it does not run."""
        step_functions = self.client("stepfunctions")

        def end() -> dict[str, Any] | None:
            described: dict[str, Any] = step_functions.describe_execution(executionArn=execution)
            return described if described["status"] != "RUNNING" else None

        found: dict[str, Any] = wait_until(end)
        return found
