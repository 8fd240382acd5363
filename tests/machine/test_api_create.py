"""POST /deployments."""

import json
from typing import Any

import boto3
import pytest

from chalicelib import limits
from chalicelib.aws.task_definition_document import MAX_BYTES, size_bytes
from chalicelib.cloud import Cloud
from chalicelib.manifest.document import Document
from chalicelib.manifest.parse import validated
from chalicelib.plan import task_spec
from tests.machine.api import READER, Api, Table, end, problem
from tests.machine.slipway import two_services, with_service


def large(form: str, length: int) -> dict[str, Any]:
    """Return a manifest whose service is written in a form, with a variable of so many letters, and tags."""
    containers = {"web": {"image": "web:1", "environment": {"A": "x" * length}}}
    raw = {"name": "web", "image": "web:1", "environment": [{"name": "A", "value": "x" * length}]}
    definition = {"networkMode": "awsvpc", "cpu": "256", "memory": "512", "containerDefinitions": [raw]}
    tags = [{"key": "Team", "value": "web"}]
    services: dict[str, dict[str, Any]] = {
        "image": containers["web"],
        "containers": {"containers": containers},
        "task_definition": {"task_definition": {**definition, "tags": tags}},
    }
    return two_services(services={"home": services[form]})


class TestCreate:
    """POST /deployments."""

    def test_is_accepted(self, api: Api, cloud: Cloud) -> None:
        """A manifest is accepted with 202, where to look, and when."""
        answer = api.post(two_services())
        document = answer.json_body

        assert (202, f"/deployments/{document['id']}") == (answer.status_code, answer.headers["Location"])
        assert int(answer.headers["Retry-After"]) > 0
        assert ("pending", "writer") == (document["status"], document["requested_by"])
        assert {"home", "redis"} == set(document["services"])
        assert document["links"]["self"] == answer.headers["Location"]
        assert cloud.workflow.status(document["id"], "deploy") is not None

    def test_yaml_is_accepted(self, api: Api) -> None:
        """YAML is as good as JSON."""
        yaml = json.dumps(two_services()).encode()  # JSON is YAML
        assert 202 == api.post(yaml, Content_Type="application/yaml; charset=utf-8").status_code

    @pytest.mark.parametrize(
        ("body", "content_type", "status", "code"),
        [
            (b"{", "application/json", 400, "malformed_body"),
            (b"\xff", "application/json", 400, "malformed_body"),
            (b"a: [", "application/yaml", 400, "malformed_body"),
            (b"x" * (limits.BODY_BYTES + 1), "application/json", 413, "body_too_large"),
            (b"{}", "text/plain", 415, "unsupported_media_type"),
        ],
    )
    def test_body_that_cannot_be_read(self, api: Api, body: bytes, content_type: str, status: int, code: str) -> None:
        """A body that cannot be read is a problem that says how."""
        assert problem(api.post(body, Content_Type=content_type), status, code)["detail"]

    def test_every_fault_at_once(self, api: Api) -> None:
        """All faults of a manifest come in one answer, each with its pointer."""
        faulty = with_service({**two_services(), "application": ""}, "home", cpu="many")
        found = problem(api.post(faulty), 422, "invalid_manifest")
        assert {"/application", "/services/home/cpu"} <= {each["pointer"] for each in found["errors"]}

    @pytest.mark.parametrize(
        ("form", "pointer"), [("image", ""), ("containers", "/containers"), ("task_definition", "/task_definition")]
    )
    def test_task_definition_over_64_kib(self, api: Api, cloud: Cloud, form: str, pointer: str) -> None:
        """What ECS would not register is refused in every form, by a dry run too, and what it just would is not."""
        empty = validated(Document(large(form, 0)))
        least = size_bytes(task_spec(empty, "home"), cloud.settings.region)
        fits, too_large = (large(form, MAX_BYTES - least + more) for more in (0, 1))
        dry_run = api.request("POST", "/deployments?dry_run=true", {"Content-Type": "application/json"}, too_large)

        for answer in (api.post(too_large), dry_run):
            (fault,) = problem(answer, 422, "invalid_manifest")["errors"]
            assert f"/services/home{pointer}" == fault["pointer"]
            assert "would have 65537 bytes, and ECS takes 65536" in fault["detail"]
        assert 202 == api.post(fits).status_code

    def test_command_over_8192_characters(self, api: Api) -> None:
        """What ECS would not run before a deployment is refused, and what it just would is not."""
        around = len('[{"name":"home","command":["migrate",""]}]')
        for more, status in ((1, 422), (0, 202)):
            long = {"command": ["migrate", "é" * (8_192 - around + more)]}
            answer = api.post(with_service(two_services(), "home", before_deploy=long))
            assert status == answer.status_code
            if more:
                (fault,) = problem(answer, 422, "invalid_manifest")["errors"]
                assert "/services/home/before_deploy/command" == fault["pointer"]
                assert "has 8193 characters as JSON, and ECS takes 8192" in fault["detail"]

    def test_busy_service(self, api: Api) -> None:
        """A service that is being deployed is a conflict that names the deployment."""
        manifest = two_services()
        holder = api.post(manifest).json_body["id"]
        assert holder == problem(api.post(manifest), 409, "deployment_in_progress")["deployment"]

    def test_read_token_may_not_write(self, api: Api) -> None:
        """A token without the right to write may not deploy."""
        problem(api.post(two_services(), Authorization=READER), 403, "forbidden")

    def test_throttled_table(self, api: Api, table: Table) -> None:
        """A throttled table is 429 with Retry-After, and nothing was accepted."""
        manifest = two_services()
        table.throttled = True
        answer = api.post(manifest)
        problem(answer, 429, "too_many_requests")
        assert int(answer.headers["Retry-After"]) > 0

        table.throttled = False
        assert 202 == api.post(manifest).status_code

    def test_workflow_that_cannot_start(self, api: Api, cloud: Cloud) -> None:
        """What is recorded is accepted, although its workflow cannot start now: the sweep starts it."""
        boto3.client("stepfunctions").delete_state_machine(stateMachineArn=cloud.settings.state_machine_arn)
        answer = api.post(two_services())
        assert (202, [answer.json_body["id"]]) == (answer.status_code, cloud.store.open_deployments())


