"""Asks the `observe` function what a deployment would do, and what serves: `api` itself may not read AWS."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from chalicelib.aws.calls import call
from chalicelib.errors import AwsError, AwsRefused, Throttled, TransientAws
from chalicelib.manifest import Manifest

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

PASSING: dict[str, type[AwsError]] = {"Throttled": Throttled, "TransientAws": TransientAws}


class Observer:
    """The `observe` function, invoked and waited for."""

    def __init__(self, client: LambdaClient, function_name: str) -> None:
        self._client = client
        self._function_name = function_name

    def dry_run(self, manifest: Manifest, *, force: bool) -> dict[str, Any]:
        """Return the document of what deploying a manifest would do; raises Throttled and TransientAws."""
        return self._ask({"state": "DryRun", "manifest": manifest.model_dump_json(), "force": force})

    def live(self, application: str, environment: str) -> dict[str, Any]:
        """Return what serves of an application; raises Throttled and TransientAws."""
        return self._ask({"state": "Live", "application": application, "environment": environment})

    def logs(self, deployment_id: str, service: str, lines: int) -> dict[str, Any]:
        """Return what the tasks of a deployment's service wrote last; raises Throttled and TransientAws."""
        return self._ask({"state": "Logs", "deployment_id": deployment_id, "service": service, "lines": lines})

    def _ask(self, question: dict[str, Any]) -> dict[str, Any]:
        payload = json.dumps(question).encode()
        answer = call(self._client.invoke, FunctionName=self._function_name, Payload=payload)
        body: dict[str, Any] = json.loads(answer["Payload"].read())
        if answer.get("FunctionError"):
            kind, message = body.get("errorType", "Unhandled"), body.get("errorMessage", "")
            raise PASSING.get(kind, AwsRefused)(question["state"], kind, message)
        return body
