"""Deliveries of GitHub's webhook, in the shape of its public schema, as far as anybody may look at them.

https://docs.github.com/en/webhooks/webhook-events-and-payloads
"""

from typing import Any

SHA = "6113728f27ae82c7b1a177c8d03f9e96e0adf246"
REPOSITORY = {
    "id": 186853002,
    "name": "shop",
    "full_name": "acme/shop",
    "private": True,
    "owner": {"login": "acme", "id": 21031067, "type": "Organization"},
    "html_url": "https://github.com/acme/shop",
    "default_branch": "main",
}
SENDER = {"login": "octocat", "id": 583231, "type": "User"}


def push(branch: str = "main", repository: str = "acme/shop") -> dict[str, Any]:
    """Return the payload of a push to a branch."""
    return {
        "ref": f"refs/heads/{branch}",
        "before": "a" * 40,
        "after": SHA,
        "created": False,
        "deleted": False,
        "forced": False,
        "head_commit": {"id": SHA, "message": "Say hello", "timestamp": "2026-11-20T18:50:00+01:00"},
        "commits": [],
        "repository": {**REPOSITORY, "full_name": repository},
        "pusher": {"name": "octocat"},
        "sender": SENDER,
    }


def deployment(repository: str = "acme/shop", **fields: Any) -> dict[str, Any]:
    """Return the payload of a deployment that was created."""
    own = {
        "id": 42,
        "sha": SHA,
        "ref": "main",
        "task": "deploy",
        "payload": {},
        "environment": "production",
        "description": None,
        "creator": SENDER,
        "statuses_url": "https://api.github.com/repos/acme/shop/deployments/42/statuses",
    }
    return {
        "action": "created",
        "deployment": {**own, **fields},
        "repository": {**REPOSITORY, "full_name": repository},
        "sender": SENDER,
    }


def release(**fields: Any) -> dict[str, Any]:
    """Return the payload of a release."""
    own = {"id": 17, "tag_name": "v1.5.0", "target_commitish": "main", "draft": False, "prerelease": False}
    return {"action": "released", "release": {**own, **fields}, "repository": REPOSITORY, "sender": SENDER}


def workflow_run(**fields: Any) -> dict[str, Any]:
    """Return the payload of a workflow that succeeded on the default branch."""
    own = {
        "id": 30433642,
        "name": "CI",
        "path": ".github/workflows/ci.yml",
        "head_branch": "main",
        "head_sha": SHA,
        "run_number": 562,
        "event": "push",
        "status": "completed",
        "conclusion": "success",
        "head_repository": REPOSITORY,
        "repository": REPOSITORY,
    }
    return {
        "action": "completed",
        "workflow_run": {**own, **fields},
        "workflow": {"name": "CI", "path": ".github/workflows/ci.yml", "state": "active"},
        "repository": REPOSITORY,
        "sender": SENDER,
    }
