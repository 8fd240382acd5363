"""How a deployment ends: whether it goes back, its status, and one sentence for a person. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from chalicelib.deployment import Deployment, Failure, ServiceProgress, Status
from chalicelib.errors import (
    DeploymentCancelled,
    DeploymentSuperseded,
    DeploymentTimedOut,
    PruneFailed,
    RolloutSuperseded,
)

TAKEN_OVER = {RolloutSuperseded.code(), DeploymentSuperseded.code()}
ENDS = {
    **dict.fromkeys(TAKEN_OVER, Status.SUPERSEDED),
    DeploymentTimedOut.code(): Status.TIMED_OUT,
    DeploymentCancelled.code(): Status.CANCELLED,
}


def goes_back(deployment: Deployment, on_failure: str) -> bool:
    """Tell whether a deployment that failed returns what it changed to what served before.

    Not when nothing was changed yet, when another deployment took over, when all was proven and what is not named is
    being removed, nor when the caller wants to keep what there is; a cancelled one always does.
    """
    failure = deployment.failure
    stays = deployment.phase in ("pending", "planned", "pruning")
    if failure is None or stays or failure.code in TAKEN_OVER:
        return False
    return on_failure == "rollback" or failure.code == DeploymentCancelled.code()


def verdict(deployment: Deployment) -> tuple[Status, str]:
    """Return how a deployment ended, and one sentence for a person."""
    if deployment.failure is not None and deployment.failure.code == PruneFailed.code():
        return Status.FAILED, f"{_success_sentence(deployment.services)} {_sentence(deployment.failure.cause)}"
    if deployment.failure is not None:
        sentence = _failure_sentence(deployment.failure) + _not_removed(deployment) + _home_sentence(deployment)
        return _status_of(deployment, deployment.failure), sentence
    unproven = [name for name, each in deployment.services.items() if each.status not in ("succeeded", "removed")]
    if unproven:
        return Status.FAILED, f"{', '.join(unproven)} never reached a proof, and nothing says why."
    if deployment.kind == "teardown":
        return Status.SUCCEEDED, _removed_sentence(deployment)
    return Status.SUCCEEDED, _success_sentence(deployment.services)


def _status_of(deployment: Deployment, failure: Failure) -> Status:
    """Return how a deployment with a failure ended: the cause names it, unless what served before does not again."""
    if deployment.rollback_failure or (deployment.goes_back and not _is_back(deployment)):
        return Status.FAILED
    if failure.code in ENDS:
        return ENDS[failure.code]
    served_before = any(each.previous_task_definition for each in deployment.services.values())
    return Status.ROLLED_BACK if deployment.goes_back and served_before else Status.FAILED


def _is_back(deployment: Deployment) -> bool:
    """Tell whether every service went back that had to: an execution may have died on its way."""
    untouched_or_back = ("pending", "rolled_back", "removed")
    return all(each.status in untouched_or_back or each.changed is False for each in deployment.services.values())


def _home_sentence(deployment: Deployment) -> str:
    """Return what became of the services of a deployment that went back."""
    if deployment.rollback_failure:
        cause = deployment.rollback_failure.cause
        same = deployment.failure is not None and deployment.failure.cause == cause
        return " Going back failed for the same reason." if same else f" Going back failed: {_sentence(cause)}"
    if not deployment.goes_back:
        return ""
    if not _is_back(deployment):
        return " It did not come back to what served before."
    back = [each for each in deployment.services.values() if each.status == "rolled_back"]
    removed = [name for name, each in deployment.services.items() if each.status == "removed"]
    parts = []
    if back:
        serves = listed([(each.what_serves or each.name).rpartition("/")[2] for each in back])
        parts.append(f"{serves} serve{'s' if len(back) == 1 else ''} again")
    if removed:
        parts.append(f"{listed(removed)} {'is' if len(removed) == 1 else 'are'} removed")
    return f" {'; '.join(parts)}." if parts else ""


def _failure_sentence(failure: Failure) -> str:
    if failure.code in ENDS and failure.service is None:
        return _sentence(failure.cause)
    return _sentence(f"{failure.service or 'The deployment'} failed: {failure.cause}")


def _sentence(words: str) -> str:
    return words if words.endswith((".", "!", "?")) else f"{words}."


def _not_removed(deployment: Deployment) -> str:
    """Return what a teardown that failed did not come to."""
    left = [name for name, each in deployment.services.items() if each.status != "succeeded"]
    if deployment.kind != "teardown":
        return ""
    return f" Not removed: {listed(left)}." if left else " The services are removed, what they shared is not."


def _removed_sentence(deployment: Deployment) -> str:
    removed = [name for name, each in deployment.services.items() if each.changed]
    what = listed(removed) if removed else f"Nothing of {deployment.application} was running; what else it had"
    left = f" Left: {'; '.join(deployment.left)}." if deployment.left else ""
    return f"{what} {'are' if len(removed) > 1 else 'is'} removed.{left}"


def _success_sentence(services: Mapping[str, ServiceProgress]) -> str:
    """Return what serves now, and what was removed that the manifest does not name."""
    named = {name: each for name, each in services.items() if each.status == "succeeded"}
    proven = [_proven_sentence(named)] if named else []
    removed = [name for name, each in services.items() if each.status == "removed" and each.changed]
    gone = [f"{listed(removed)} {'is' if len(removed) == 1 else 'are'} removed."] if removed else []
    return " ".join(proven + gone)


def _proven_sentence(services: Mapping[str, ServiceProgress]) -> str:
    changed = [name for name, each in services.items() if each.changed]
    if not changed:
        return f"Nothing to change: {listed(services)} already serve as asked, proven."
    resolved = [name for name, each in services.items() if each.dns and each.dns.by != "records"]
    recorded = [name for name, each in services.items() if each.dns and each.dns.by == "records"]
    names = f", and {listed(resolved)} resolve{'s' if len(resolved) == 1 else ''}" if resolved else ""
    names += f", and the DNS records of {listed(recorded)} lead" if recorded else ""
    return f"{listed(changed)} deployed and stable{names}{' to the tasks that run' if names else ''}."


def listed(names: Mapping[str, Any] | Sequence[str]) -> str:
    """Return names as a sentence has them: "a, b and c"."""
    *rest, last = names
    return f"{', '.join(rest)} and {last}" if rest else last
