"""A delivery of GitHub's webhook, read: what happened, as a frozen value, or why it is nothing to us.

https://docs.github.com/en/webhooks/webhook-events-and-payloads
"""

import re
from dataclasses import dataclass
from typing import Any

from chalicelib.errors import InvalidDelivery
from chalicelib.github.body import document_of

SHA = "[0-9a-f]{40}|[0-9a-f]{64}"
SHORT = 7  # characters of a commit that git and docker/metadata-action show
# https://docs.github.com/en/repositories/configuring-branches-and-merges-in-your-repository/configuring-pull-request-merges/managing-a-merge-queue
MERGE_QUEUE = "gh-readonly-queue/"


@dataclass(frozen=True)
class Ignored:
    """A delivery that asks for nothing, and why."""

    reason: str


@dataclass(frozen=True, kw_only=True)
class Occurrence:
    """Something that may deploy: which event, in which repository ("owner/name"), at which commit if that is told."""

    event: str
    repository: str
    sha: str = ""
    ref: str = ""

    @property
    def values(self) -> dict[str, str]:
        """Return what it has for the placeholders of images."""
        return {"sha": self.sha, "short_sha": self.sha[:SHORT]}


@dataclass(frozen=True, kw_only=True)
class Push(Occurrence):
    """Commits came to a branch, or a tag was made; one of both is None."""

    branch: str | None
    tag: str | None
    default_branch: str

    @property
    def values(self) -> dict[str, str]:
        """Return commit, branch, or tag and version."""
        named = {"branch": self.branch or "", "tag": self.tag or "", "version": version_of(self.tag)}
        return super().values | named


@dataclass(frozen=True, kw_only=True)
class DeploymentRequested(Occurrence):
    """Somebody made a deployment on GitHub; `version` is what its payload says, if it does."""

    environment: str
    deployment_id: int
    version: str

    @property
    def values(self) -> dict[str, str]:
        """Return commit and ref: GitHub does not tell whether that is a branch or a tag."""
        name = "" if re.fullmatch(SHA, self.ref) else self.ref
        return super().values | {"branch": name, "tag": name, "version": self.version or version_of(name)}


@dataclass(frozen=True, kw_only=True)
class Released(Occurrence):
    """A release was published, and it is no prerelease."""

    tag: str

    @property
    def values(self) -> dict[str, str]:
        """Return tag and version."""
        return {"tag": self.tag, "version": version_of(self.tag)}


@dataclass(frozen=True, kw_only=True)
class WorkflowSucceeded(Occurrence):
    """A workflow of the repository itself ended in success; `path` is its file, `run_of` the event that started it."""

    workflow: str
    path: str
    run_of: str
    branch: str
    default_branch: str

    @property
    def values(self) -> dict[str, str]:
        """Return commit and branch."""
        return super().values | {"branch": self.branch}


def version_of(tag: str | None) -> str:
    """Return the version that a tag stands for: "v1.5.0" is 1.5.0, any other stays as it is."""
    return re.sub(r"^v(?=\d)", "", tag or "")


def read(event: str, body: bytes, content_type: str | None) -> Occurrence | Ignored:
    """Return what a delivery tells; `event` is its X-GitHub-Event, the body is as it came.

    Raises UnsupportedMediaType, MalformedBody, and InvalidDelivery naming what GitHub always sends and this has not.
    """
    payload = Payload(document_of(body, content_type))
    if event == "ping":
        return Ignored("ping: the webhook is connected")
    if event not in _READERS:
        return Ignored(f"{event[:50]} is no event that deploys")
    return _READERS[event](payload)


@dataclass(frozen=True)
class Payload:
    """A payload, asked by the way to a value: `text("repository", "full_name")`."""

    document: Any

    def value(self, *way: str) -> Any:
        """Return what is there, None where there is nothing."""
        found: Any = self.document
        for step in way:
            found = found.get(step) if isinstance(found, dict) else None
        return found

    def text(self, *way: str) -> str:
        """Return a text, nothing where there is none."""
        found = self.value(*way)
        return found if isinstance(found, str) else ""

    def required(self, *way: str) -> str:
        """Return a text; raises InvalidDelivery where there is none."""
        if found := self.text(*way):
            return found
        raise InvalidDelivery(f"The payload has no {'.'.join(way)}, which GitHub sends with this event.")

    @property
    def repository(self) -> str:
        """Return the repository's owner and name."""
        return self.required("repository", "full_name")

    @property
    def default_branch(self) -> str:
        """Return the repository's default branch."""
        return self.text("repository", "default_branch")


