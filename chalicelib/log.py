"""The operators' log: structured lines with the deployment's id. Secrets never enter it."""

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import MetricUnit, single_metric

NAMESPACE = "Slipway"

# Its service differs from the Chalice app's name, or the two would share one logger, set to ERROR by Chalice.
logger = Logger(service="slipway-deployments")


def alarm(metric: str, cause: str, installation: str) -> None:
    """Tell operators of what they must look at: a line in the log, and one more in a metric that has an alarm."""
    logger.error(metric, extra={"cause": cause})
    with single_metric(name=metric, unit=MetricUnit.Count, value=1, namespace=NAMESPACE) as counted:
        counted.add_dimension("installation", installation)
