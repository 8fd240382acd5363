"""The API over HTTP: post a manifest, ask how it goes, call it off, tear it down."""

import json
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from dataclasses import dataclass
from typing import Any

TIMEOUT_SECONDS = 30
PASSES = (429, 502, 503, 504)


class ApiError(Exception):
    """The API answered with a problem; `document` is the problem+json, `status` its HTTP status."""

    def __init__(self, status: int, document: dict[str, Any]) -> None:
        faults = "".join(f"\n  {fault['pointer']}: {fault['detail']}" for fault in document.get("errors", []))
        super().__init__(f"{status} {document.get('title', '')}: {document.get('detail', '')}{faults}")
        self.status = status
        self.document = document


@dataclass(frozen=True)
class Client:
    """Slipway's API at `url`, asked with a bearer token; after each pause again, while what is wrong may pass."""

    url: str
    token: str
    pauses_seconds: tuple[float, ...] = (1, 2, 4, 8)

    def deploy(self, manifest: bytes, content_type: str = "application/yaml") -> dict[str, Any]:
        """POST a manifest and return the deployment; raises ApiError."""
        return self._ask("POST", "/deployments", manifest, {"Content-Type": content_type})

    def deployment(self, deployment_id: str) -> dict[str, Any]:
        """Return a deployment; raises ApiError."""
        return self._ask("GET", f"/deployments/{deployment_id}")

    def events(self, deployment_id: str, after: str | None) -> dict[str, Any]:
        """Return the timeline after an event id; raises ApiError."""
        query = f"?after={after}" if after else ""
        return self._ask("GET", f"/deployments/{deployment_id}/events{query}")

    def deployments(self, application: str) -> list[dict[str, Any]]:
        """Return an application's deployments, the newest page of them; raises ApiError."""
        query = urllib.parse.urlencode({"application": application})
        found: list[dict[str, Any]] = self._ask("GET", f"/deployments?{query}")["deployments"]
        return found

    def cancel(self, deployment_id: str) -> dict[str, Any]:
        """Call a deployment off and return it as it is now; raises ApiError."""
        return self._ask("POST", f"/deployments/{deployment_id}/cancel")

    def application(self, application: str) -> dict[str, Any]:
        """Return what is live of an application; raises ApiError."""
        return self._ask("GET", f"/applications/{application}")

    def tear_down(self, application: str) -> dict[str, Any]:
        """Have an application removed and return the teardown, a deployment; raises ApiError."""
        return self._ask("DELETE", f"/applications/{application}")

    def _ask(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> dict[str, Any]:
        """Send a request, again where nobody answers or what is refused passes: its key has it count once."""
        every = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": uuid.uuid4().hex, **(headers or {})}
        request = urllib.request.Request(self.url.rstrip("/") + path, body, every, method=method)
        for pause_seconds in self.pauses_seconds:
            try:
                return _answer(request)
            except ApiError as error:
                if error.status not in PASSES:
                    raise
            except OSError:
                pass
            time.sleep(pause_seconds)
        return _answer(request)


def _answer(request: urllib.request.Request) -> dict[str, Any]:
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
            document: dict[str, Any] = json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            raise ApiError(error.code, _problem(error.read())) from error
    return document


def _problem(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except ValueError:
        return {"detail": body[:200].decode(errors="replace")}
    return document if isinstance(document, dict) else {"detail": str(document)}
