"""The one way to wait: keep the token, look, and complete the token when the matter is decided.

Keeping the token comes first, so that an event between two looks is never lost: either it finds the token, or this
look sees what it announced. A look that AWS throttles decides nothing; the next one comes with the poll. So it is with
a step that removes what is still in use: it tries again at its next look.
"""

from collections.abc import Callable
from typing import Any

from chalicelib.cloud import Cloud
from chalicelib.decide import called_off
from chalicelib.deployment import Deployment
from chalicelib.errors import DeploymentTimedOut, NameUnreached, Throttled, TransientAws
from chalicelib.log import logger
from chalicelib.steps.step import StepEvent


def look(cloud: Cloud, event: StepEvent, decided: Callable[[Deployment], bool]) -> dict[str, Any]:
    """Ask whether a wait is over. Raises the DeploymentError that ends it otherwise."""
    keep_token(cloud, event)
    deployment = _deployment(cloud, event)
    if failure := called_off(deployment, event.service):
        raise failure
    over, refusal = _asked(decided, deployment)
    if over:
        cloud.workflow.complete(event.token or "", decided=True)
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


def _asked(decided: Callable[[Deployment], bool], deployment: Deployment) -> tuple[bool, str]:
    try:
        return decided(deployment), ""
    except (Throttled, TransientAws) as error:
        logger.warning("a look was refused; the next one comes with the poll", extra={"cause": str(error)})
        return False, str(error)
    except NameUnreached as why:
        return False, str(why)
