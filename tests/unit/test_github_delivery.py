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
from chalicelib.github.body import MAX_FORM_FIELDS, demand_size
from chalicelib.github.delivery import DeploymentRequested, Ignored, Occurrence, Push, Released, WorkflowSucceeded, read
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
NO_HEADER = (
    "The delivery has no X-Hub-Signature-256.",
    "Give the webhook the secret; SHA-1 alone is not taken.",
)
OTHER_HEADER = (
    "X-Hub-Signature-256 is not this body's, with any secret that is valid here.",
    "The webhook's secret on GitHub and a secret of SLIPWAY_GITHUB_SECRETS must be the same.",
)
QUEUE, A_FORK = "gh-readonly-queue/", "the workflow ran for another repository, a fork"
UNMERGED = "what is not merged yet deploys nothing"
OLD, NEW = b"old secret", b"It's a Secret to Everybody"
# The published example: docs.github.com, "Validating webhook deliveries".
EXAMPLE = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"


OF_THE_COMMIT = {"sha": SHA, "short_sha": SHA[:7]}


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
            "sha256=\ud800",
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
        with pytest.raises(Unauthorized) as refused:
            verify(b"Hello, World!", header, [OLD, NEW])
        expected = NO_HEADER if header is None else OTHER_HEADER
        assert expected == (refused.value.detail, refused.value.hint)

    def test_blanks_around_it(self) -> None:
        """Blanks around a header's value are no part of it."""
        verify(b"Hello, World!", f" {EXAMPLE} ", [NEW])

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
        for content_type in ('application/json; charset="UTF-8"', "Application/JSON;charset=utf8"):
            assert happened("push", push()) == told("push", push(), content_type)

    @pytest.mark.parametrize(
        "content_type",
        [None, "", "text/plain", "application/yaml", "application/json; charset=latin-1", "a\r\nb: c", "é"],
    )
    def test_other_content_types(self, content_type: str | None) -> None:
        """Any other content type or charset is not supported, and it is said which are."""
        with pytest.raises(UnsupportedMediaType) as refused:
            told("push", push(), content_type)
        assert f"The content type is {json.dumps(content_type or '')}." == refused.value.detail
        hint = "Choose application/json in the webhook's settings; a form with payload= is taken too, both in UTF-8."
        assert hint == refused.value.hint

    def test_endless_content_type(self) -> None:
        """A content type is quoted in short."""
        with pytest.raises(UnsupportedMediaType) as refused:
            told("push", push(), "x" * 101)
        assert f'The content type is "{"x" * 100}".' == refused.value.detail

    @pytest.mark.parametrize(
        ("body", "words"),
        [
            (b"", r"cannot be read: Expecting value: line 1"),
            (b"[]", "is no object."),
            (b"null", "is no object."),
            (b'"text"', "is no object."),
            (b"{", "cannot be read: Expecting property name"),
            (json.dumps(push()).encode()[:-5], "cannot be read: "),
            (b'{"ref": "\xff"}', "cannot be read: 'utf-8' codec can't decode byte 0xff"),
            (b'{"ref": "\\ud800"}', "cannot be read: 'utf-8' codec can't encode"),
            (b'{"number": ' + b"9" * 5000 + b"}", "cannot be read: Exceeds the limit"),
            (b"[" * 100_000, "is nested too deeply."),
            (b'{"a": ' * 50_000 + b"1" + b"}" * 50_000, "is nested too deeply."),
        ],
    )
    def test_broken_bodies(self, body: bytes, words: str) -> None:
        """A truncated body, other encodings, endless numbers and nesting are told, as what they are."""
        with pytest.raises(InvalidDelivery) as refused:
            told("push", body)
        assert refused.value.detail.startswith(f"The payload {words}")
        assert len(refused.value.detail) <= 230

    @pytest.mark.parametrize(
        ("form", "words"),
        [
            (b"", "the form has not one field named payload."),
            (b"payload", "bad query field"),
            (b"payload={", "Expecting property name"),
            (b"x=1", "the form has not one field named payload."),
            (b"payload={}&payload={}", "the form has not one field named payload."),
            (b"payload=%FF", "'utf-8' codec can't decode byte 0xff"),
            (b"&" * 100, "Max number of fields"),
            (b"payload={}&" + b"&".join(b"a=1" for _ in range(MAX_FORM_FIELDS)), "Max number of fields"),
        ],
    )
    def test_broken_forms(self, form: bytes, words: str) -> None:
        """A form must have one payload, which is JSON in UTF-8, and not many fields beside it."""
        with pytest.raises(InvalidDelivery, match=f"cannot be read: {words}"):
            told("push", form, "application/x-www-form-urlencoded")

    def test_what_cannot_be_read_is_quoted_in_short(self) -> None:
        """A reason that quotes what was sent is no longer than a line or two."""
        with pytest.raises(InvalidDelivery) as refused:
            told("push", b"x" * 1000, "application/x-www-form-urlencoded")
        assert len("The payload cannot be read: .") + 200 == len(refused.value.detail)

    def test_form_with_other_fields(self) -> None:
        """Other fields of a form do no harm, as many as there may be."""
        fields = [("payload", json.dumps(push())), *(("a", "1") for _ in range(MAX_FORM_FIELDS - 1))]
        assert happened("push", push()) == told("push", urlencode(fields).encode(), "application/x-www-form-urlencoded")

    def test_size(self) -> None:
        """More than 5 MB is too large."""
        demand_size(b" " * limits.DELIVERY_BYTES)
        with pytest.raises(BodyTooLarge) as refused:
            demand_size(b" " * (limits.DELIVERY_BYTES + 1))
        assert "The body has 5000001 bytes; a delivery may have 5000000." == refused.value.detail

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
        assert {**OF_THE_COMMIT, "branch": "feature/x", "tag": "", "version": ""} == found.values

    def test_push_of_a_tag(self) -> None:
        """A tag is a version; of an annotated one the commit counts, not the tag's own object."""
        found = happened("push", push_of_a_tag("v1.5.0"))
        assert {**OF_THE_COMMIT, "branch": "", "tag": "v1.5.0", "version": "1.5.0"} == found.values

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
        assert {**OF_THE_COMMIT, "branch": "main", "tag": "main", "version": "main"} == found.values

    @pytest.mark.parametrize("payload", [{"version": "2.0"}, '{"version": "2.0"}'])
    def test_payload_with_version(self, payload: Any) -> None:
        """A deployment's payload may say the version, as an object or as JSON in a text."""
        found = happened("deployment", deployment(payload=payload))
        assert isinstance(found, DeploymentRequested)
        assert ("2.0", "production", 42) == (found.values["version"], found.environment, found.deployment_id)

    def test_deployment_of_a_commit(self) -> None:
        """A ref that is a commit is neither branch nor tag."""
        found = happened("deployment", deployment(ref=SHA))
        assert (
            DeploymentRequested(
                event="deployment",
                repository="acme/shop",
                sha=SHA,
                ref=SHA,
                environment="production",
                deployment_id=42,
                version="",
            )
            == found
        )
        assert {**OF_THE_COMMIT, "branch": "", "tag": "", "version": ""} == found.values

    def test_release(self) -> None:
        """A release tells tag and version."""
        found = happened("release", release())
        assert Released(event="release", repository="acme/shop", ref="refs/tags/v1.5.0", tag="v1.5.0") == found
        assert {"tag": "v1.5.0", "version": "1.5.0"} == found.values

    def test_workflow_run(self) -> None:
        """A workflow that succeeded tells its name, file, branch and commit."""
        found = happened("workflow_run", workflow_run(path=".github/workflows/ci.yml@main", head_branch="next"))
        assert (
            WorkflowSucceeded(
                event="workflow_run",
                repository="acme/shop",
                sha=SHA,
                ref="refs/heads/next",
                workflow="CI",
                path=".github/workflows/ci.yml",
                branch="next",
                default_branch="main",
                run_of="push",
            )
            == found
        )
        assert {**OF_THE_COMMIT, "branch": "next"} == found.values

    def test_workflow_told_in_one_place(self) -> None:
        """Name and file of a workflow stand beside its run, or in it."""
        workflow = {"name": "Other", "path": "other.yml"}
        beside = happened("workflow_run", {**workflow_run(name=None, path=None), "workflow": workflow})
        within = happened("workflow_run", {**workflow_run(name="Other", path="other.yml"), "workflow": None})
        assert [("Other", "other.yml")] * 2 == [
            (found.workflow, found.path) for found in (beside, within) if isinstance(found, WorkflowSucceeded)
        ]

    @pytest.mark.parametrize(
        ("event", "payload", "reason"),
        [
            ("ping", {"zen": "Design for failure."}, "ping: the webhook is connected"),
            ("issues", {"action": "opened"}, "issues is no event that deploys"),
            ("x" * 51, {}, f"{'x' * 50} is no event that deploys"),
            ("", {}, " is no event that deploys"),
            ("push", push_of_nothing(), "refs/heads/main was deleted"),
            ("push", push_of_nothing("refs/tags/v1"), "refs/tags/v1 was deleted"),
            ("push", {**push(), "deleted": True}, "refs/heads/main was deleted"),
            ("push", {**push("x" * 100), "deleted": True}, f"refs/heads/{'x' * 89} was deleted"),
            ("push", {**push(), "after": "0" * 40}, "refs/heads/main was deleted"),
            ("push", push(f"{QUEUE}main/pr-7-6113"), f"{QUEUE}main/pr-7-6113 is in the merge queue"),
            ("push", push(f"{QUEUE}{'x' * 99}"), f"{QUEUE}{'x' * 82} is in the merge queue"),
            ("push", {**push(), "ref": "refs/notes/x"}, "refs/notes/x is neither a branch nor a tag"),
            ("push", {**push(), "ref": "refs/heads/"}, "refs/heads/ is neither a branch nor a tag"),
            ("push", {**push(), "ref": "x" * 101}, f"{'x' * 100} is neither a branch nor a tag"),
            ("deployment", {**deployment(), "action": "edited"}, "the deployment's action is edited, not created"),
            ("deployment", {**deployment(), "action": None}, "the deployment's action is not told, not created"),
            ("deployment", {**deployment(), "action": "x" * 51}, f"the deployment's action is {'x' * 50}, not created"),
            ("deployment", deployment_status(), "this is a deployment's status"),
            ("deployment_status", deployment_status(), "deployment_status is no event that deploys"),
            ("release", {**release(), "action": "published"}, "the release's action is published, not released"),
            ("release", {**release(), "action": None}, "the release's action is not told, not released"),
            ("release", {**release(), "action": "x" * 51}, f"the release's action is {'x' * 50}, not released"),
            ("release", release(prerelease=True), "a draft or prerelease deploys nothing"),
            ("release", release(draft=True), "a draft or prerelease deploys nothing"),
            ("workflow_run", {**workflow_run(), "action": "requested"}, "the workflow has not completed"),
            ("workflow_run", workflow_run(conclusion="failure"), "the workflow ended in failure"),
            ("workflow_run", workflow_run(conclusion="x" * 51), f"the workflow ended in {'x' * 50}"),
            ("workflow_run", workflow_run(conclusion=None), "the workflow ended in nothing that is told"),
            *(
                ("workflow_run", workflow_run(event=each), f"the workflow ran for {each}: {UNMERGED}")
                for each in ("pull_request", "pull_request_target", "merge_group")
            ),
            ("workflow_run", workflow_run(head_repository={"full_name": "mallory/shop"}), A_FORK),
            ("workflow_run", workflow_run(head_repository=None), A_FORK),
            ("workflow_run", workflow_run(head_branch=None), "it happened on no branch"),
            (
                "workflow_run",
                workflow_run(event="push", head_branch=f"{QUEUE}main/pr-7"),
                f"{QUEUE}main/pr-7 is in the merge queue",
            ),
        ],
    )
    def test_ignored(self, event: str, payload: dict[str, Any], reason: str) -> None:
        """Pings, other events, deletions, queues, prereleases, failures and forks deploy nothing; it is said why."""
        assert Ignored(reason) == told(event, payload)

    @pytest.mark.parametrize(
        ("event", "way"),
        [
            *((event, "repository.full_name") for event in WHOLE),
            ("push", "ref"),
            ("deployment", "deployment.id"),
            ("deployment", "deployment.sha"),
            ("deployment", "deployment.environment"),
            ("release", "release.tag_name"),
            ("workflow_run", "workflow_run.head_sha"),
        ],
    )
    @pytest.mark.parametrize("value", [None, "", True, [], {}])
    def test_without_what_github_always_sends(self, event: str, way: str, value: Any) -> None:
        """A payload without what GitHub always sends, or with something else there, is refused, naming it."""
        *around, key = way.split(".")
        payload = json.loads(json.dumps(WHOLE[event]))
        if way == "repository.full_name" and event == "workflow_run":
            payload["workflow_run"]["head_repository"] = {"full_name": value}
        reduce(getitem, around, payload)[key] = value
        with pytest.raises(InvalidDelivery) as refused:
            told(event, payload)
        assert f"The payload has no {way}, which GitHub sends with this event." == refused.value.detail

    def test_push_without_any_commit(self) -> None:
        """A push names a commit, or at least the object that the ref points to now."""
        with pytest.raises(InvalidDelivery, match="no after, which"):
            told("push", {**push(), "head_commit": None, "after": None})

    @pytest.mark.parametrize("event", WHOLE)
    def test_under_another_name(self, event: str) -> None:
        """GitHub does not sign the event's name: what was signed for one event deploys under no other's."""
        for name, payload in {**WHOLE, "deployment_status": deployment_status()}.items():
            if name != event:
                with suppress(InvalidDelivery):
                    assert isinstance(told(event, payload), Ignored), name
