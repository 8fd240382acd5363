"""AwaitStable: the revision that was deployed runs at its desired count, alone, and its route leads to it.

Whoever finds it so looks at the name at once, which is often there by then: AwaitNames waits for the others.
"""

from typing import Any

from chalicelib.cloud import Cloud
from chalicelib.deployment import Deployment, ServiceProgress
from chalicelib.diagnosis import diagnose, hopeless_since
from chalicelib.errors import NameUnreached, RolloutFailed, Throttled, TransientAws
from chalicelib.ground import Ground
from chalicelib.manifest import Manifest
from chalicelib.rollout import Rollout, stable
from chalicelib.steps.await_names import name_proven
from chalicelib.steps.evidence import facts
from chalicelib.steps.route_proof import refuse_failed_check, route_proven
from chalicelib.steps.step import StepEvent
from chalicelib.steps.wait import Over, look_at_branch


def run(cloud: Cloud, event: StepEvent) -> dict[str, Any]:
    """Look at the rollout. Raises RolloutFailed when it cannot succeed, RolloutSuperseded when somebody replaced it."""

    def decided(deployment: Deployment, manifest: Manifest, ground: Ground) -> Over:
        return _stable(cloud, event, deployment, manifest, ground)

    return look_at_branch(cloud, event, decided)


def _stable(cloud: Cloud, event: StepEvent, deployment: Deployment, manifest: Manifest, ground: Ground) -> Over:
    rollout, followed = followed_rollout(cloud, event, deployment)
    over = stable(rollout, followed, cloud.now())
    refuse_failed_check(cloud, deployment, followed)
    if over:
        routed = route_proven(cloud, deployment, followed, manifest, ground)
        seen = deployment.model_copy(update={"services": {followed.name: followed}})
        return "named" if routed and _named(cloud, event, seen, manifest, ground) else routed
    if rollout and rollout.failed:
        _refuse_hopeless(cloud, deployment, followed)
    return False


def _named(cloud: Cloud, event: StepEvent, deployment: Deployment, manifest: Manifest, ground: Ground) -> bool:
    """Tell whether the name is proven already; what may pass is the next wait's to see."""
    try:
        return name_proven(cloud, event, deployment, manifest, ground)
    except (NameUnreached, Throttled, TransientAws):
        return False


def _refuse_hopeless(cloud: Cloud, deployment: Deployment, followed: ServiceProgress) -> None:
    """End the rollout at the first proof that it cannot succeed; ECS would try until its circuit breaker opens."""
    seen = facts(cloud, deployment, followed, only_tasks=True)
    found = diagnose(seen)
    if found and found.hopeless:
        cloud.store.progress(deployment.id, followed.name, cloud.now(), settled_at=hopeless_since(seen))
        raise RolloutFailed(found.cause)


def followed_rollout(cloud: Cloud, event: StepEvent, deployment: Deployment) -> tuple[Rollout | None, ServiceProgress]:
    """Return how the rollout that we follow goes, and the service's progress until now.

    What it shows is recorded: its counts, its service deployment and, on the way there, when it was settled.
    """
    before = deployment.services[event.service_name]
    rollout = cloud.ecs.rollout(deployment.cluster, before.name, before)
    return rollout, _recorded(cloud, deployment, before, rollout) if rollout else before


def _recorded(cloud: Cloud, deployment: Deployment, before: ServiceProgress, rollout: Rollout) -> ServiceProgress:
    begun = {} if before.started_at else {"status": "running", "phase": "awaiting_stable", "started_at": cloud.now()}
    told = begun | {
        "desired": rollout.primary_desired,
        "running": rollout.running,
        "pending": rollout.pending,
        "failed": rollout.failed,
        "service_deployment_arn": rollout.service_deployment_arn or before.service_deployment_arn,
        "settled_at": before.settled_at if deployment.goes_back else rollout.settled_at,
    }
    if told != before.model_dump(include=set(told)):
        cloud.store.progress(deployment.id, before.name, cloud.now(), **told)
    return before.model_copy(update=told)
