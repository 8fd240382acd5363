"""POST /webhooks/github: who is let in, what deploys, and what a delivery that comes again does."""

import gzip
import json
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any
from urllib.parse import urlencode

import boto3
import pytest

import app
from chalicelib import limits
from chalicelib.aws.dynamodb import Put
from chalicelib.cloud import Cloud
from chalicelib.github.signature import signature
from chalicelib.items import registration_items
from chalicelib.versions import present_body
from tests.deliveries import BAD, SHA, STRANGERS, WHOLE, deployment, push, release, workflow_run
from tests.machine.api import Api, Table, end, problem
from tests.machine.slipway import two_services
from tests.machine.webhook import CURRENT, NEXT, PUSH, deliver, pushed, register, webhook_secrets


@pytest.fixture(autouse=True)
def cloud(table: Table) -> Iterator[Cloud]:
    """Return a cloud whose webhook has two secrets."""
    assert not table.throttled
    with webhook_secrets():
        yield app.cloud()


class TestDoor:
    """Who is let in."""

    def test_signed_push_deploys(self, api: Api, cloud: Cloud) -> None:
        """A signed push deploys the registered manifest with its commit, and the record says where that came from."""
        application = register(api, PUSH)
        answer = deliver(api, "push", push())
        document = answer.json_body

        assert (202, f"/deployments/{document['id']}") == (answer.status_code, answer.headers["Location"])
        assert (application, "github:acme/shop") == (document["application"], document["requested_by"])
        assert {
            "type": "github",
            "repository": "acme/shop",
            "event": "push",
            "ref": "refs/heads/main",
            "sha": SHA,
            "delivery": "d-1",
        } == document["source"]
        assert f"home:{SHA}" == cloud.store.manifest(document["id"]).services["home"].image
        assert cloud.workflow.status(document["id"], "deploy") is not None

    def test_both_secrets(self, api: Api) -> None:
        """While a secret replaces another, deliveries signed with either are taken."""
        for secret in (CURRENT, NEXT):
            assert 200 == deliver(api, "ping", {}, secret=secret).status_code

    @pytest.mark.parametrize("name", STRANGERS)
    def test_strangers(self, api: Api, cloud: Cloud, name: str) -> None:
        """Without the right signature nobody is let in, whatever else is sent, and nothing is recorded."""
        register(api, PUSH)
        problem(deliver(api, "push", WHOLE, **STRANGERS[name]), 401, "unauthorized")
        assert [] == cloud.store.open_deployments()

    def test_signature_of_another_body(self, api: Api) -> None:
        """The signature of one body lets no other one in, be it a space longer."""
        register(api, PUSH)
        signed = signature(WHOLE, CURRENT)
        problem(deliver(api, "push", WHOLE + b" ", X_Hub_Signature_256=signed), 401, "unauthorized")
        assert 202 == deliver(api, "push", WHOLE, X_Hub_Signature_256=signed).status_code

    def test_secret_that_is_gone(self, api: Api) -> None:
        """While a secret cannot be read nobody is let in: a fault of ours, which GitHub shows at the delivery."""
        register(api, PUSH)
        boto3.client("ssm", region_name="us-east-1").delete_parameter(Name="/slipway/github-next")
        problem(deliver(api, "push", push()), 500, "internal_error")
        boto3.client("ssm", region_name="us-east-1").put_parameter(
            Name="/slipway/github-next", Value=NEXT.decode(), Type="SecureString"
        )
        assert 202 == deliver(api, "push", push()).status_code

    def test_signature_comes_first(self, api: Api) -> None:
        """What a stranger sends is not even read: a broken body of his is 401, too."""
        problem(deliver(api, "push", b"{", secret=b"wrong"), 401, "unauthorized")

    def test_rotated_secret_is_read_again(self, cloud: Cloud) -> None:
        """A secret is read once a minute: the new one is taken then, not before."""
        remembered = [cloud.remembered("x", 60, partial(str, value)) for value in ("first", "second")]
        forgotten = cloud.remembered("x", 0, lambda: "third")
        assert (["first", "first"], "third") == (remembered, forgotten)

    @pytest.mark.parametrize("name", BAD)
    def test_bad_input(self, api: Api, cloud: Cloud, name: str) -> None:
        """What is signed and cannot be used is a problem that says so, and nothing is recorded."""
        register(api, PUSH)
        body, headers, status, code = BAD[name]
        problem(deliver(api, "push", body, **headers), status, code)
        assert [] == cloud.store.open_deployments()

    def test_id_that_is_no_text(self, api: Api) -> None:
        """A delivery's id must be one that can be kept."""
        register(api, PUSH)
        problem(deliver(api, "push", push(), "dé"), 400, "invalid_delivery")

    def test_as_large_as_it_may_be(self, api: Api) -> None:
        """A delivery of 5 MB deploys."""
        register(api, PUSH)
        large = WHOLE + b" " * (limits.DELIVERY_BYTES - len(WHOLE))
        assert 202 == deliver(api, "push", large).status_code

    def test_form(self, api: Api) -> None:
        """A form's payload deploys, too."""
        register(api, PUSH)
        form = urlencode({"payload": json.dumps(push())}).encode()
        kind = "application/x-www-form-urlencoded"
        assert 202 == deliver(api, "push", form, Content_Type=kind).status_code


