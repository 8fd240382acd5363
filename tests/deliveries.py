"""Deliveries of GitHub's webhook, in the shape of its public schema, as far as anybody may look at them.

https://docs.github.com/en/webhooks/webhook-events-and-payloads
"""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from chalicelib import limits
from chalicelib.github.signature import signature

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


def push_of_a_tag(tag: str, commit: str | None = SHA, repository: str = "acme/shop") -> dict[str, Any]:
    """Return the payload of a tag that was made; of an annotated one `after` is the tag's own object."""
    created = {"ref": f"refs/tags/{tag}", "before": "0" * 40, "after": "b" * 40, "created": True}
    head = {"head_commit": {"id": commit} if commit else None, "base_ref": "refs/heads/main"}
    return {**push(repository=repository), **created, **head}


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


FORM = {"Content_Type": "application/x-www-form-urlencoded"}
WHOLE = json.dumps(push()).encode()
# Signed pushes that cannot be used: the body, which other headers come with it, None where one is missing, and the
# answer's status and code.
BAD: Mapping[str, tuple[bytes, Mapping[str, Any], int, str]] = {
    "truncated": (WHOLE[:-10], {}, 400, "invalid_delivery"),
    "empty": (b"", {}, 400, "invalid_delivery"),
    "not UTF-8": (b'{"ref": "\xff"}', {}, 400, "invalid_delivery"),
    "UTF-16": (json.dumps(push()).encode("utf-16"), {}, 400, "invalid_delivery"),
    "another charset": (WHOLE, {"Content_Type": "application/json; charset=latin-1"}, 415, "unsupported_media_type"),
    "nested lists": (b"[" * 100_000, {}, 400, "invalid_delivery"),
    "nested objects": (b'{"a": ' * 50_000 + b"1" + b"}" * 50_000, {}, 400, "invalid_delivery"),
    "a list": (b"[]", {}, 400, "invalid_delivery"),
    "no push": (b"{}", {}, 400, "invalid_delivery"),
    "text": (WHOLE, {"Content_Type": "text/plain"}, 415, "unsupported_media_type"),
    "no content type": (WHOLE, {"Content_Type": ""}, 415, "unsupported_media_type"),
    "no event": (WHOLE, {"X_GitHub_Event": None}, 400, "invalid_delivery"),
    "no id": (WHOLE, {"X_GitHub_Delivery": None}, 400, "invalid_delivery"),
    "an empty id": (WHOLE, {"X_GitHub_Delivery": ""}, 400, "invalid_delivery"),
    "an endless id": (WHOLE, {"X_GitHub_Delivery": "x" * 300}, 400, "invalid_delivery"),
    "too large": (WHOLE + b" " * limits.DELIVERY_BYTES, {}, 413, "body_too_large"),
    "a form without payload": (urlencode({"ref": "main"}).encode(), FORM, 400, "invalid_delivery"),
    "a form's payload that is no JSON": (urlencode({"payload": "not JSON"}).encode(), FORM, 400, "invalid_delivery"),
    "a truncated form": (urlencode({"payload": WHOLE}).encode()[:-10], FORM, 400, "invalid_delivery"),
    "JSON as a form": (WHOLE, FORM, 400, "invalid_delivery"),
}
# What a stranger sends as the signature of such a push; None: nothing.
STRANGERS: Mapping[str, Mapping[str, Any]] = {
    "no signature": {"X_Hub_Signature_256": None},
    "an empty one": {"X_Hub_Signature_256": ""},
    "of another secret": {"X_Hub_Signature_256": signature(WHOLE, b"another secret")},
    "of no secret": {"X_Hub_Signature_256": signature(WHOLE, b"")},
    "SHA-1 alone": {"X_Hub_Signature_256": None, "X_Hub_Signature": "sha1=7d38cdd689735b008b3c702edd92eea23791c5f6"},
    "SHA-1 in its place": {"X_Hub_Signature_256": "sha1=7d38cdd689735b008b3c702edd92eea23791c5f6"},
    "a token instead": {"X_Hub_Signature_256": None, "Authorization": "Bearer local-admin"},
}
