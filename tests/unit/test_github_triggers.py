"""What deploys what: patterns and triggers."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.github.delivery import Occurrence, read
from chalicelib.github.patterns import matches
from chalicelib.github.triggers import Trigger, applies
from tests.deliveries import deployment, push, release, workflow_run


def happened(event: str, payload: dict[str, Any]) -> Occurrence:
    """Return what a payload tells that may deploy."""
    found = read(event, json.dumps(payload).encode(), "application/json")
    assert isinstance(found, Occurrence), found
    return found


TEXT = st.text(alphabet="ab/.*-", max_size=8)


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
        parts = {"**": ".*", "*": "[^/]*"}
        regex = "".join(parts.get(each, re.escape(each)) for each in re.findall(r"\*\*|\*|[^*]", pattern))
        assert bool(re.fullmatch(regex, text)) == matches(pattern, text)

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
            ({}, "workflow_run", workflow_run(), True),
            ({}, "workflow_run", workflow_run(head_branch="other"), False),
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

    def test_another_event(self) -> None:
        """A trigger names one event: a push to the same branch is not a workflow's success."""
        assert not applies(trigger("push"), happened("workflow_run", workflow_run()), "staging")

    @given(st.from_regex(r"\A([a-c]|\*(?!\*)){1,4}\Z"), st.from_regex(r"\A[a-c]{1,3}(/[a-c]{1,3}){0,2}\Z"))
    def test_no_pattern_lets_another_owner_in(self, name: str, full_name: str) -> None:
        """Whatever stars a repository's name has, its owner is the one that is written, and so is its depth."""
        found = happened("push", {**push(), "repository": {"full_name": full_name, "default_branch": "main"}})
        if applies(trigger("push", repository=f"a/{name}"), found, "default"):
            assert ["a"] == full_name.split("/")[:-1]