class TestWhatDeploys:
    """What a delivery means."""

    @pytest.mark.parametrize(
        ("trigger", "event", "payload"),
        [
            ({"event": "deployment", "environment": "production"}, "deployment", deployment()),
            ({"event": "deployment", "environment": "production"}, "deployment", deployment(payload="not JSON")),
            ({"event": "release", "images": {"home": "home:{version}"}}, "release", release()),
            ({"event": "workflow_run", "workflow": "CI"}, "workflow_run", workflow_run()),
            ({"event": "push", "branch": "release/*"}, "push", push("release/1")),
        ],
    )
    def test_events(self, api: Api, trigger: dict[str, Any], event: str, payload: dict[str, Any]) -> None:
        """Each event that a trigger names deploys."""
        register(api, {**trigger, "repository": "acme/shop"})
        answer = deliver(api, event, payload)
        assert (202, event) == (answer.status_code, answer.json_body["source"]["event"])

    def test_deployment_event_is_kept(self, api: Api) -> None:
        """Of GitHub's deployment its id and environment are kept, and no URL."""
        register(api, {"event": "deployment", "repository": "acme/shop", "environment": "production"})
        source = deliver(api, "deployment", deployment()).json_body["source"]
        assert ("42", "production") == (source["deployment_id"], source["environment"])
        assert not [value for value in source.values() if "://" in value]

    @pytest.mark.parametrize(
        ("event", "payload"),
        [
            ("ping", {"zen": "Keep it logically awesome."}),
            ("issues", {"action": "opened"}),
            ("push", push("another")),
            ("push", push(repository="mallory/shop")),
            ("push", {**push(), "deleted": True, "after": "0" * 40}),
            ("workflow_run", workflow_run(head_repository={"full_name": "mallory/shop"})),
            ("deployment", deployment()),
        ],
    )
    def test_ignored(self, api: Api, cloud: Cloud, event: str, payload: dict[str, Any]) -> None:
        """What no trigger names is 200 with the reason, and nothing is deployed."""
        register(api, PUSH)
        answer = deliver(api, event, payload)
        assert (200, {"ignored"}) == (answer.status_code, set(answer.json_body))
        assert [] == cloud.store.open_deployments()

    def test_a_trigger_of_before(self, api: Api, cloud: Cloud) -> None:
        """A trigger that was registered without a workflow is read and shown, and its deliveries tell what to do."""
        application = register(api, {"event": "workflow_run", "repository": "acme/shop", "workflow": "CI"})
        stored = cloud.store.registration(application, "default")
        assert stored is not None
        before = [{"event": "workflow_run", "repository": "acme/shop"}]
        items = registration_items(stored)
        for item in items:
            whole = {**json.loads(present_body("registration", item)), "triggers": before}
            body = json.dumps(whole)
            packed = gzip.compress(body.encode()) if isinstance(item["body"], bytes) else body
            cloud.store._table.write(Put({**item, "body": packed, "version": 1}))

        answer = deliver(api, "workflow_run", workflow_run())
        shown = cloud.store.registration(application, "default")
        assert (200, []) == (answer.status_code, cloud.store.open_deployments())
        expected = f"the trigger of {application} in default names no workflow, so that the run of any would deploy"
        assert f"{expected}: register it again with workflow" == answer.json_body["ignored"]
        assert shown is not None
        assert (None, ()) == (shown.triggers[0].workflow, shown.triggers[0].runs_of)

    def test_a_run_of_another_event(self, api: Api, cloud: Cloud) -> None:
        """A run that anybody can start by opening an issue deploys nothing, and the answer tells what to write."""
        register(api, {"event": "workflow_run", "repository": "acme/shop", "workflow": "CI"})
        answer = deliver(api, "workflow_run", workflow_run(event="issues"))
        assert (200, []) == (answer.status_code, cloud.store.open_deployments())
        assert "this is one of issues: register it again with that in runs_of" in answer.json_body["ignored"]

    def test_only(self, api: Api) -> None:
        """An environment that only deployments or persons may deploy ignores a push."""
        deploys = {"event": "deployment", "repository": "acme/shop", "environment": "production"}
        register(api, PUSH, deploys, only=("deployment",))
        register(api, PUSH, deploys, only=("person",))
        assert "ignored" in deliver(api, "push", push()).json_body
        answer = deliver(api, "deployment", deployment())
        assert (202, False) == (answer.status_code, "others" in answer.json_body)

    def test_several(self, api: Api) -> None:
        """Each environment that a trigger names is deployed, once; the answer is the first, with the others."""
        first, second = (register(api, PUSH, {**PUSH, "branch": "**"}) for _ in range(2))
        document = deliver(api, "push", push()).json_body
        others = [each["application"] for each in document["others"]]
        assert sorted([first, second]) == sorted([document["application"], *others])

    def test_to_another_environment(self, api: Api) -> None:
        """A trigger may deploy another environment of its application; one that is not registered is ignored."""
        application = register(api, {**PUSH, "to_environment": "staging"})
        assert "ignored" in deliver(api, "push", push()).json_body
        manifest = two_services(application=application, environment="staging")
        api.request("PUT", f"/applications/{application}", {}, {"manifest": manifest})
        assert "staging" == deliver(api, "push", push()).json_body["environment"]

    def test_placeholder_without_a_value(self, api: Api) -> None:
        """A placeholder that the event has no value for is a fault that GitHub shows at the delivery."""
        register(api, PUSH, image="home:{tag}")
        found = problem(deliver(api, "push", push()), 422, "invalid_manifest")
        assert ["/services/home/image"] == [each["pointer"] for each in found["errors"]]

    def test_branch_cannot_name_another_image(self, api: Api, cloud: Cloud) -> None:
        """Whatever a branch is called, it is a tag of the image that is registered."""
        register(api, {**PUSH, "branch": "**"}, image="home:{branch}")
        made = deliver(api, "push", push("x/../../evil:1@sha256")).json_body["id"]
        assert "home:x-..-..-evil-1-sha256" == cloud.store.manifest(made).services["home"].image


