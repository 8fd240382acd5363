"""AwaitRestored: what served before runs at its desired count again, and nothing else does."""

from typing import Any

from chalicelib.cloud import Cloud
from chalicelib.decide import stable
from chalicelib.steps.await_stable import followed_rollout
from chalicelib.steps.step import StepEvent
from chalicelib.steps.wait import look


def run(cloud: Cloud, event: StepEvent) -> dict[str, Any]:
    """Look at the rollout that goes back. Raises RolloutFailed and RolloutSuperseded."""
    return look(cloud, event, lambda deployment: stable(*followed_rollout(cloud, event, deployment)))
