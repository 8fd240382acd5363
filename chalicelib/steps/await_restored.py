"""AwaitRestored: what served before runs at its desired count again, nothing else does, and its targets are healthy."""

from typing import Any

from chalicelib.cloud import Cloud
from chalicelib.deployment import Deployment
from chalicelib.rollout import restored
from chalicelib.steps.await_stable import followed_rollout
from chalicelib.steps.route_proof import targets_healthy
from chalicelib.steps.step import StepEvent
from chalicelib.steps.wait import look


def run(cloud: Cloud, event: StepEvent) -> dict[str, Any]:
    """Look at the rollout that goes back. Raises RolloutFailed and RolloutSuperseded."""
    before = cloud.store.before(event.deployment_id, event.service_name).spec
    targets = before.route if before else ()

    def decided(deployment: Deployment) -> bool:
        rollout, followed = followed_rollout(cloud, event, deployment)
        if not restored(rollout, followed, cloud.now()):
            return False
        return all(targets_healthy(cloud, each.group_arn, deployment, followed) for each in targets)

    return look(cloud, event, decided)
