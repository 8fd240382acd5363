"""HomeFailed: the services went back, but not all that this deployment made could be removed."""

from typing import Any

from chalicelib.cloud import Cloud
from chalicelib.steps.restore_failed import record_failure
from chalicelib.steps.step import StepEvent


def run(cloud: Cloud, event: StepEvent) -> dict[str, Any]:
    """Record why, and raise the alarm."""
    record_failure(cloud, event)
    return {}
