"""Closes or restarts what died outside of its own roads: a crash between record and start, an execution that ended.

Whoever meets such a deployment calls this: a POST that finds a service busy, the execution's own status event, and in
the end the scheduled sweep. All of it can happen twice.
"""

from datetime import datetime, timedelta

from chalicelib.cloud import Cloud
from chalicelib.decide import failure_of
from chalicelib.deployment import Deployment, Status
from chalicelib.errors import (
    AwsError,
    DeploymentTimedOut,
    ExecutionEnded,
    NewerRelease,
    StoreConflict,
    Throttled,
    TransientAws,
)
from chalicelib.log import alarm
from chalicelib.metrics import tell_verdict
from chalicelib.notices import notify
from chalicelib.polls import poll_seconds_of
from chalicelib.verdict import goes_back, verdict

START_AGAIN_AFTER = timedelta(seconds=60)
STUCK_AFTER = timedelta(minutes=15)
FUNCTION_TIMEOUT = timedelta(seconds=60)  # of act and observe: infrastructure/parts/functions.yaml


def recover(cloud: Cloud, deployment_id: str) -> bool:
    """Start a deployment that was left pending; close one whose execution ended. Tell whether it holds no locks now.

    One that could not be started until its deadline is closed too, and one that runs on past it is told to end.
    """
    return _recovered(cloud, cloud.store.get(deployment_id))


def _recovered(cloud: Cloud, deployment: Deployment) -> bool:
    if deployment.status.ended:
        return True
    now, pending = cloud.now(), deployment.status is Status.PENDING
    if pending and now - deployment.created_at < START_AGAIN_AFTER:
        return False
    status = cloud.workflow.status(deployment.id, deployment.kind)
    if status == "RUNNING" and now >= deployment.deadline_at:
        _end_if_late(cloud, deployment)
    if status == "RUNNING" or (pending and not _predecessors_ended(cloud, deployment)):
        return False
    if status is None and pending and now < _start_by(cloud, deployment):
        cloud.workflow.start(deployment.id, deployment.kind)
        return False
    close(cloud, deployment, status or "MISSING")
    return True


def _lives(deployment: Deployment, now: datetime) -> bool:
    """Tell whether a deployment that has time left did something just now: nobody need ask for its execution."""
    last = max([deployment.updated_at, *(each.updated_at for each in deployment.services.values() if each.updated_at)])
    return deployment.status is Status.RUNNING and now < deployment.deadline_at and now - last < START_AGAIN_AFTER


def _end_if_late(cloud: Cloud, deployment: Deployment) -> None:
    """Have a deployment end whose deadline has passed, when its own looks have not ended it after a poll and a look."""
    asked, now = cloud.store.belongings_of(deployment.id), cloud.now()
    allowed = timedelta(seconds=poll_seconds_of(asked)) + FUNCTION_TIMEOUT
    if deployment.failure or deployment.goes_back or now < deployment.deadline_at + allowed:
        return
    late = DeploymentTimedOut(f"The deadline passed at {deployment.deadline_at.isoformat()}, and no look ended it")
    failure = failure_of(late, None)
    if cloud.store.fail(deployment.id, failure, now):
        cloud.store.record(deployment.id, None, "failed", failure.cause, now)
        wake(cloud, deployment.id)


def wake(cloud: Cloud, deployment_id: str) -> None:
    """Ask all waits of a deployment to look again."""
    for token in cloud.store.tokens(deployment_id).values():
        cloud.workflow.complete(token, decided=False)


def _predecessors_ended(cloud: Cloud, deployment: Deployment) -> bool:
    """Recover those whose place a deployment takes; tell whether all of them have ended."""
    ended = [recover(cloud, each) for each in deployment.after]
    return all(ended)


def _start_by(cloud: Cloud, deployment: Deployment) -> datetime:
    """Return until when a deployment may start: one that waited for others has its whole time from their end on."""
    ends = [cloud.store.get(each).finished_at for each in deployment.after]
    return max([deployment.created_at, *(at for at in ends if at)]) + (deployment.deadline_at - deployment.created_at)


