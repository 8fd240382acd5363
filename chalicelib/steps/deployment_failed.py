"""DeploymentFailed: something outside of every service's branch failed; recorded before Finish."""

from typing import Any

from chalicelib.cloud import Cloud
from chalicelib.decide import failure_of
from chalicelib.steps.service_failed import deployment_error
from chalicelib.steps.step import StepEvent


def run(cloud: Cloud, event: StepEvent) -> dict[str, Any]:
    """Record the failure, unless a service's is recorded already."""
    now = cloud.now()
    failure = failure_of(deployment_error(*event.caught), None)
    if cloud.store.fail(event.deployment_id, failure, now):
        cloud.store.record(event.deployment_id, None, "failed", failure.cause, now)
    return {}
