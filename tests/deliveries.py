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
    "fork": False,
    "created_at": 1557933565,
    "pushed_at": "2026-11-20T18:50:00Z",
    "license": None,
    "topics": [],
}
SENDER = {"login": "octocat", "id": 583231, "type": "User"}
# What is beside an event where an organization, an enterprise or a GitHub App has the webhook.
BESIDE: dict[str, Any] = {
    "organization": {"login": "acme", "id": 21031067, "description": ""},
    "enterprise": {"id": 1, "slug": "acme", "name": "Acme", "website_url": None},
    "installation": {"id": 7, "node_id": "MDIzOkludGVncmF0aW9uSW5zdGFsbGF0aW9uNw=="},
    "sender": SENDER,
}


def push(branch: str = "main", repository: str = "acme/shop") -> dict[str, Any]:
    """Return the payload of a push to a branch."""
    return {
        "ref": f"refs/heads/{branch}",
        "before": "a" * 40,
        "after": SHA,
        "created": False,
        "deleted": False,
        "forced": False,
        "base_ref": None,
        "compare": "https://github.com/acme/shop/compare/aaaaaaaaaaaa...6113728f27ae",
        "head_commit": {"id": SHA, "message": "Say hello", "timestamp": "2026-11-20T18:50:00+01:00"},
        "commits": [],
        "repository": {**REPOSITORY, "full_name": repository},
        "pusher": {"name": "octocat", "email": None},
        **BESIDE,
    }


def push_of_a_tag(tag: str, commit: str | None = SHA) -> dict[str, Any]:
    """Return the payload of a tag that was made; of an annotated one `after` is the tag's own object."""
    created = {"ref": f"refs/tags/{tag}", "before": "0" * 40, "after": "b" * 40, "created": True}
    head = {"head_commit": {"id": commit} if commit else None, "base_ref": "refs/heads/main"}
    return {**push(), **created, **head}


def push_of_nothing(ref: str = "refs/heads/main") -> dict[str, Any]:
    """Return the payload of a branch or tag that was deleted."""
    return {**push(), "ref": ref, "after": "0" * 40, "deleted": True, "head_commit": None}


def deployment(repository: str = "acme/shop", **fields: Any) -> dict[str, Any]:
    """Return the payload of a deployment that was created."""
    own = {
        "id": 42,
        "sha": SHA,
        "ref": "main",
        "task": "deploy",
        "payload": {},
        "original_environment": "production",
        "environment": "production",
        "transient_environment": False,
        "production_environment": True,
        "performed_via_github_app": None,
        "description": None,
        "creator": SENDER,
        "statuses_url": "https://api.github.com/repos/acme/shop/deployments/42/statuses",
    }
    return {
        "action": "created",
        "deployment": {**own, **fields},
        "workflow": None,
        "workflow_run": None,
        "repository": {**REPOSITORY, "full_name": repository},
        **BESIDE,
    }


def deployment_status() -> dict[str, Any]:
    """Return the payload of a status of a deployment, such as Slipway makes them."""
    status = {"id": 1, "state": "queued", "description": "shop in production is accepted.", "creator": SENDER}
    return {**deployment(), "deployment_status": status, "check_run": None}


def release(**fields: Any) -> dict[str, Any]:
    """Return the payload of a release."""
    own = {
        "id": 17,
        "tag_name": "v1.5.0",
        "target_commitish": "main",
        "name": None,
        "body": None,
        "draft": False,
        "prerelease": False,
        "author": SENDER,
        "assets": [],
        "published_at": "2026-11-20T18:50:00Z",
    }
    return {"action": "released", "release": {**own, **fields}, "repository": REPOSITORY, **BESIDE}


def workflow_run(**fields: Any) -> dict[str, Any]:
    """Return the payload of a workflow that succeeded on the default branch."""
    own = {
        "id": 30433642,
        "name": "CI",
        "path": ".github/workflows/ci.yml",
        "head_branch": "main",
        "head_sha": SHA,
        "head_commit": {"id": SHA, "message": "Say hello"},
        "display_title": "Say hello",
        "run_number": 562,
        "run_attempt": 1,
        "actor": SENDER,
        "pull_requests": [],
        "referenced_workflows": [],
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
        **BESIDE,
    }
