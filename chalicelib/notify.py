"""Tells GitHub how a deployment goes: the function `notify`, which Lambda invokes asynchronously."""

from collections.abc import Mapping
from typing import Any

from chalicelib.cloud import Cloud
from chalicelib.errors import AwsRefused, GitHubRefused, GitHubUnavailable, Throttled, TransientAws
from chalicelib.github.statuses import StatusReport, report_of
from chalicelib.github_token import token_for
from chalicelib.log import logger

# Lambda invokes twice more what failed, by the same request id:
# https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
ATTEMPTS = 3


def run(cloud: Cloud, document: Mapping[str, Any], request_id: str) -> None:
    """Tell GitHub how the deployment goes that a `notices.notify` names; raises what another attempt may mend.

    When none may, or there is none, the deployment's timeline says that GitHub was not told.
    """
    deployment_id = document["deployment_id"]
    logger.append_keys(deployment_id=deployment_id, service_name=None, state=None)
    try:
        _tell(cloud, deployment_id)
    except (GitHubRefused, AwsRefused) as refusal:
        _give_up(cloud, deployment_id, refusal)
    except (GitHubUnavailable, Throttled, TransientAws) as outage:
        if cloud.store.count_attempt(deployment_id, request_id, cloud.now()) < ATTEMPTS:
            raise
        _give_up(cloud, deployment_id, outage)


def _tell(cloud: Cloud, deployment_id: str) -> None:
    """Tell what is true now, and once more if that changed while it was told: what GitHub hears last is true.

    So invocations that come twice, late or side by side do no harm; a state that passed meanwhile is left out.
    """
    told: StatusReport | None = None
    while (report := _report(cloud, deployment_id)) != told:
        _send(cloud, report)
        told = report


def _report(cloud: Cloud, deployment_id: str) -> StatusReport:
    return report_of(cloud.store.get(deployment_id), cloud.settings.public_url)


def _send(cloud: Cloud, report: StatusReport) -> None:
    token = token_for(cloud, report.repository)
    sha = report.sha
    if not (report.deployment_id or sha):  # a release names its tag alone
        sha = str(cloud.github.get(report.commit_path, token).get("sha", ""))
    cloud.github.post(report.path(sha), report.body, token)


def _give_up(cloud: Cloud, deployment_id: str, error: Exception) -> None:
    logger.warning("GitHub was not told", extra={"cause": str(error)})
    message = f"GitHub could not be told how this goes: {str(error).rstrip('.')}."
    cloud.store.record(deployment_id, None, "github", message, cloud.now())
