"""AWS Step Functions: the workflows of deployments and teardowns, and the tokens of their waits."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING

from chalicelib.aws.calls import call
from chalicelib.errors import AwsRefused

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

# A token that was completed or timed out: somebody was faster, and that is fine.
SPENT = {"TaskTimedOut", "TaskDoesNotExist", "InvalidToken"}
# Two events of one moment find the same token; one process sees them both, as a rule.
REMEMBERED_TOKENS = 100


class Workflow:
    """The state machines, by the kind of what they carry out; an execution's name is the deployment's id."""

    def __init__(self, client: SFNClient, state_machine_arns: Mapping[str, str]) -> None:
        self._client = client
        self._arns = state_machine_arns
        self._completed: deque[str] = deque(maxlen=REMEMBERED_TOKENS)

    def start(self, deployment_id: str, kind: str) -> None:
        """Start the execution of a deployment; starting it twice starts it once."""
        document = json.dumps({"deployment_id": deployment_id})
        try:
            call(self._client.start_execution, stateMachineArn=self._arns[kind], name=deployment_id, input=document)
        except AwsRefused as refusal:
            if refusal.aws_code != "ExecutionAlreadyExists":
                raise

    def status(self, deployment_id: str, kind: str) -> str | None:
        """Return the execution's status (RUNNING, SUCCEEDED, FAILED, TIMED_OUT, ABORTED); None: never started."""
        arn = f"{self._arns[kind].replace(':stateMachine:', ':execution:')}:{deployment_id}"
        try:
            return call(self._client.describe_execution, executionArn=arn)["status"]
        except AwsRefused as refusal:
            if refusal.aws_code == "ExecutionDoesNotExist":
                return None
            raise

    def heartbeat(self, token: str) -> None:
        """Say that the look of a wait goes on, from which its seconds begin anew.

        It is no event in the history (API reference, SendTaskHeartbeat).
        """
        try:
            call(self._client.send_task_heartbeat, taskToken=token)
        except AwsRefused as refusal:
            if refusal.aws_code not in SPENT:
                raise

    def complete(self, token: str, *, decided: bool, named: bool = False) -> None:
        """End a wait: `decided` says that the matter is, otherwise it only asks for another look.

        `named` says that the name is proven, too, for which the next wait would be. A token ends one wait, once: what
        this process has completed it does not ask for again.
        """
        if token in self._completed:
            return
        output = json.dumps({"decided": decided, "named": named})
        try:
            call(self._client.send_task_success, taskToken=token, output=output)
        except AwsRefused as refusal:
            if refusal.aws_code not in SPENT:
                raise
        self._completed.append(token)
