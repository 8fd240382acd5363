"""Tells GitHub what becomes of its deliveries: the function `notify`, which Lambda invokes asynchronously."""

from collections.abc import Mapping
from typing import Any

from chalicelib.cloud import Cloud
from chalicelib.errors import AwsRefused, GitHubRefused, GitHubUnavailable, Throttled, TransientAws
from chalicelib.github.statuses import Refusal, StatusReport, refusal_report, report_of
from chalicelib.github_token import token_for
from chalicelib.log import logger

# Lambda invokes twice more what failed, by the same request id:
# https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
ATTEMPTS = 3


def run(cloud: Cloud, document: Mapping[str, Any], request_id: str) -> None:
    """Tell GitHub what a notice of `notices` is about; raises what another attempt may mend.

    When none may, or there is none, the log says that GitHub was not told, and so does the deployment's timeline.
    """
    refusal = Refusal(**document["refusal"]) if "refusal" in document else None
    logger.append_keys(deployment_id=document.get("deployment_id"), service_name=None, state=None)
    try:
        if refusal:
            _tell_refusal(cloud, refusal)
        else:
            _tell(cloud, document["deployment_id"])
    except (GitHubRefused, AwsRefused) as error:
        _give_up(cloud, document, error)
    except (GitHubUnavailable, Throttled, TransientAws) as outage:
        name = refusal.key if refusal else document["deployment_id"]
        if cloud.store.count_attempt(name, request_id, cloud.now()) < ATTEMPTS:
            raise
        _give_up(cloud, document, outage)


def _tell_refusal(cloud: Cloud, refusal: Refusal) -> None:
    """Tell that a delivery was refused, unless it came again meanwhile and was accepted: then that is what is true."""
    if not _accepted_since(cloud, refusal):
        _send(cloud, refusal_report(refusal))
    if deployment_id := _accepted_since(cloud, refusal):
        _tell(cloud, deployment_id)


def _accepted_since(cloud: Cloud, refusal: Refusal) -> str | None:
    known = cloud.store.idempotency(refusal.caller, refusal.key, cloud.now())
    return known.deployment_id if known else None


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


def _give_up(cloud: Cloud, document: Mapping[str, Any], error: Exception) -> None:
    logger.warning("GitHub was not told", extra={**document, "cause": str(error)})
    if deployment_id := document.get("deployment_id"):
        message = f"GitHub could not be told how this goes: {str(error).rstrip('.')}."
        cloud.store.record(deployment_id, None, "github", message, cloud.now())
