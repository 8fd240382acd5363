"""RestoreFailed: a service could not go back; operators are told, and the others go back all the same."""

from typing import Any

from chalicelib.cloud import Cloud
from chalicelib.decide import failure_of
from chalicelib.log import alarm
from chalicelib.steps.service_failed import deployment_error, what_serves
from chalicelib.steps.step import StepEvent
from chalicelib.steps.wait import tried_out


def run(cloud: Cloud, event: StepEvent) -> dict[str, Any]:
    """Record why, and what serves; raise the alarm."""
    name, now = event.service_name, cloud.now()
    deployment = cloud.store.part(event.deployment_id, name)
    error = deployment_error(*event.caught)
    unanswered = tried_out(cloud, event)
    serves = None if unanswered else what_serves(cloud, deployment, deployment.services[name], error)
    cloud.store.progress(deployment.id, name, now, status="failed", phase="failed", what_serves=serves, finished_at=now)
    record_failure(cloud, event)
    return {}


def record_failure(cloud: Cloud, event: StepEvent) -> None:
    """Record why going back failed, of a service or of what was made for all of them, and tell operators.

    The first failure is the deployment's: a service that could not go is why its name and its cluster cannot.
    """
    now, failure = cloud.now(), failure_of(deployment_error(*event.caught), event.service)
    if cloud.store.get(event.deployment_id).rollback_failure is None:
        cloud.store.update(event.deployment_id, now, rollback_failure=failure)
    cloud.store.record(event.deployment_id, event.service, "failed", f"Going back failed: {failure.cause}", now)
    alarm("RollbackFailed", failure.cause, cloud.settings.installation)
