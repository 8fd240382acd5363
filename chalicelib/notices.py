"""When GitHub is told: a deployment that came from there was accepted, has begun, or has ended."""

from chalicelib.cloud import Cloud
from chalicelib.deployment import Deployment
from chalicelib.errors import AwsError
from chalicelib.github.statuses import comes_from_github
from chalicelib.log import logger


def notify(cloud: Cloud, deployment: Deployment) -> None:
    """Have GitHub told how a deployment goes, if it came from there and this installation tells.

    Nothing that goes wrong with it touches the deployment: that AWS did not take it is a line in the log.
    """
    if cloud.settings.notify_function is None or not comes_from_github(deployment):
        return
    try:
        cloud.notifier.notify(deployment.id)
    except AwsError as error:
        logger.warning("GitHub is not told", extra={"deployment_id": deployment.id, "cause": str(error)})
