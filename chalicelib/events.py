"""Events of ECS and Step Functions: they wake waits, and close what died. An event decides nothing; a look does."""

from collections.abc import Mapping
from typing import Any

from chalicelib.cloud import Cloud
from chalicelib.decide import wakes
from chalicelib.recovery import recover

TASK_STATE_CHANGE = "ECS Task State Change"
ENDED_BADLY = {"FAILED", "TIMED_OUT", "ABORTED"}


def on_event(cloud: Cloud, event: Mapping[str, Any]) -> None:
    """Wake the waits of the service that an ECS event is about, or recover the deployment of an ended execution."""
    detail = event["detail"]
    if event["source"] == "aws.states":
        ours = detail["stateMachineArn"] in cloud.settings.state_machines.values()
        if ours and detail["status"] in ENDED_BADLY:
            recover(cloud, detail["name"])
        return
    if one_off := one_off_of(event):
        _wake_task(cloud, *one_off)
        return
    waits, service = wakes(event["detail-type"], detail), service_of(event)
    if waits and service:
        _wake_holder(cloud, service, waits, counted=event["detail-type"] == TASK_STATE_CHANGE)


def service_of(event: Mapping[str, Any]) -> str | None:
    """Return `cluster/service` of an ECS event, None when it is about no service's task.

    A task's event names its service in `group`; the other two name it as the last part of the service's ARN.
    """
    detail = event["detail"]
    cluster = str(detail.get("clusterArn", "")).rpartition("/")[2]
    if event["detail-type"] == TASK_STATE_CHANGE:
        kind, _, name = str(detail.get("group", "")).partition(":")
        return f"{cluster}/{name}" if kind == "service" else None
    arn = next(iter(event.get("resources", [])), "")
    parts = arn.split("/")
    return f"{parts[-2]}/{parts[-1]}" if len(parts) == 3 else None


def one_off_of(event: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return deployment and service of a task of before_deploy that stopped, else None.

    Such a task belongs to no service: its `group` is its family's, and `startedBy` is "deployment/service", cut to
    what ECS takes. While it goes on, it decides nothing.
    """
    detail = event["detail"]
    if event["detail-type"] != TASK_STATE_CHANGE or detail["lastStatus"] != "STOPPED":
        return None
    deployment_id, _, service = str(detail.get("startedBy", "")).partition("/")
    return (deployment_id, service) if deployment_id.startswith("dep_") else None


def _wake_task(cloud: Cloud, deployment_id: str, service: str) -> None:
    """Ask the waits for tasks to look again of all services whose names begin so: ECS may have cut it."""
    for wait, token in cloud.store.tokens(deployment_id).items():
        if wait.startswith(service) and wait.endswith("#AwaitTask"):
            cloud.workflow.complete(token, decided=False)


def _wake_holder(cloud: Cloud, service: str, waits: tuple[str, ...], *, counted: bool) -> None:
    """Ask these waits of whoever deploys a service to look again.

    Tasks may come and go for as long as a deployment takes, and an execution's history has an end: past so many wakes
    the waits look by themselves.
    """
    lock = cloud.store.lock(service)
    if lock is None:
        return
    name = service.rpartition("/")[2]
    tokens = cloud.store.tokens(lock.deployment_id)
    # What is pruned is waited for all together, by no service's name.
    asked = [tokens[wait] for each in waits for wait in (f"{name}#{each}", f"#{each}") if wait in tokens]
    if asked and (not counted or cloud.store.count_wake(lock.deployment_id, cloud.now())):
        for token in asked:
            cloud.workflow.complete(token, decided=False)
