"""The proof of a route: the rule leads to the target group, and every task in it is healthy by the check asked for."""

from collections.abc import Sequence

from chalicelib.cloud import Cloud
from chalicelib.deployment import Deployment, ServiceProgress
from chalicelib.diagnosis import TargetHealth
from chalicelib.errors import RolloutFailed
from chalicelib.ground import Ground
from chalicelib.manifest import Manifest
from chalicelib.rollout import may_be_old
from chalicelib.steps.found import asked
from chalicelib.steps.unnamed import serving_unnamed

FAILED = "the tasks that run do not pass the health check of the route, which has changed"
LEAVING = ("draining", "unused")
"""States of targets that are not asked for anything any more: ELB API reference, TargetHealth."""


def route_proven(
    cloud: Cloud, deployment: Deployment, progress: ServiceProgress, manifest: Manifest, ground: Ground
) -> bool:
    """Tell whether a service's route leads to its tasks, all healthy; one without a route has nothing to prove.

    Raises RolloutFailed when a health check that has changed had its time, and no task passes it.
    """
    if progress.target_group_arn is None:
        return True
    changed = any(field.partition(".")[0] == "route" for field in progress.changed_fields)
    route, listener = manifest.services[progress.name].route, ground.listener
    if (
        changed
        and route
        and listener
        and not cloud.load_balancers.leads(route, listener.arn, progress.target_group_arn)
    ):
        return False
    return targets_healthy(cloud, progress.target_group_arn, deployment, progress)


def targets_healthy(cloud: Cloud, target_group: str, deployment: Deployment, progress: ServiceProgress) -> bool:
    """Tell whether every task that runs is a healthy target, by a health check that had its time to judge.

    Raises RolloutFailed when it had, and none is.
    """
    if not _judged(cloud, progress):
        return False
    found = cloud.load_balancers.target_health(target_group)
    targets = [each for each in found if each.state not in LEAVING]
    if not _by_this_check(cloud, deployment, progress, targets):
        return False
    if _all_failed(targets) and progress.judged_from and not deployment.goes_back:
        raise RolloutFailed(FAILED)
    return all(each.state == "healthy" for each in targets) and _are_all(cloud, deployment, progress, len(targets))


def _by_this_check(
    cloud: Cloud, deployment: Deployment, progress: ServiceProgress, targets: Sequence[TargetHealth]
) -> bool:
    """Tell whether targets are told as the check that has changed judges them, not as the one before it did.

    Of tasks that began after it any answer is; of others one that cannot be older than that it had its time.
    """
    if not may_be_old(progress.judged_from, cloud.now(), cloud.settings.speed):
        return True
    if _changed_under_running(progress) or progress.called_at is None:
        return False
    began = cloud.ecs.running_addresses(deployment.cluster, progress.name)
    own = [began.get(each.target.rpartition(":")[0]) for each in targets]
    return all(since is not None and since > progress.called_at for since in own)


def _are_all(cloud: Cloud, deployment: Deployment, progress: ServiceProgress, targets: int) -> bool:
    """Tell whether targets are as many as run; one of its name in another cluster has its own there until it goes."""
    if targets > progress.running:
        manifest, _ = asked(cloud, deployment.id)
        known = cloud.store.belongings(manifest.application, manifest.environment) if manifest.prune else None
        return any(each.service.name == progress.name for each in serving_unnamed(cloud, manifest, known))
    return targets == progress.running


def refuse_failed_check(cloud: Cloud, deployment: Deployment, progress: ServiceProgress) -> None:
    """Raise RolloutFailed when the load balancer failed tasks that ran before their health check changed.

    ECS goes on to replace them: whoever looks may never meet them all unhealthy.
    """
    begun = progress.started_at
    if begun is None or not _changed_under_running(progress) or not _judged(cloud, progress):
        return
    stopped = cloud.ecs.stopped_tasks(deployment.cluster, progress.name, progress.ecs_deployment_id or "")
    failed = [task for task in stopped if task.failed_by_load_balancer and task.stopped_at and task.stopped_at > begun]
    if failed:
        raise RolloutFailed(FAILED)


def _changed_under_running(progress: ServiceProgress) -> bool:
    return progress.judged_from is not None and progress.ecs_deployment_id == progress.replaces


def _judged(cloud: Cloud, progress: ServiceProgress) -> bool:
    """Tell whether a health check that changed under running tasks had its time; new tasks begin with it."""
    early = progress.judged_from is not None and cloud.now() < progress.judged_from
    return not (_changed_under_running(progress) and early)


def _all_failed(targets: list[TargetHealth]) -> bool:
    return bool(targets) and all(each.state == "unhealthy" for each in targets)
