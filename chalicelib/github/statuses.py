"""What GitHub is told of a deployment that came from there: a deployment's status, or a commit's. Pure.

https://docs.github.com/en/rest/deployments/statuses · https://docs.github.com/en/rest/commits/statuses
"""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from chalicelib.deployment import Deployment, Status
from chalicelib.diagnosis import CODES
from chalicelib.errors import ExecutionEnded, StepFailed

DESCRIPTION_LENGTH = 140
DEPLOYMENT_STATES = {Status.PENDING: "queued", Status.RUNNING: "in_progress", Status.SUPERSEDED: "inactive"}
COMMIT_STATES = {Status.PENDING: "pending", Status.RUNNING: "pending"}
OURS = {ExecutionEnded.code(), StepFailed.code()}


@dataclass(frozen=True)
class StatusReport:
    """One status to make: of GitHub's deployment `deployment_id`, else of a commit, `sha` or what the `ref` names."""

    repository: str
    body: Mapping[str, str]
    deployment_id: str = ""
    sha: str = ""
    ref: str = ""

    @property
    def commit_path(self) -> str:
        """Return where GitHub shows the commit that `ref` names: refs/tags/v1 is written tags/v1 there."""
        return f"{repository_path(self.repository)}/commits/{quote(self.ref.removeprefix('refs/'))}"

    def path(self, sha: str) -> str:
        """Return where the status is made; `sha` is the commit's."""
        if self.deployment_id:
            return f"{repository_path(self.repository)}/deployments/{quote(self.deployment_id, safe='')}/statuses"
        return f"{repository_path(self.repository)}/statuses/{quote(sha, safe='')}"


def repository_path(repository: str) -> str:
    """Return the path of "owner/name" in GitHub's API."""
    return f"/repos/{quote(repository)}"


def comes_from_github(deployment: Deployment) -> bool:
    """Tell whether GitHub asked for a deployment, and so is to be told how it goes."""
    return deployment.source.get("type") == "github"


def report_of(deployment: Deployment, public_url: str | None) -> StatusReport:
    """Return what GitHub is to be told now; `public_url` is the API's own, None: then nothing links to it.

    What is linked is the page that says how to look at the deployment: whoever follows a link has no token with him.
    """
    source = deployment.source
    page = f"{public_url.rstrip('/')}/?deployment={deployment.id}" if public_url else None
    described = {"description": shortened(description(deployment), DESCRIPTION_LENGTH)}
    if deployment_id := source.get("deployment_id"):
        links = {"log_url": page, "environment_url": _first_url(deployment)}
        body = {"state": deployment_state(deployment), **described, **_told(links)}
        return StatusReport(source["repository"], body, deployment_id=deployment_id)
    context = f"slipway/{deployment.application}/{deployment.environment}"
    body = {"state": commit_state(deployment), **described, "context": context, **_told({"target_url": page})}
    return StatusReport(source["repository"], body, sha=source["sha"], ref=source["ref"])


def deployment_state(deployment: Deployment) -> str:
    """Return the state of GitHub's deployment: `inactive` is one whose place another took."""
    return DEPLOYMENT_STATES.get(deployment.status) or _end(deployment)


def commit_state(deployment: Deployment) -> str:
    """Return the state of a commit, which has less words: `error` is also what gave way to another deployment."""
    return COMMIT_STATES.get(deployment.status) or _end(deployment)


def _end(deployment: Deployment) -> str:
    """Return `success`, `failure` for what its user mends, `error` for AWS's fault, ours, and what was called off."""
    if deployment.status is Status.SUCCEEDED:
        return "success"
    failure = deployment.failure
    if failure is None or failure.code in OURS or deployment.status in (Status.CANCELLED, Status.SUPERSEDED):
        return "error"
    cause = CODES.get(failure.code)
    return "error" if cause and cause.service_class == "platform" else "failure"


def description(deployment: Deployment) -> str:
    """Return what a person reads beside the state: the verdict, as soon as there is one."""
    if deployment.verdict:
        return deployment.verdict
    what = f"{deployment.application} in {deployment.environment}"
    return f"{what} is accepted." if deployment.status is Status.PENDING else f"{what} is being deployed."


def shortened(text: str, length: int) -> str:
    """Return a text of at most `length` characters: what is longer ends after a word, with an ellipsis."""
    if len(text) <= length:
        return text
    words = text[:length].rpartition(" ")[0]
    kept = words if len(words) > length // 2 else text[: length - 1]
    return kept[: length - 1].rstrip(" ,;:") + "…"


def _first_url(deployment: Deployment) -> str | None:
    """Return where a deployment that succeeded is visited: its first service that has a URL."""
    if deployment.status is not Status.SUCCEEDED:
        return None
    return next((each.url for each in deployment.services.values() if each.url), None)


def _told(links: Mapping[str, str | None]) -> dict[str, str]:
    return {name: url for name, url in links.items() if url}
