"""Closes or restarts what died outside of its own roads: a crash between record and start, an execution that ended.

Whoever meets such a deployment calls this: a POST that finds a service busy, the execution's own status event, and in
the end the scheduled sweep. All of it can happen twice.
"""

from datetime import timedelta

from chalicelib.cloud import Cloud
from chalicelib.decide import failure_of, verdict
from chalicelib.deployment import Deployment, Status
from chalicelib.errors import ExecutionEnded

START_AGAIN_AFTER = timedelta(seconds=60)


def recover(cloud: Cloud, deployment_id: str) -> bool:
    """Start a deployment that was left pending; close one whose execution ended. Tell whether it holds no locks now."""
    deployment = cloud.store.get(deployment_id)
    if deployment.status.ended:
        return True
    if deployment.status is Status.PENDING:
        if cloud.now() - deployment.created_at >= START_AGAIN_AFTER:
            cloud.workflow.start(deployment.id)
        return False
    status = cloud.workflow.status(deployment.id)
    if status == "RUNNING":
        return False
    close(cloud, deployment, status or "MISSING")
    return True


def close(cloud: Cloud, deployment: Deployment, execution_status: str) -> None:
    """End a deployment whose execution ended without Finish, and release its locks."""
    now = cloud.now()
    error = ExecutionEnded(f"the workflow's execution is {execution_status}, and it never reached its end")
    cloud.store.fail(deployment.id, failure_of(error, None), now)
    failed = cloud.store.get(deployment.id)
    status, sentence = verdict(failed)
    if cloud.store.finish(failed, status, sentence, now):
        cloud.store.record(deployment.id, None, status.value, sentence, now)


def sweep(cloud: Cloud) -> None:
    """Meet every deployment that has not ended."""
    for deployment_id in cloud.store.open_deployments():
        recover(cloud, deployment_id)