def close(cloud: Cloud, deployment: Deployment, execution_status: str) -> None:
    """End a deployment whose execution ended without Finish, and release its locks.

    What it had to return, and had not begun to, stays.
    """
    now = cloud.now()
    error = ExecutionEnded(f"the workflow's execution is {execution_status}, and it never reached its end")
    failure = failure_of(error, None)
    if not cloud.store.fail(deployment.id, failure, now) and _is_unreturned(cloud, deployment.id):
        cloud.store.update(deployment.id, now, rollback_failure=failure)
    conclude(cloud, cloud.store.get(deployment.id))


def _is_unreturned(cloud: Cloud, deployment_id: str) -> bool:
    deployment = cloud.store.get(deployment_id)
    if deployment.kind == "teardown" or deployment.goes_back:
        return False
    return goes_back(deployment, cloud.store.manifest(deployment_id).on_failure)


def conclude(cloud: Cloud, deployment: Deployment) -> Status:
    """Write how a deployment ended, release its locks, and start the one that waited for it. Raises FailureDecided.

    Of a service that nobody could follow to an end, nobody looked what serves.
    """
    now = cloud.now()
    stopped = {"status": "stopped", "what_serves": None, "finished_at": now}
    services = dict(deployment.services)
    for name, progress in deployment.services.items():
        if progress.status == "running":
            cloud.store.progress(deployment.id, name, now, **stopped)
            services[name] = progress.model_copy(update=stopped | {"updated_at": now})
    deployment = deployment.model_copy(update={"services": services})
    status, sentence = verdict(deployment)
    ended = _finish(cloud, deployment, status, sentence, now)
    if ended:
        tell_verdict(deployment, status, cloud.settings.installation, now)
    if not (ended and status is Status.SUCCEEDED):  # one that succeeds so gave way to nobody: that would be its failure
        start_next(cloud, deployment.id)
    notify(cloud, deployment)
    return status


def _finish(cloud: Cloud, deployment: Deployment, status: Status, sentence: str, now: datetime) -> bool:
    """Write the end of a deployment; tell whether it is this attempt's own.

    Where the answer is lost it is asked for again at once: another attempt could not know whose the end is.
    """
    try:
        return cloud.store.finish(deployment, status, sentence, now)
    except (StoreConflict, Throttled, TransientAws):
        return cloud.store.finish(deployment, status, sentence, now)


def start_next(cloud: Cloud, deployment_id: str) -> None:
    """Start what has the locks of a deployment that gave way and ended, once nobody else is waited for."""
    ended = cloud.store.get(deployment_id)
    holders = cloud.store.lock_holders(ended.locks).values() if ended.superseded_by else ()
    for each in sorted(set(holders)):
        start_if_free(cloud, cloud.store.get(each))


def start_if_free(cloud: Cloud, deployment: Deployment) -> None:
    """Start a deployment once all whose place it takes have ended."""
    if deployment.status is Status.PENDING and all(cloud.store.get(each).status.ended for each in deployment.after):
        cloud.workflow.start(deployment.id, deployment.kind)


def _tell_if_stuck(cloud: Cloud, deployment: Deployment) -> None:
    if is_stuck(deployment, cloud.now()):
        cause = f"{deployment.id} should have ended long ago, and its execution goes on"
        alarm("DeploymentStuck", cause, cloud.settings.installation)


def is_stuck(deployment: Deployment, now: datetime) -> bool:
    """Tell whether a deployment should have ended long ago: its deadline has passed, and as long for its way back."""
    allowed = deployment.deadline_at - deployment.created_at
    return not deployment.status.ended and now > deployment.deadline_at + allowed + STUCK_AFTER


def sweep(cloud: Cloud) -> None:
    """Meet every deployment that has not ended; raises, after the last, what kept some from being met."""
    unmet: list[Exception] = []
    for deployment_id in cloud.store.open_deployments():
        try:
            deployment = cloud.store.get(deployment_id)
            if not (_lives(deployment, cloud.now()) or _recovered(cloud, deployment)):
                _tell_if_stuck(cloud, deployment)
        except (AwsError, NewerRelease, StoreConflict) as error:
            unmet.append(error)
    if unmet:
        raise ExceptionGroup("not every open deployment could be met; the next sweep meets them again", unmet)
