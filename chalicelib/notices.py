"""When GitHub is told: what came from there was accepted as a deployment, has begun, has ended, or was refused."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from chalicelib.cloud import Cloud
from chalicelib.deployment import Deployment
from chalicelib.errors import AwsError
from chalicelib.github.statuses import Refusal, comes_from_github
from chalicelib.log import logger


def notify(cloud: Cloud, deployment: Deployment) -> None:
    """Have GitHub told how a deployment goes, if it came from there and this installation tells."""
    if comes_from_github(deployment):
        _send(cloud, {"deployment_id": deployment.id})


def notify_refusal(cloud: Cloud, refusal: Refusal) -> None:
    """Have GitHub told that one of its deliveries was refused, if this installation tells.

    The notice carries all that is told: of what was refused there is no record.
    """
    _send(cloud, {"refusal": asdict(refusal)})


def _send(cloud: Cloud, notice: Mapping[str, Any]) -> None:
    """Hand a notice to the function `notify`; that AWS did not take it is a line in the log, and touches nothing."""
    if cloud.settings.notify_function is None:
        return
    try:
        cloud.notifier.notify(notice)
    except AwsError as error:
        logger.warning("GitHub is not told", extra={**notice, "cause": str(error)})
