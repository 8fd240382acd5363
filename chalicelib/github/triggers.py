"""What deploys what: triggers, and whether an event of GitHub is one that a trigger names."""

import re
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator

from chalicelib import limits
from chalicelib.github.delivery import (
    DeploymentRequested,
    Occurrence,
    Push,
    Released,
    WorkflowSucceeded,
    never_deploys,
)
from chalicelib.github.patterns import matches
from chalicelib.manifest.base import EMPTY, Model
from chalicelib.manifest.values import Name, Text, Told

Event = Literal["deployment", "push", "release", "workflow_run"]
PATTERNS: Mapping[str, tuple[str, ...]] = {
    "deployment": ("environment",),
    "push": ("branch", "tag"),
    "release": ("tag",),
    "workflow_run": ("branch", "workflow", "runs_of"),
}
# https://docs.github.com/en/actions/reference/workflows-and-actions/events-that-trigger-workflows; `dynamic` is what
# GitHub itself starts, such as code scanning.
RUN_EVENTS = (
    *("branch_protection_rule", "check_run", "check_suite", "create", "delete", "deployment", "deployment_status"),
    *("discussion", "discussion_comment", "dynamic", "fork", "gollum", "image_version", "issue_comment", "issues"),
    *("label", "milestone", "page_build", "public", "push", "registry_package", "release", "repository_dispatch"),
    *("schedule", "status", "watch", "workflow_dispatch", "workflow_run"),
)
# Who may write to the repository starts these; some of the others anybody does who sees it.
RUNS_UNLESS_TOLD = ("push", "workflow_dispatch", "release")
# The owner is written out: a pattern of owners would let strangers in.
_REPOSITORY = r"[A-Za-z0-9_.-]+/(?!.*\*\*)[A-Za-z0-9_.*-]+"


def _pattern(text: str) -> str:
    if not 1 <= len(text) <= limits.PATTERN_LENGTH:
        raise ValueError(f"is no pattern: write 1 to {limits.PATTERN_LENGTH} characters")
    return text


def _repository(text: str) -> str:
    if not re.fullmatch(_REPOSITORY, text) or len(text) > limits.PATTERN_LENGTH:
        raise ValueError("is no repository: write owner/name; only the name may have * in it, one at a time")
    return text


def _run_event(text: str) -> str:
    if never_deploys(text):
        raise ValueError("is of what is not merged yet, whose runs never deploy: leave it out")
    if text not in RUN_EVENTS:
        raise ValueError(f"is no event that starts a workflow: write one of {', '.join(RUN_EVENTS)}")
    return text


Pattern = Annotated[Text, AfterValidator(_pattern), Told({"minLength": 1, "maxLength": limits.PATTERN_LENGTH})]
Repository = Annotated[
    Text, AfterValidator(_repository), Told({"pattern": f"^{_REPOSITORY}$", "maxLength": limits.PATTERN_LENGTH})
]

RunEvent = Annotated[Text, AfterValidator(_run_event), Told({"enum": list(RUN_EVENTS)})]


class Trigger(Model):
    """What GitHub's event deploys. A pattern that is not written means the safe choice.

    `branch`, `tag`, `environment`, `workflow` and `repository` are patterns (`patterns.matches`). Without `branch` and
    `tag` it is the repository's default branch, without `environment` the one that is deployed to. `workflow` is a
    workflow's name or file, and without it no run deploys; `runs_of` are the events whose runs do, and none means
    RUNS_UNLESS_TOLD. `to_environment` None is the environment of the registration. `images` stand in the place of the
    manifest's.
    """

    event: Event
    repository: Repository
    branch: Pattern | None = None
    tag: Pattern | None = None
    environment: Pattern | None = None
    workflow: Pattern | None = None
    runs_of: tuple[RunEvent, ...] = ()
    to_environment: Name | None = None
    images: Mapping[Text, Text] = EMPTY
    on_busy: Literal["fail", "supersede"] = "fail"

    @property
    def strange(self) -> tuple[str, ...]:
        """Return the patterns that say something which its event does not have."""
        fields = ("branch", "tag", "environment", "workflow", "runs_of")
        written = [each for each in fields if getattr(self, each) not in (None, ())]
        return tuple(each for each in written if each not in PATTERNS[self.event])


def applies(trigger: Trigger, occurrence: Occurrence, to_environment: str) -> bool:
    """Tell whether what happened deploys an environment by a trigger."""
    return names(trigger, occurrence, to_environment) and why_not(trigger, occurrence) is None


def why_not(trigger: Trigger, occurrence: Occurrence) -> str | None:
    """Return why a trigger that names a workflow's run deploys nothing of it, None if it does, and what to do."""
    if not isinstance(occurrence, WorkflowSucceeded):
        return None
    if trigger.workflow is None:
        return "names no workflow, so that the run of any would deploy: register it again with workflow"
    taken, run_of = trigger.runs_of or RUNS_UNLESS_TOLD, occurrence.run_of[:50]
    if occurrence.run_of not in taken:
        return f"takes runs of {', '.join(taken)}, and this is one of {run_of}: register it again with that in runs_of"
    return None


def of_repository(trigger: Trigger, occurrence: Occurrence) -> bool:
    """Tell whether a trigger is of the repository in which something happened."""
    return matches(trigger.repository, occurrence.repository)


def names(trigger: Trigger, occurrence: Occurrence, to_environment: str) -> bool:
    """Tell whether a trigger that deploys to an environment names what happened."""
    if trigger.event != occurrence.event or not of_repository(trigger, occurrence):
        return False
    if isinstance(occurrence, Push):
        return _pushed(trigger, occurrence)
    if isinstance(occurrence, Released):
        return matches(trigger.tag or "**", occurrence.tag)
    if isinstance(occurrence, WorkflowSucceeded):
        return _branch(trigger, occurrence) and _workflow(trigger, occurrence)
    return isinstance(occurrence, DeploymentRequested) and (
        matches(trigger.environment, occurrence.environment)
        if trigger.environment
        else occurrence.environment == to_environment
    )


def _pushed(trigger: Trigger, push: Push) -> bool:
    if push.tag is not None:
        return trigger.tag is not None and matches(trigger.tag, push.tag)
    return (trigger.branch is not None or trigger.tag is None) and _branch(trigger, push)


def _branch(trigger: Trigger, occurrence: Push | WorkflowSucceeded) -> bool:
    if trigger.branch is None:
        return occurrence.branch == occurrence.default_branch
    return occurrence.branch is not None and matches(trigger.branch, occurrence.branch)


def _workflow(trigger: Trigger, run: WorkflowSucceeded) -> bool:
    """Tell whether a trigger names a run's workflow; one that names none was registered before it had to."""
    return trigger.workflow is None or any(matches(trigger.workflow, each) for each in (run.workflow, run.path))
