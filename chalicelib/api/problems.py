"""Errors as problem+json documents (RFC 9457)."""

from typing import Any

from chalicelib.errors import (
    TYPE_URI,
    Busy,
    DeploymentInProgress,
    NewerRelease,
    RequestError,
    StoreConflict,
    Throttled,
    TooManyRequests,
    TransientAws,
)

MEDIA_TYPE = "application/problem+json"


AGAIN = "Send the same request again; an Idempotency-Key makes sure that it counts once."


def passing(error: Throttled | TransientAws | StoreConflict | NewerRelease) -> RequestError:
    """Return what a caller is told of something that passes: 429 for too much at once, else 503."""
    if isinstance(error, NewerRelease):
        return Busy(f"Slipway is being released, or has to be: a newer release wrote this. {AGAIN}")
    if isinstance(error, TransientAws):
        return Busy(f"AWS does not answer as it should. {AGAIN}")
    return TooManyRequests(f"More is asked at once than AWS lets through. {AGAIN}")


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
