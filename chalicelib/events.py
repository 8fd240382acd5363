"""Events of ECS and Step Functions: they wake waits, and close what died. An event decides nothing; a look does."""

from collections.abc import Mapping
from typing import Any

from chalicelib.cloud import Cloud
from chalicelib.decide import wakes
from chalicelib.recovery import recover

ENDED_BADLY = {"FAILED", "TIMED_OUT", "ABORTED"}


def on_event(cloud: Cloud, event: Mapping[str, Any]) -> None:
    """Wake the waits of the service that an ECS event is about, or recover the deployment of an ended execution."""
    detail = event["detail"]
    if event["source"] == "aws.states":
        if detail["stateMachineArn"] == cloud.settings.state_machine_arn and detail["status"] in ENDED_BADLY:
            recover(cloud, detail["name"])
        return
    service = service_of(event)
    if service and wakes(event["detail-type"], detail):
        _wake(cloud, service)


def service_of(event: Mapping[str, Any]) -> str | None:
    """Return `cluster/service` of an ECS event, None when it is about no service's task.

    A task's event names its service in `group`; the other two name it as the last part of the service's ARN.
    """
    detail = event["detail"]
    cluster = str(detail.get("clusterArn", "")).rpartition("/")[2]
    if event["detail-type"] == "ECS Task State Change":
        kind, _, name = str(detail.get("group", "")).partition(":")
        return f"{cluster}/{name}" if kind == "service" else None
    arn = next(iter(event.get("resources", [])), "")
    parts = arn.split("/")
    return f"{parts[-2]}/{parts[-1]}" if len(parts) == 3 else None


def _wake(cloud: Cloud, service: str) -> None:
    """Ask the waits of whoever deploys this service to look again."""
    lock = cloud.store.lock(service)
    if lock is None:
        return
    for token in cloud.store.tokens(lock.deployment_id, prefix=f"{service.rpartition('/')[2]}#"):
        cloud.workflow.complete(token, decided=False)
