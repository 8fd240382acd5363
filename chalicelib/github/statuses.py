"""What GitHub is told of what came from there: a deployment's status, or a commit's. Pure.

https://docs.github.com/en/rest/deployments/statuses · https://docs.github.com/en/rest/commits/statuses
"""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from chalicelib.deployment import Deployment, Status
from chalicelib.diagnosis import CODES
from chalicelib.errors import ExecutionEnded, RequestError, StepFailed
from chalicelib.github.public_words import public, public_url

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


@dataclass(frozen=True)
class Refusal:
    """What a delivery asked for in one environment, and why it was refused; `source` is as a deployment has it.

    Once the delivery is accepted, its caller's `key` has the deployment in the record.
    """

    application: str
    environment: str
    caller: str
    key: str
    words: str
    source: Mapping[str, str]


def repository_path(repository: str) -> str:
    """Return the path of "owner/name" in GitHub's API."""
    return f"/repos/{quote(repository)}"


def comes_from_github(deployment: Deployment) -> bool:
    """Tell whether GitHub asked for a deployment, and so is to be told how it goes."""
    return deployment.source.get("type") == "github"


def report_of(deployment: Deployment, api_url: str | None) -> StatusReport:
    """Return what GitHub is to be told now; `api_url` is the API's own, None: then nothing links to it.

    What is linked is the page that says how to look at the deployment: whoever follows a link has no token with him.
    """
    source = deployment.source
    page = f"{api_url.removesuffix('/')}/?deployment={deployment.id}" if api_url else None
    described = {"description": _described(description(deployment))}
    if source.get("deployment_id"):
        links = {"log_url": page, "environment_url": _first_url(deployment)}
        return _report(source, {"state": deployment_state(deployment), **described, **_told(links)})
    context = _context(deployment.application, deployment.environment)
    body = {"state": commit_state(deployment), **described, "context": context, **_told({"target_url": page})}
    return _report(source, body)


def refusal_report(refusal: Refusal) -> StatusReport:
    """Return what GitHub is told of a refusal: `error`, with its words."""
    body = {"state": "error", "description": _described(refusal.words)}
    if not refusal.source.get("deployment_id"):
        body["context"] = _context(refusal.application, refusal.environment)
    return _report(refusal.source, body)


def words_of(error: RequestError) -> str:
    """Return what a person reads of a refusal, as far as GitHub takes it: every fault, else the detail."""
    faults = "; ".join(f"{each.pointer} {each.detail}" for each in error.faults)
    return _described(f"{error.title}: {faults}" if faults else error.detail)


def _described(words: str) -> str:
    """Return words as GitHub takes them, and as anybody may read them."""
    return shortened(public(words), DESCRIPTION_LENGTH)


def _context(application: str, environment: str) -> str:
    return f"slipway/{application}/{environment}"


def _report(source: Mapping[str, str], body: Mapping[str, str]) -> StatusReport:
    """Return a status of GitHub's deployment where that is the source, else of the commit."""
    if deployment_id := source.get("deployment_id"):
        return StatusReport(source["repository"], body, deployment_id=deployment_id)
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
    kept = words if 2 * len(words) > length else text
    return kept[: length - 1].rstrip(" ,;:") + "…"


def _first_url(deployment: Deployment) -> str | None:
    """Return where a deployment that succeeded is visited: its first service that has a URL."""
    if deployment.status is not Status.SUCCEEDED:
        return None
    return next((each.url for each in deployment.services.values() if each.url), None)


def _told(links: Mapping[str, str | None]) -> dict[str, str]:
    return {name: told for name, url in links.items() if (told := public_url(url))}
