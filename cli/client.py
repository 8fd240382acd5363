"""The API over HTTP: post a manifest, ask how it goes."""

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

TIMEOUT_SECONDS = 30


class ApiError(Exception):
    """The API answered with a problem; `document` is the problem+json, `status` its HTTP status."""

    def __init__(self, status: int, document: dict[str, Any]) -> None:
        faults = "".join(f"\n  {fault['pointer']}: {fault['detail']}" for fault in document.get("errors", []))
        super().__init__(f"{status} {document.get('title', '')}: {document.get('detail', '')}{faults}")
        self.status = status
        self.document = document


@dataclass(frozen=True)
class Client:
    """Slipway's API at `url`, asked with a bearer token."""

    url: str
    token: str

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

    def _ask(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> dict[str, Any]:
        every = {"Authorization": f"Bearer {self.token}", **(headers or {})}
        request = urllib.request.Request(self.url + path, body, every, method=method)
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
