"""What GitHub sends: signatures, bodies, deliveries."""

import json
from collections.abc import Iterator
from contextlib import suppress
from functools import reduce
from operator import getitem
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib import limits
from chalicelib.errors import BodyTooLarge, InvalidDelivery, Unauthorized, UnsupportedMediaType
from chalicelib.github.body import demand_size
from chalicelib.github.delivery import DeploymentRequested, Ignored, Occurrence, Push, WorkflowSucceeded, read
from chalicelib.github.signature import signature, verify
from tests.deliveries import (
    SHA,
    deployment,
    deployment_status,
    push,
    push_of_a_tag,
    push_of_nothing,
    release,
    workflow_run,
)

JSON = "application/json"
JUNK = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5), st.just([]), st.just({}))
WHOLE = {"push": push(), "deployment": deployment(), "release": release(), "workflow_run": workflow_run()}
OLD, NEW = b"old secret", b"It's a Secret to Everybody"
# The published example: docs.github.com, "Validating webhook deliveries".
EXAMPLE = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"


def told(event: str, payload: Any, content_type: str | None = JSON) -> Occurrence | Ignored:
    """Return what a payload tells."""
    return read(event, payload if isinstance(payload, bytes) else json.dumps(payload).encode(), content_type)


def happened(event: str, payload: dict[str, Any]) -> Occurrence:
    """Return what a payload tells that may deploy."""
    found = told(event, payload)
    assert isinstance(found, Occurrence), found
    return found


def ways(document: dict[str, Any]) -> Iterator[tuple[str, ...]]:
    """Yield the way to each value of a document."""
    for key, value in document.items():
        yield (key,)
        if isinstance(value, dict):
            yield from ((key, *way) for way in ways(value))


class TestSignature:
    """Who knows the secret may deliver."""

    def test_published_example(self) -> None:
        """GitHub's own example is right."""
        assert EXAMPLE == signature(b"Hello, World!", NEW)
        verify(b"Hello, World!", EXAMPLE, [NEW])

    @pytest.mark.parametrize("secret", [OLD, NEW])
    def test_rotation(self, secret: bytes) -> None:
        """While a secret replaces another one, both are valid."""
        verify(b"{}", signature(b"{}", secret), [OLD, NEW])

    @pytest.mark.parametrize(
        "header",
        [
            None,
            "",
            "sha256=",
            "sha256=é",
            EXAMPLE.removeprefix("sha256="),
            EXAMPLE.upper(),
            EXAMPLE[:-1],
            EXAMPLE + "0",
            signature(b"Hello, World", NEW),
            signature(b"Hello, World!", b"other"),
            "sha1=0d4c63e3a9a3a4f1c0b6fd1c7d2e5d5a6b2e6a58",
        ],
    )
    def test_any_other_is_refused(self, header: str | None) -> None:
        """No header, another body's, another secret's, SHA-1, and anything that only looks like it is refused."""
        with pytest.raises(Unauthorized):
            verify(b"Hello, World!", header, [OLD, NEW])

    @pytest.mark.parametrize("secrets", [[], [b""], [b"", OLD]])
    def test_no_secret_admits_nobody(self, secrets: list[bytes]) -> None:
        """Where there is no secret, or an empty one, not even its own signature is valid."""
        with pytest.raises(Unauthorized):
            verify(b"{}", signature(b"{}", b""), secrets)