def _push(payload: Payload) -> Occurrence | Ignored:
    ref, after = payload.required("ref"), payload.text("after")
    if payload.value("deleted") is True or set(after) == {"0"}:
        return Ignored(f"{ref[:100]} was deleted")
    kind, _, name = ref.removeprefix("refs/").partition("/")
    if kind not in ("heads", "tags") or not name:
        return Ignored(f"{ref[:100]} is neither a branch nor a tag")
    if kind == "heads" and (refusal := _refusal_of_branch(name)):
        return Ignored(refusal)
    return Push(
        event="push",
        repository=payload.repository,
        # Of an annotated tag `after` is the tag's own object; an image is built from the commit.
        sha=payload.text("head_commit", "id") or payload.required("after"),
        ref=ref,
        branch=name if kind == "heads" else None,
        tag=name if kind == "tags" else None,
        default_branch=payload.default_branch,
    )


def _deployment(payload: Payload) -> Occurrence | Ignored:
    if (action := payload.text("action")) != "created":
        return Ignored(f"the deployment's action is {action[:50] or 'not told'}, not created")
    if payload.value("deployment_status") is not None:  # the event's name is not signed, and this holds a deployment
        return Ignored("this is a deployment's status")
    number = payload.value("deployment", "id")
    if type(number) is not int:
        raise InvalidDelivery("The payload has no deployment.id, which GitHub sends with this event.")
    return DeploymentRequested(
        event="deployment",
        repository=payload.repository,
        sha=payload.required("deployment", "sha"),
        ref=payload.text("deployment", "ref"),
        environment=payload.required("deployment", "environment"),
        deployment_id=number,
        version=_version_in(payload.value("deployment", "payload")),
    )


def _version_in(payload: Any) -> str:
    """Return the `version` of a deployment's payload: an object, or JSON as a text; any other text says nothing."""
    if isinstance(payload, str):
        try:
            payload = document_of(payload.encode(), "application/json")
        except InvalidDelivery:
            return ""
    return Payload(payload).text("version")


def _release(payload: Payload) -> Occurrence | Ignored:
    if (action := payload.text("action")) != "released":
        return Ignored(f"the release's action is {action[:50] or 'not told'}, not released")
    if payload.value("release", "draft") is True or payload.value("release", "prerelease") is True:
        return Ignored("a draft or prerelease deploys nothing")
    tag = payload.required("release", "tag_name")
    return Released(event="release", repository=payload.repository, ref=f"refs/tags/{tag}", tag=tag)


def _workflow_run(payload: Payload) -> Occurrence | Ignored:
    repository, run = payload.repository, "workflow_run"
    if refusal := _refusal_of_run(payload, repository):
        return Ignored(refusal)
    branch = payload.text(run, "head_branch")
    return WorkflowSucceeded(
        event="workflow_run",
        repository=repository,
        sha=payload.required(run, "head_sha"),
        ref=f"refs/heads/{branch}",
        workflow=payload.text("workflow", "name") or payload.text(run, "name"),
        path=(payload.text(run, "path") or payload.text("workflow", "path")).partition("@")[0],
        run_of=payload.text(run, "event"),
        branch=branch,
        default_branch=payload.default_branch,
    )


def _refusal_of_run(payload: Payload, repository: str) -> str | None:
    """Return why a run of a workflow deploys nothing, None if it may: what a fork ran is its own business."""
    run = "workflow_run"
    if payload.text("action") != "completed":
        return "the workflow has not completed"
    if (conclusion := payload.text(run, "conclusion")) != "success":
        return f"the workflow ended in {conclusion[:50] or 'nothing that is told'}"
    if never_deploys(payload.text(run, "event")):
        return f"the workflow ran for {payload.text(run, 'event')[:50]}: what is not merged yet deploys nothing"
    if payload.text(run, "head_repository", "full_name") != repository:
        return "the workflow ran for another repository, a fork"
    return _refusal_of_branch(payload.text(run, "head_branch"))


def never_deploys(run_of: str) -> bool:
    """Tell whether runs that an event started are of what is not merged: of a pull request, or in the merge queue."""
    return run_of.startswith("pull_request") or run_of == "merge_group"


def _refusal_of_branch(branch: str) -> str | None:
    """Return why a branch deploys nothing, None if it may: what waits in the queue is not merged yet."""
    if not branch:
        return "it happened on no branch"
    return f"{branch[:100]} is in the merge queue" if branch.startswith(MERGE_QUEUE) else None


_READERS = {"deployment": _deployment, "push": _push, "release": _release, "workflow_run": _workflow_run}
