"""The one way to wait: keep the token, look, and complete the token when the matter is decided.

A wait ends `poll_seconds` after its last sign of life, and a look gives signs until it has ended: one that is slow
counts like any other, and the next one never begins beside it. Past the deadline it gives none.

Keeping the token comes first, so that an event between two looks is never lost: either it finds the token, or this
look sees what it announced. A look that AWS throttles decides nothing; the next one comes with the poll. So it is with
a step that removes what is still in use: it tries again at its next look.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Literal

from chalicelib.cloud import Cloud
from chalicelib.decide import called_off
from chalicelib.deployment import Deployment
from chalicelib.errors import AwsError, DeploymentTimedOut, NameUnreached, Throttled, TransientAws, Unsettled
from chalicelib.ground import Ground
from chalicelib.log import logger
from chalicelib.manifest import Manifest
from chalicelib.recovery import FUNCTION_TIMEOUT
from chalicelib.steps.found import branch
from chalicelib.steps.step import BETWEEN_TRIES, StepEvent

BEATS_IN_A_POLL = 3
# What only records what came of it.
RECORD_AN_END = {
    *("ServiceProven", "ServiceRemoved", "ServiceFailed", "ServiceRestored", "ForgetBelongings"),
    *("DeploymentFailed", "RollBack", "RestoreFailed", "HomeFailed", "PruneFailed", "Finish"),
}
TOO_SLOW = "the looks before took too long"
Over = bool | Literal["named"]
"""Whether a wait is over; "named" says that what the next wait is for, the name, is proven as well."""


@contextmanager
def kept_alive(cloud: Cloud, event: StepEvent) -> Iterator[None]:
    """Keep the wait of a state alive while its step goes on; a state that does not wait has none."""
    if event.token is None or event.poll_seconds is None:
        yield
        return
    with cloud.repeating(event.poll_seconds / BEATS_IN_A_POLL, lambda: _beat(cloud, event)):
        yield


def _beat(cloud: Cloud, event: StepEvent) -> None:
    if not event.pulse.beats(cloud.now()):
        return
    try:
        cloud.workflow.heartbeat(event.token or "")
    except AwsError as error:
        logger.warning("a wait could not be kept alive", extra={"cause": str(error)})


def tried_out(cloud: Cloud, event: StepEvent) -> bool:
    """Tell whether a state had a function's whole time already: a call of it hung, or several tries were refused."""
    return event.tried_for(cloud.now()) >= FUNCTION_TIMEOUT


def demand_time(cloud: Cloud, event: StepEvent, error: AwsError | None = None) -> None:
    """Raise why a step that hung, or that AWS refuses for now, is not tried again: called off, or out of time.

    What records how it ended is tried again. What goes back, and what stops a task, has a function's whole time,
    however late it begins; but for what has to be asked for again for longer.
    """
    if event.state in RECORD_AN_END:
        return
    deployment = _deployment(cloud, event)
    clears_up = event.state == "StopTask" or (deployment.goes_back and not isinstance(error, Unsettled))
    if clears_up and not tried_out(cloud, event):
        return
    if failure := called_off(deployment, event.service):
        raise failure from error
    last = deployment.due_at + (timedelta() if error else BETWEEN_TRIES)
    if cloud.now() >= last:
        refused = f"was refused until {deployment.due_at.isoformat()}: {error}"
        slow = f"was not done by {deployment.due_at.isoformat()}: the tries before took too long"
        raise DeploymentTimedOut(f"{event.state} {refused if error else slow}") from error


def look(cloud: Cloud, event: StepEvent, decided: Callable[[Deployment], bool]) -> dict[str, Any]:
    """Ask whether a wait is over. Raises the DeploymentError that ends it otherwise."""
    keep_token(cloud, event)
    return _looked(cloud, event, _deployment(cloud, event), decided)


def look_at_branch(
    cloud: Cloud, event: StepEvent, decided: Callable[[Deployment, Manifest, Ground], Over]
) -> dict[str, Any]:
    """Do the same for a wait that goes by what the deployment was asked, too: all is read at once."""
    keep_token(cloud, event)
    deployment, manifest, ground = branch(cloud, event)
    return _looked(cloud, event, deployment, lambda read: decided(read, manifest, ground))


def _looked(
    cloud: Cloud, event: StepEvent, deployment: Deployment, decided: Callable[[Deployment], Over]
) -> dict[str, Any]:
    if failure := called_off(deployment, event.service):
        raise failure
    event.pulse.until = deployment.due_at
    # Who looks for the last time asks AWS; what begins a whole poll after the deadline comes after one that hung.
    hung = event.poll_seconds and cloud.now() >= deployment.due_at + timedelta(seconds=event.poll_seconds)
    over, refusal = (False, TOO_SLOW) if hung else _asked(decided, deployment)
    if over:
        cloud.workflow.complete(event.token or "", decided=True, named=over == "named")
    elif cloud.now() >= deployment.due_at:
        late = f"{event.state} was not decided by {deployment.due_at.isoformat()}"
        raise DeploymentTimedOut(f"{late}: {refusal}" if refusal else late)
    return {}


def _deployment(cloud: Cloud, event: StepEvent) -> Deployment:
    if event.service is None:
        return cloud.store.get(event.deployment_id)
    return cloud.store.part(event.deployment_id, event.service)


def keep_token(cloud: Cloud, event: StepEvent) -> None:
    """Keep the token of this wait where a wake finds it."""
    wait = f"{event.service or ''}#{event.state}"
    cloud.store.keep_token(event.deployment_id, wait, event.token or "", event.entered_at or "", cloud.now())


def _asked(decided: Callable[[Deployment], Over], deployment: Deployment) -> tuple[Over, str]:
    try:
        return decided(deployment), ""
    except (Throttled, TransientAws) as error:
        logger.warning("a look was refused; the next one comes with the poll", extra={"cause": str(error)})
        return False, str(error)
    except NameUnreached as why:
        return False, str(why)