class TestBody:
    """What can be read."""

    def test_form(self) -> None:
        """A form's payload is as good as JSON."""
        form = urlencode({"payload": json.dumps(push("ü"))}).encode()
        assert happened("push", push("ü")) == told("push", form, "application/x-www-form-urlencoded")

    def test_charset(self) -> None:
        """UTF-8 may be named."""
        assert happened("push", push()) == told("push", push(), 'application/json; charset="UTF-8"')

    @pytest.mark.parametrize(
        "content_type",
        [None, "", "text/plain", "application/yaml", "application/json; charset=latin-1", "a\r\nb: c", "é"],
    )
    def test_other_content_types(self, content_type: str | None) -> None:
        """Any other content type or charset is not supported."""
        with pytest.raises(UnsupportedMediaType):
            told("push", push(), content_type)

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"[]",
            b"null",
            b'"text"',
            b"{",
            json.dumps(push()).encode()[:-5],
            b'{"ref": "\xff"}',
            b'{"ref": "\\ud800"}',
            b'{"number": ' + b"9" * 5000 + b"}",
            b"[" * 100_000,
            b'{"a": ' * 50_000 + b"1" + b"}" * 50_000,
        ],
    )
    def test_broken_bodies(self, body: bytes) -> None:
        """A truncated body, other encodings, endless numbers and nesting are told, as what they are."""
        with pytest.raises(InvalidDelivery):
            told("push", body)

    @pytest.mark.parametrize(
        "form",
        [b"", b"payload", b"payload={", b"x=1", b"payload={}&payload={}", b"payload=%FF", b"&" * 100, b"a=1&" * 99],
    )
    def test_broken_forms(self, form: bytes) -> None:
        """A form must have one payload, which is JSON in UTF-8."""
        with pytest.raises(InvalidDelivery):
            told("push", form, "application/x-www-form-urlencoded")

    def test_size(self) -> None:
        """More than 5 MB is too large."""
        demand_size(b" " * limits.DELIVERY_BYTES)
        with pytest.raises(BodyTooLarge):
            demand_size(b" " * (limits.DELIVERY_BYTES + 1))

    @given(st.binary(max_size=200), st.sampled_from(["push", "deployment", "release", "workflow_run", "ping", "x"]))
    def test_anything_at_all(self, body: bytes, event: str) -> None:
        """Whatever the bytes are, they are read, ignored, or refused as a delivery that cannot be used."""
        for content_type in (JSON, "application/x-www-form-urlencoded"):
            with suppress(InvalidDelivery):
                told(event, body, content_type)

    @given(
        st.sampled_from(list(WHOLE.items())),
        st.data(),
    )
    def test_anything_in_the_place_of_a_value(self, sent: tuple[str, dict[str, Any]], data: st.DataObject) -> None:
        """A payload with something else in the place of a value is read, ignored, or refused."""
        event, payload = sent
        *way, key = data.draw(st.sampled_from(list(ways(payload))))
        changed = json.loads(json.dumps(payload))
        reduce(getitem, way, changed)[key] = data.draw(JUNK)
        with suppress(InvalidDelivery):
            told(event, changed)


