"""The function `observe` as the API asks it, in memory: a fake as those in `fakes`."""

import json
from collections.abc import Callable
from typing import Any

from chalicelib.manifest import Manifest


class FakeObserver:
    """The function `observe`, once it is deployed; its payload is JSON on the way."""

    def __init__(self) -> None:
        self.function: Callable[[dict[str, Any]], dict[str, Any]] | None = None

    def dry_run(self, manifest: Manifest, *, force: bool) -> dict[str, Any]:
        """Return what a deployment would do."""
        return self._ask({"state": "DryRun", "manifest": manifest.model_dump_json(), "force": force})

    def live(self, application: str, environment: str) -> dict[str, Any]:
        """Return what serves of an application."""
        return self._ask({"state": "Live", "application": application, "environment": environment})

    def logs(self, deployment_id: str, service: str, lines: int) -> dict[str, Any]:
        """Return what the tasks of a deployment's service wrote last."""
        return self._ask({"state": "Logs", "deployment_id": deployment_id, "service": service, "lines": lines})

    def _ask(self, question: dict[str, Any]) -> dict[str, Any]:
        assert self.function, "observe is not deployed"
        return dict(json.loads(json.dumps(self.function(question))))
