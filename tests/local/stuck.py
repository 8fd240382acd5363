"""Deployments that go as far as a test wants: of a service that never gets ready, or breaks."""

import json
from typing import Any

from tests.local.local_cloud import HttpAnswer, LocalCloud, hello, wait_for

BROKEN = {"image": "actors-crash-loop:1"}
STUCK = {
    "image": "actors-slow-start:1",
    "environment": {"BOOT_SECONDS": "600"},
    "health_check_grace_period_seconds": 3600,
}
"""It boots for so long, and is given so much time, that its rollout neither ends nor fails by itself."""


def resolvable(application: str, **changes: Any) -> dict[str, Any]:
    """Return the manifest of `hello` at /<application>, and by the name of hello.<application>.internal."""
    manifest = hello(application, discovery={"name": "hello"}, **changes)
    return manifest | {"namespace": f"{application}.internal"}


def accepted(cloud: LocalCloud, manifest: dict[str, Any], query: str = "") -> str:
    """POST a manifest that must be accepted, and return the deployment's id."""
    body = json.dumps(manifest).encode()
    answer = cloud.ask("POST", f"/deployments{query}", body, Content_Type="application/json")
    assert 202 == answer.status, answer.document
    return str(answer.document["id"])


def deployed(cloud: LocalCloud, *manifests: dict[str, Any]) -> list[dict[str, Any]]:
    """Deploy manifests side by side, all of which must succeed, and return the deployments as they ended."""
    ended = [cloud.ended(each) for each in [accepted(cloud, manifest) for manifest in manifests]]
    assert {"succeeded"} == {each["status"] for each in ended}, ended
    return ended


def under_way(cloud: LocalCloud, deployment_id: str, service: str = "hello") -> dict[str, Any]:
    """Return a deployment once it waits for a service's rollout."""

    def look() -> dict[str, Any] | None:
        document = cloud.ask("GET", f"/deployments/{deployment_id}").document
        return document if document["services"][service]["phase"] == "awaiting_stable" else None

    return wait_for(look)


def cancel(cloud: LocalCloud, deployment_id: str) -> HttpAnswer:
    """Cancel a deployment."""
    return cloud.ask("POST", f"/deployments/{deployment_id}/cancel")


def timeline(cloud: LocalCloud, deployment_id: str) -> list[tuple[str | None, str]]:
    """Return service and phase of each line of a deployment's timeline."""
    events = cloud.ask("GET", f"/deployments/{deployment_id}/events?limit=100").document["events"]
    return [(each["service"], each["phase"]) for each in events]