class TestDelivery:
    """What each event tells."""

    def test_push(self) -> None:
        """A push tells branch and commit."""
        found = happened("push", push("feature/x"))
        assert (
            Push(
                event="push",
                repository="acme/shop",
                sha=SHA,
                ref="refs/heads/feature/x",
                branch="feature/x",
                tag=None,
                default_branch="main",
            )
            == found
        )
        assert {"sha": SHA, "branch": "feature/x", "tag": "", "version": ""} == found.values

    def test_push_of_a_tag(self) -> None:
        """A tag is a version; of an annotated one the commit counts, not the tag's own object."""
        found = happened("push", push_of_a_tag("v1.5.0"))
        assert {"sha": SHA, "branch": "", "tag": "v1.5.0", "version": "1.5.0"} == found.values

    def test_push_of_a_new_branch(self) -> None:
        """A branch that was just created deploys as any push, and its name may have a slash."""
        payload = {**push("feature/refs/heads/x"), "before": "0" * 40, "created": True}
        assert "feature/refs/heads/x" == happened("push", payload).values["branch"]

    def test_push_without_a_commit(self) -> None:
        """Of a tag of something else than a commit GitHub tells no commit: what it tells counts."""
        assert "b" * 40 == happened("push", push_of_a_tag("v1", commit=None)).sha

    @pytest.mark.parametrize("payload", [{}, {"version": 1}, "not JSON", "[]", '"x"', None, [], 7, "{", ""])
    def test_payload_without_version(self, payload: Any) -> None:
        """A deployment's payload may be an object, any text, or anything: without a version it says nothing."""
        found = happened("deployment", deployment(payload=payload))
        assert {"sha": SHA, "branch": "main", "tag": "main", "version": "main"} == found.values

    @pytest.mark.parametrize("payload", [{"version": "2.0"}, '{"version": "2.0"}'])
    def test_payload_with_version(self, payload: Any) -> None:
        """A deployment's payload may say the version, as an object or as JSON in a text."""
        found = happened("deployment", deployment(payload=payload))
        assert isinstance(found, DeploymentRequested)
        assert ("2.0", "production", 42) == (found.values["version"], found.environment, found.deployment_id)

    def test_deployment_of_a_commit(self) -> None:
        """A ref that is a commit is neither branch nor tag."""
        assert "" == happened("deployment", deployment(ref=SHA)).values["branch"]

    def test_release(self) -> None:
        """A release tells tag and version."""
        assert {"tag": "v1.5.0", "version": "1.5.0"} == happened("release", release()).values

    def test_workflow_run(self) -> None:
        """A workflow that succeeded tells its name, file, branch and commit."""
        found = happened("workflow_run", workflow_run(path=".github/workflows/ci.yml@main"))
        assert isinstance(found, WorkflowSucceeded)
        assert ("CI", ".github/workflows/ci.yml", "main", SHA) == (
            found.workflow,
            found.path,
            found.branch,
            found.sha,
        )

    @pytest.mark.parametrize(
        ("event", "payload"),
        [
            ("ping", {"zen": "Design for failure."}),
            ("issues", {"action": "opened"}),
            ("", {}),
            ("push", push_of_nothing()),
            ("push", push_of_nothing("refs/tags/v1")),
            ("push", {**push(), "deleted": True}),
            ("push", {**push(), "after": "0" * 40}),
            ("push", push("gh-readonly-queue/main/pr-7-6113728f27ae82c7b1a177c8d03f9e96e0adf246")),
            ("push", {**push(), "ref": "refs/notes/x"}),
            ("push", {**push(), "ref": "refs/heads/"}),
            ("deployment", {**deployment(), "action": "edited"}),
            ("deployment_status", deployment_status()),
            ("release", {**release(), "action": "published"}),
            ("release", release(prerelease=True)),
            ("release", release(draft=True)),
            ("workflow_run", {**workflow_run(), "action": "requested"}),
            ("workflow_run", workflow_run(conclusion="failure")),
            ("workflow_run", workflow_run(conclusion=None)),
            ("workflow_run", workflow_run(event="pull_request")),
            ("workflow_run", workflow_run(event="pull_request_target")),
            ("workflow_run", workflow_run(head_repository={"full_name": "mallory/shop"})),
            ("workflow_run", workflow_run(head_repository=None)),
            ("workflow_run", workflow_run(head_branch=None)),
            ("workflow_run", workflow_run(event="merge_group", head_branch="gh-readonly-queue/main/pr-7-6113")),
        ],
    )
    def test_ignored(self, event: str, payload: dict[str, Any]) -> None:
        """Pings, other events, deletions, queues, prereleases, failures and forks deploy nothing; it is said why."""
        found = told(event, payload)
        assert isinstance(found, Ignored)
        assert found.reason

    @pytest.mark.parametrize("event", WHOLE)
    def test_without_repository(self, event: str) -> None:
        """A payload without what GitHub always sends is refused, naming it."""
        with pytest.raises(InvalidDelivery, match=r"repository\.full_name"):
            told(event, {**WHOLE[event], "repository": {}})

    @pytest.mark.parametrize("event", WHOLE)
    def test_under_another_name(self, event: str) -> None:
        """GitHub does not sign the event's name: what was signed for one event deploys under no other's."""
        for name, payload in {**WHOLE, "deployment_status": deployment_status()}.items():
            if name != event:
                with suppress(InvalidDelivery):
                    assert isinstance(told(event, payload), Ignored), name
