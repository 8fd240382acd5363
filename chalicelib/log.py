"""The operators' log: structured lines with the deployment's id. Secrets never enter it."""

from aws_lambda_powertools import Logger

# Its service differs from the Chalice app's name, or the two would share one logger, set to ERROR by Chalice.
logger = Logger(service="slipway-deployments")
