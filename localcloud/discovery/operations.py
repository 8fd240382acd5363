"""Operations, as GetOperation and ListOperations show them."""

from typing import Any

from localcloud.discovery.model import Operation
from localcloud.discovery.requests import matches, page, required
from localcloud.discovery.state import State
from localcloud.faults import AwsFault


def get_operation(state: State, request: dict[str, Any]) -> dict[str, Any]:
    """Describe one operation as it stands now, or raise OperationNotFound."""
    operation_id = required(request, "OperationId")
    if operation_id not in state.operations:
        raise AwsFault("OperationNotFound", f"Operation not found: {operation_id}", 404)
    return {"Operation": _describe(state, state.operations[operation_id])}


def _describe(state: State, operation: Operation) -> dict[str, Any]:
    now = state.now()
    described: dict[str, Any] = {
        "Id": operation.id,
        "OwnerAccount": state.account,
        "Type": operation.type,
        "Status": operation.status(now),
        "CreateDate": operation.submitted_at,
        "UpdateDate": operation.updated_at(now),
        "Targets": operation.targets,
    }
    if operation.failure and described["Status"] == "FAIL":
        described["ErrorCode"], described["ErrorMessage"] = operation.failure
    return described


def list_operations(state: State, request: dict[str, Any]) -> dict[str, Any]:
    """List operations, newest first; filters NAMESPACE_ID, SERVICE_ID, STATUS, TYPE."""
    found = [one for one in state.operations.values() if matches(request.get("Filters"), _filterable(state, one))]
    summaries = [{"Id": one.id, "Status": one.status(state.now())} for one in reversed(found)]
    return page("Operations", summaries, request)


def _filterable(state: State, operation: Operation) -> dict[str, str]:
    return {
        "NAMESPACE_ID": operation.targets.get("NAMESPACE", ""),
        "SERVICE_ID": operation.targets.get("SERVICE", ""),
        "STATUS": operation.status(state.now()),
        "TYPE": operation.type,
    }
