"""What deploys what: patterns and triggers."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from chalicelib import limits
from chalicelib.github.delivery import Ignored, Occurrence, read
from chalicelib.github.patterns import matches
from chalicelib.github.triggers import RUN_EVENTS, Trigger, applies, why_not
from tests.deliveries import deployment, push, push_of_a_tag, release, workflow_run

# https://docs.github.com/en/actions/reference/workflows-and-actions/events-that-trigger-workflows, and what GitHub
# starts itself.
UNMERGED = ("merge_group", "pull_request", "pull_request_review", "pull_request_review_comment", "pull_request_target")
WORKFLOW_EVENTS = (
    *("branch_protection_rule", "check_run", "check_suite", "create", "delete", "deployment", "deployment_status"),
    *("discussion", "discussion_comment", "dynamic", "fork", "gollum", "image_version", "issue_comment", "issues"),
    *("label", "milestone", "page_build", "public", "push", "registry_package", "release", "repository_dispatch"),
    *("schedule", "status", "watch", "workflow_dispatch", "workflow_run"),
)


def happened(event: str, payload: dict[str, Any]) -> Occurrence:
    """Return what a payload tells that may deploy."""
    found = read(event, json.dumps(payload).encode(), "application/json")
    assert isinstance(found, Occurrence), found
    return found


NO_PATTERN = r"Value error, is no pattern: write 1 to 255 characters "
NO_REPOSITORY = r"Value error, is no repository: write owner/name; only the name may have \* in it, one at a time "
TEXT = st.text(alphabet="ab/.*-", max_size=8)
WORD = st.text(alphabet="ab/.*-", min_size=1, max_size=8)


def named(pattern: str, text: str) -> bool:
    """Tell whether the regular expression that one would write for a pattern takes a text."""
    parts = {"**": ".*", "*": "[^/]*"}
    regex = "".join(parts.get(each, re.escape(each)) for each in re.findall(r"\*\*|\*|[^*]", pattern))
    return bool(re.fullmatch(regex, text))


class TestPatterns:
    """A pattern lets in what it names, and nothing else."""

    @pytest.mark.parametrize(
        ("pattern", "text", "expected"),
        [
            ("main", "main", True),
            ("main", "Main", False),
            ("main", "main2", False),
            ("main", "a/main", False),
            ("release/*", "release/1", True),
            ("release/*", "release/1/2", False),
            ("release/*", "release/", True),
            ("release/**", "release/1/2", True),
            ("v*.*", "v1.5", True),
            ("v*.*", "v1/5.0", False),
            ("**/x", "a/b/x", True),
            ("a.c", "abc", False),
            ("[a]?", "a", False),
            ("main", "main\n", False),
            ("*", "", True),
        ],
    )
    def test_examples(self, pattern: str, text: str, *, expected: bool) -> None:
        """A star stays within a segment, two go across; all else stands for itself."""
        assert expected == matches(pattern, text)

    @given(TEXT, TEXT)
    def test_as_a_regular_expression_says(self, pattern: str, text: str) -> None:
        """It is the language of the regular expression that one would write."""
        assert named(pattern, text) == matches(pattern, text)

    @given(st.text(max_size=8).filter(lambda text: "*" not in text), st.text(max_size=8))
    def test_without_stars_only_itself(self, pattern: str, text: str) -> None:
        """A pattern without stars names itself alone."""
        assert (pattern == text) == matches(pattern, text)

    def test_no_pattern_is_slow(self) -> None:
        """A pattern that would keep a regular expression busy for years is answered at once."""
        assert not matches("*a" * 100, "a" * 200 + "b")


def trigger(event: str, **fields: Any) -> Trigger:
    """Return a trigger of the repository acme/shop."""
    return Trigger.model_validate({"event": event, "repository": "acme/shop", **fields})


class TestTriggers:
    """What a trigger names."""

    @pytest.mark.parametrize(
        ("fields", "event", "payload", "expected"),
        [
            ({}, "push", push("main"), True),
            ({}, "push", push("other"), False),
            ({"branch": "release/*"}, "push", push("release/1"), True),
            ({"branch": "release/*"}, "push", push("main"), False),
            ({"branch": "**"}, "push", {**push(), "ref": "refs/tags/main"}, False),
            ({"tag": "v*"}, "push", {**push(), "ref": "refs/tags/v1"}, True),
            ({"tag": "v*"}, "push", push("v1"), False),
            ({"tag": "v*", "branch": "main"}, "push", push("main"), True),
            ({}, "push", {**push(), "ref": "refs/tags/main"}, False),
            ({}, "deployment", deployment(environment="staging"), True),
            ({}, "deployment", deployment(environment="production"), False),
            ({"environment": "prod*"}, "deployment", deployment(environment="production"), True),
            ({}, "release", release(), True),
            ({"tag": "v2*"}, "release", release(), False),
            ({}, "workflow_run", workflow_run(), False),
            ({"workflow": "CI"}, "workflow_run", workflow_run(head_branch="other"), False),
            ({"workflow": "CI"}, "workflow_run", workflow_run(), True),
            ({"workflow": ".github/workflows/ci.yml"}, "workflow_run", workflow_run(), True),
            ({"workflow": "Other"}, "workflow_run", workflow_run(), False),
            ({"repository": "acme/*"}, "push", push(), True),
            ({"repository": "acme/Shop"}, "push", push(), False),
            ({"repository": "acme/sho"}, "push", push(), False),
        ],
    )
    def test_applies(self, fields: dict[str, Any], event: str, payload: dict[str, Any], *, expected: bool) -> None:
        """A trigger names an event by its patterns; what it does not say is the safe choice."""
        assert expected == applies(trigger(event, **fields), happened(event, payload), "staging")

    @pytest.mark.parametrize("run_of", WORKFLOW_EVENTS)
    def test_runs_of_every_event(self, run_of: str) -> None:
        """Runs of push, by hand and of a release deploy; those of other events where the trigger lists them."""
        run = happened("workflow_run", workflow_run(event=run_of))
        told: list[list[str]] = [[], [run_of], [each for each in WORKFLOW_EVENTS if each != run_of]]
        expected = (run_of in ("push", "workflow_dispatch", "release"), True, False)
        triggers = [trigger("workflow_run", workflow="CI", runs_of=runs_of) for runs_of in told]
        assert expected == tuple(applies(each, run, "staging") for each in triggers)
        assert expected == tuple(why_not(each, run) is None for each in triggers)

    @pytest.mark.parametrize("run_of", UNMERGED)
    def test_runs_of_what_is_not_merged(self, run_of: str) -> None:
        """Runs of a pull request and of the merge queue deploy nothing, and no trigger may list them."""
        assert isinstance(
            read("workflow_run", json.dumps(workflow_run(event=run_of)).encode(), "application/json"), Ignored
        )
        with pytest.raises(ValidationError, match="never deploy"):
            trigger("workflow_run", workflow="CI", runs_of=["push", run_of])

    @pytest.mark.parametrize("run_of", ["", "pushes", "Push", "*"])
    def test_runs_of_no_event(self, run_of: str) -> None:
        """What is no event of GitHub's workflows is refused, and so is a run that does not tell its event."""
        with pytest.raises(ValidationError, match="no event that starts a workflow"):
            trigger("workflow_run", workflow="CI", runs_of=[run_of])
        run = happened("workflow_run", workflow_run(event=run_of))
        assert not applies(trigger("workflow_run", workflow="CI"), run, "staging")

    def test_every_event_is_known(self) -> None:
        """What a trigger may list is what GitHub starts workflows for, but for what is not merged."""
        assert sorted(WORKFLOW_EVENTS) == sorted(RUN_EVENTS)

    @pytest.mark.parametrize("field", ["branch", "tag", "environment", "workflow", "repository"])
    def test_lengths(self, field: str) -> None:
        """A pattern has one character to 255, and a repository's has as many with its owner."""
        owner = "acme/" if field == "repository" else ""
        for length in (1, limits.PATTERN_LENGTH - len(owner)):
            assert f"{owner}{'a' * length}" == getattr(trigger("push", **{field: owner + "a" * length}), field)
        for length in (0, limits.PATTERN_LENGTH - len(owner) + 1):
            with pytest.raises(ValidationError, match=NO_PATTERN if not owner else NO_REPOSITORY):
                trigger("push", **{field: owner + "a" * length})

    def test_another_event(self) -> None:
        """A trigger names one event: a push to the same branch is not a workflow's success."""
        assert not applies(trigger("push"), happened("workflow_run", workflow_run()), "staging")

    @given(WORD, WORD)
    def test_no_pattern_lets_another_ref_in(self, pattern: str, name: str) -> None:
        """Of each event a pattern lets in what it names, and nothing else."""
        for event, field, payload in (
            ("push", "branch", push(name)),
            ("push", "tag", push_of_a_tag(name)),
            ("release", "tag", release(tag_name=name)),
            ("deployment", "environment", deployment(environment=name)),
            ("workflow_run", "branch", workflow_run(head_branch=name)),
            ("workflow_run", "workflow", {**workflow_run(path=""), "workflow": {"name": name, "path": name}}),
        ):
            needed = {"workflow": "CI"} if event == "workflow_run" else {}
            asked = trigger(event, **{**needed, field: pattern})
            assert named(pattern, name) == applies(asked, happened(event, payload), "staging"), (event, field)

    @given(WORD, WORD)
    def test_no_pattern_lets_another_kind_in(self, pattern: str, name: str) -> None:
        """A pattern of branches lets in no tag, and one of tags no branch, whatever both are called."""
        assert not applies(trigger("push", branch=pattern), happened("push", push_of_a_tag(name)), "staging")
        assert not applies(trigger("push", tag=pattern), happened("push", push(name)), "staging")

    @given(st.from_regex(r"\A([ab.-]|\*(?!\*)){1,5}\Z"), st.from_regex(r"\A[abc]{1,2}/[ab./-]{1,4}\Z"))
    def test_no_pattern_lets_another_repository_in(self, name: str, full_name: str) -> None:
        """A pattern of repositories lets in those that it names, of the owner who is written."""
        found = happened("push", push(repository=full_name))
        assert named(f"a/{name}", full_name) == applies(trigger("push", repository=f"a/{name}"), found, "default")
