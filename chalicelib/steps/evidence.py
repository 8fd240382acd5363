"""What was seen of a service, collected for a diagnosis; what AWS refuses to tell is left out, and the log says so."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from chalicelib.cloud import Cloud
from chalicelib.decide import OneOffTask
from chalicelib.deployment import Deployment, Evidence, ServiceProgress
from chalicelib.diagnosis import Facts, LogLine, StoppedTask, explains
from chalicelib.errors import AwsRefused
from chalicelib.log import logger

LINES = 20
EVENTS = 3
TASKS_ASKED_FOR_LINES = 3
LINE_LENGTH = 1_000  # a line of CloudWatch Logs has up to 256 KB, an item of the record 400
T = TypeVar("T")


def facts(cloud: Cloud, deployment: Deployment, progress: ServiceProgress, *, only_tasks: bool = False) -> Facts:
    """Return what was seen of the rollout that we started, none before it or where nothing changed.

    `only_tasks` asks for its stopped tasks alone, which costs one call while there are none; of one that the load
    balancer failed only the rest tells why, so then all is asked. Raises Throttled and TransientAws.
    """
    rollout = progress.ecs_deployment_id
    if rollout is None or not progress.changed:
        return Facts()
    stopped = _told(lambda: cloud.ecs.stopped_tasks(deployment.cluster, progress.name, rollout)) or ()
    if only_tasks and not any(task.failed_by_load_balancer for task in stopped):
        return Facts(stopped)
    since, target_group = progress.started_at or deployment.created_at, progress.target_group_arn
    service_deployment = progress.service_deployment_arn
    died = [task for task in stopped if task.exit_code is not None and explains(task.reason)]
    log_of, log = _last_words(cloud, died[:TASKS_ASKED_FOR_LINES])
    return Facts(
        stopped_tasks=stopped,
        events=_told(lambda: cloud.ecs.events(deployment.cluster, progress.name, since)) or (),
        targets=(target_group and _told(lambda: cloud.load_balancers.target_health(target_group))) or (),
        alarms=(service_deployment and _told(lambda: cloud.ecs.triggered_alarms(service_deployment))) or (),
        log=log,
        log_of=log_of,
    )


def events_of(cloud: Cloud, deployment: Deployment, name: str) -> tuple[Evidence, ...]:
    """Return what ECS said last of a service since its deployment began. Raises Throttled and TransientAws."""
    cluster, own_name = deployment.ecs_service(name)
    told = _told(lambda: cloud.ecs.events(cluster, own_name, deployment.created_at)) or ()
    return tuple(Evidence(kind="event", message=each.message, at=each.at, resource=name) for each in told[:EVENTS])


def before_deploy_facts(cloud: Cloud, deployment: Deployment, progress: ServiceProgress) -> Facts:
    """Return what the task of before_deploy wrote last. Raises Throttled and TransientAws."""
    arn = progress.before_deploy_task or ""
    task = _told(lambda: cloud.tasks.find(deployment.cluster, arn))
    return Facts(log=log_tail(cloud, task), log_of=arn) if task else Facts()


def _last_words(cloud: Cloud, died: Sequence[StoppedTask]) -> tuple[str | None, tuple[LogLine, ...]]:
    """Return the newest task that said something, and its last lines: those of the very newest may be on their way."""
    for task in died:
        if lines := log_tail(cloud, task):
            return task.arn, lines
    return None, ()


def log_tail(cloud: Cloud, task: OneOffTask | StoppedTask) -> tuple[LogLine, ...]:
    """Return the last lines of the container that its task is told by, each cut to LINE_LENGTH."""
    container = task.container
    if container is None:
        return ()
    stream = _told(lambda: cloud.tasks.log_stream(task.arn, task.task_definition, container))
    lines = _told(lambda: cloud.logs.tail(stream, LINES)) if stream else ()
    return tuple(LogLine(line.at, line.message[:LINE_LENGTH]) for line in lines or ())


def _told(ask: Callable[[], T]) -> T | None:
    """Return what AWS tells, None when it refuses: a failure must be recorded all the same."""
    try:
        return ask()
    except AwsRefused as refusal:
        logger.warning("evidence cannot be read", extra={"cause": str(refusal)})
        return None
