"""Errors as problem+json documents (RFC 9457)."""

from typing import Any

from chalicelib.errors import TYPE_URI, DeploymentInProgress, RequestError

MEDIA_TYPE = "application/problem+json"


def problem(error: RequestError) -> dict[str, Any]:
    """Return the problem document of a request error."""
    document: dict[str, Any] = {
        "type": f"{TYPE_URI}{error.code()}",
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        "code": error.code(),
    }
    if error.faults:
        document["errors"] = [{"pointer": fault.pointer, "detail": fault.detail} for fault in error.faults]
    if isinstance(error, DeploymentInProgress):
        document["deployment"] = error.holder
    if error.hint:
        document["hint"] = error.hint
    return document