class TestAgain:
    """The delivery's id is its key, and so is its body, which is what GitHub signs."""

    def test_redelivery_changes_nothing(self, api: Api, cloud: Cloud) -> None:
        """A delivery that was accepted is answered with what it made, before and after its end."""
        register(api, PUSH)
        first, again = (deliver(api, "push", push()) for _ in range(2))
        made = first.json_body["id"]
        end(cloud, made)
        after = deliver(api, "push", push())

        assert (made, made) == (again.json_body["id"], after.json_body["id"])
        assert (202, 202, 200) == (first.status_code, again.status_code, after.status_code)
        assert [None, "true", "true"] == [each.headers.get("Idempotency-Replayed") for each in (first, again, after)]
        assert [] == cloud.store.open_deployments()

    def test_key_outlives_redelivery(self, api: Api, cloud: Cloud) -> None:
        """GitHub redelivers for up to 7 days: the key is still known then."""
        register(api, PUSH)
        made = deliver(api, "push", push()).json_body["id"]
        keys = [item["sk"] for item in cloud.store._table.partition("idempotency#github:acme/shop")]
        late, later = (cloud.now() + timedelta(days=days, hours=1) for days in (7, 1000))
        known = [cloud.store.idempotency("github:acme/shop", key, late) for key in keys]
        kept = [key for key in keys if cloud.store.idempotency("github:acme/shop", key, later)]

        assert [made, made] == [each.deployment_id for each in known if each]
        assert [True] == [key.startswith("body ") for key in kept]

    def test_replay_under_another_id(self, api: Api, cloud: Cloud) -> None:
        """A body that somebody sends again under another id deploys nothing, whether its deployment runs or ended."""
        register(api, {**PUSH, "on_busy": "supersede"})
        first, second = (deliver(api, "push", pushed(1), f"d-{number}") for number in (1, 2))
        made = first.json_body["id"]
        end(cloud, made)
        third = deliver(api, "push", pushed(1), "d-3")

        assert (made, made) == (second.json_body["id"], third.json_body["id"])
        assert (202, 202, 200) == (first.status_code, second.status_code, third.status_code)
        assert [None, "true", "true"] == [each.headers.get("Idempotency-Replayed") for each in (first, second, third)]
        assert [] == cloud.store.open_deployments()

    def test_id_of_another_body(self, api: Api) -> None:
        """A delivery's id that comes again with another body is refused."""
        register(api, PUSH)
        deliver(api, "push", pushed(1))
        problem(deliver(api, "push", pushed(2)), 422, "idempotency_key_reused")

    def test_the_same_commit_again(self, api: Api, cloud: Cloud) -> None:
        """A commit that is pushed again, after another one, is deployed again: it is another event."""
        register(api, PUSH)
        first = deliver(api, "push", pushed(1), "d-1").json_body["id"]
        end(cloud, first)
        assert first != deliver(api, "push", pushed(2), "d-2").json_body["id"]

    def test_refused_delivery_may_come_again(self, api: Api, table: Table) -> None:
        """A delivery that failed before it was recorded is accepted when it comes again."""
        register(api, PUSH)
        table.throttled = True
        problem(deliver(api, "push", push()), 429, "too_many_requests")
        table.throttled = False
        assert 202 == deliver(api, "push", push()).status_code

    def test_busy(self, api: Api, cloud: Cloud) -> None:
        """A busy service is a conflict that names its holder; the same delivery is accepted when that has ended."""
        register(api, PUSH)
        holder = deliver(api, "push", pushed(1), "d-1").json_body["id"]
        assert holder == problem(deliver(api, "push", pushed(2), "d-2"), 409, "deployment_in_progress")["deployment"]
        end(cloud, holder)
        again = deliver(api, "push", pushed(2), "d-2")
        assert (202, None) == (again.status_code, again.headers.get("Idempotency-Replayed"))

    def test_busy_and_superseding(self, api: Api, cloud: Cloud) -> None:
        """With on_busy: supersede a later push takes the place of the earlier one."""
        register(api, {**PUSH, "on_busy": "supersede"})
        first, second = (deliver(api, "push", pushed(number), f"d-{number}").json_body["id"] for number in (1, 2))
        assert second == cloud.store.get(first).superseded_by

    def test_one_of_two_is_busy(self, api: Api, cloud: Cloud) -> None:
        """When one of two environments is busy the other is deployed, and delivered again it is not deployed twice."""
        busy, free = register(api, PUSH), register(api, PUSH)
        holder = api.post({"application": busy, "images": {"home": "home:1"}}).json_body["id"]
        problem(deliver(api, "push", push()), 409, "deployment_in_progress")
        end(cloud, holder)
        again = deliver(api, "push", push())
        documents = [again.json_body, *again.json_body["others"]]

        assert {busy, free} == {each["application"] for each in documents}
        assert 2 == len(cloud.store.open_deployments())