class TestIdempotencyKey:
    """The same key is the same request."""

    def test_replay(self, api: Api) -> None:
        """The same key with the same body is the same deployment, and says so."""
        manifest = two_services()
        first, second = (api.post(manifest, Idempotency_Key="key-1") for _ in range(2))
        assert (202, 202) == (first.status_code, second.status_code)
        assert first.json_body["id"] == second.json_body["id"]
        assert (None, "true") == tuple(each.headers.get("Idempotency-Replayed") for each in (first, second))

    def test_replay_after_the_end(self, api: Api, cloud: Cloud) -> None:
        """A key whose deployment has ended is answered 200, with its verdict."""
        manifest = two_services()
        made = api.post(manifest, Idempotency_Key="key-1").json_body["id"]
        end(cloud, made)
        again = api.post(manifest, Idempotency_Key="key-1")
        assert (200, made, "failed") == (again.status_code, again.json_body["id"], again.json_body["status"])

    def test_replay_is_shown_whole(self, api: Api, cloud: Cloud) -> None:
        """304 answers a GET alone: what a POST made is shown, although the caller has that version."""
        manifest = two_services()
        made = api.post(manifest, Idempotency_Key="key-1").json_body["id"]
        end(cloud, made)
        etag = api.get(f"/deployments/{made}").headers["ETag"]
        again = api.post(manifest, Idempotency_Key="key-1", If_None_Match=etag)
        assert (200, made) == (again.status_code, again.json_body["id"])

    def test_quoted_key(self, api: Api) -> None:
        """A key in quotes, as the header's draft writes it, is the key without them."""
        manifest = two_services()
        ids = {api.post(manifest, Idempotency_Key=key).json_body["id"] for key in ("key-1", '"key-1"')}
        assert 1 == len(ids)

    def test_other_body(self, api: Api) -> None:
        """The same key with another body is refused."""
        api.post(two_services(), Idempotency_Key="key-1")
        problem(api.post(two_services(), Idempotency_Key="key-1"), 422, "idempotency_key_reused")

    def test_force_is_another_request(self, api: Api, cloud: Cloud) -> None:
        """The same key and body with force, and without, are two requests; the record says which."""
        manifest, headers = two_services(), {"Idempotency-Key": "key-1"}
        first, again = (api.request("POST", "/deployments?force=true", headers, manifest) for _ in range(2))
        problem(api.post(manifest, Idempotency_Key="key-1"), 422, "idempotency_key_reused")
        unforced = api.request("POST", "/deployments?force=false", {"Idempotency-Key": "key-2"}, two_services())

        assert first.json_body["id"] == again.json_body["id"]
        assert [True, False] == [cloud.store.get(each.json_body["id"]).force for each in (first, unforced)]

    @pytest.mark.parametrize("key", ["", '""', "x" * 256, "k\u00e9y"])
    def test_key_that_is_none(self, api: Api, key: str) -> None:
        """A key that is empty, too long or not printable is refused."""
        problem(api.post(two_services(), Idempotency_Key=key), 400, "invalid_query")
