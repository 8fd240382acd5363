"""GitHub's webhook in the local cloud: signed deliveries deploy, others do not, and what is live is shown."""

import json
import re
import subprocess
import textwrap
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from shutil import which
from typing import Any
from uuid import uuid4

import pytest

from chalicelib.github.signature import signature
from localcloud.account import GITHUB_SECRET_VALUE
from tests.deliveries import BAD, STRANGERS, WHOLE, deployment, push_of_a_tag
from tests.local.local_cloud import ROOT, HttpAnswer, LocalCloud, hello

JSON = {"Content_Type": "application/json"}


def deliver(
    cloud: LocalCloud, event: str, payload: dict[str, Any] | bytes, delivery: str, **headers: str | None
) -> HttpAnswer:
    """Deliver an event as GitHub does; a header that is None is not sent."""
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    signed = {"X_Hub_Signature_256": signature(body, GITHUB_SECRET_VALUE.encode())}
    told = {"X_GitHub_Event": event, "X_GitHub_Delivery": delivery, **JSON, **signed, **headers}
    sent = {name: value for name, value in told.items() if value is not None}
    return cloud.ask("POST", "/webhooks/github", body, token=None, **sent)


def register(cloud: LocalCloud, application: str, *triggers: dict[str, Any]) -> HttpAnswer:
    """Register one `hello` service, its version in a placeholder, with triggers of acme/<application>."""
    manifest = hello(application, image="actors-hello:{version}", discovery={"name": application})
    manifest["namespace"] = "github.local"
    named = [{"repository": f"acme/{application}", **each} for each in triggers]
    body = json.dumps({"manifest": manifest, "triggers": named}).encode()
    return cloud.ask("PUT", f"/applications/{application}", body, **JSON)


def live(cloud: LocalCloud, application: str) -> dict[str, Any]:
    """Return what is live of an application."""
    return cloud.ask("GET", f"/applications/{application}").document


def test_push_deploys_and_replays_change_nothing(cloud: LocalCloud) -> None:
    """A signed push of a tag deploys, and delivered again changes nothing."""
    assert 201 == register(cloud, "pushed", {"event": "push", "tag": "v*"}).status
    payload = push_of_a_tag("v1", repository="acme/pushed")
    assert 200 == deliver(cloud, "ping", {"zen": "Keep it logically awesome."}, str(uuid4())).status
    accepted = deliver(cloud, "push", payload, delivery := str(uuid4()))
    ended = cloud.ended(accepted.document["id"])
    again = deliver(cloud, "push", payload, delivery)
    listed = cloud.ask("GET", "/deployments?application=pushed").document["deployments"]

    assert (202, "succeeded") == (accepted.status, ended["status"]), ended["failure"]
    assert (200, ended["id"], "true") == (again.status, again.document["id"], again.headers["Idempotency-Replayed"])
    assert [ended["id"]] == [each["id"] for each in listed]


@pytest.mark.full
def test_replays_that_race_deploy_once(cloud: LocalCloud) -> None:
    """Of 20 deliveries of one signed body at once, each with an id of its own, all get the same deployment."""
    register(cloud, "replayed", {"event": "push", "tag": "v*", "on_busy": "supersede"})
    payload = push_of_a_tag("v1", repository="acme/replayed")
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: deliver(cloud, "push", payload, str(uuid4())), range(20)))
    [made] = cloud.ask("GET", "/deployments?application=replayed").document["deployments"]

    assert {(202, made["id"]): 20} == Counter((each.status, each.document["id"]) for each in answers)
    assert {None: 1, "true": 19} == Counter(each.headers.get("Idempotency-Replayed") for each in answers)
    assert "succeeded" == cloud.ended(made["id"])["status"]


def test_deployment_deploys(cloud: LocalCloud) -> None:
    """A deployment that was created on GitHub deploys the version that its payload says, a text of JSON."""
    register(cloud, "asked", {"event": "deployment", "environment": "production"})
    payload = deployment("acme/asked", payload='{"version": "1"}')
    accepted = deliver(cloud, "deployment", payload, str(uuid4()))
    ended = cloud.ended(accepted.document["id"])

    assert "succeeded" == ended["status"], ended["failure"]
    assert ("42", "github:acme/asked") == (ended["source"]["deployment_id"], ended["requested_by"])


def test_what_is_live(cloud: LocalCloud) -> None:
    """Revision, image, tasks, name, URL and last deployment are shown, and drift as soon as somebody else changes."""
    register(cloud, "lived")
    body = json.dumps({"application": "lived", "version": "1"}).encode()
    made = cloud.ended(cloud.ask("POST", "/deployments", body, **JSON).document["id"])
    before = live(cloud, "lived")["services"]["hello"]
    cloud.client("ecs").update_service(cluster="lived", service="hello", healthCheckGracePeriodSeconds=7)
    after = live(cloud, "lived")["services"]["hello"]

    assert "succeeded" == made["status"], made["failure"]
    assert (1, 1, []) == (before["desired"], before["running"], before["drift"])
    assert made["services"]["hello"]["task_definition"] == before["task_definition"]
    assert "actors-hello:1" == before["images"]["hello"]["image"]
    assert made["services"]["hello"]["dns"]["addresses"] == before["dns"]["addresses"]
    assert (made["services"]["hello"]["url"], made["id"]) == (before["url"], before["deployment"]["id"])
    assert [{"field": "health_check_grace_period_seconds", "deployed": 0, "serves": 7}] == after["drift"]


@pytest.mark.parametrize("name", STRANGERS)
def test_strangers_are_turned_away(cloud: LocalCloud, name: str) -> None:
    """A delivery that nobody signed, or somebody else, is 401."""
    refused = deliver(cloud, "push", WHOLE, str(uuid4()), **STRANGERS[name])
    assert (401, "unauthorized") == (refused.status, refused.document["code"])


@pytest.mark.parametrize("name", BAD)
def test_bad_deliveries_are_told(cloud: LocalCloud, name: str) -> None:
    """What is signed and cannot be used is a problem that says so, and no fault of Slipway's."""
    body, headers, *expected = BAD[name]
    refused = deliver(cloud, "push", body, str(uuid4()), **headers)
    if name in ("not UTF-8", "UTF-16"):  # API Gateway makes another body of it, for which the signature is not right
        expected = [401, "unauthorized"]
    assert expected == [refused.status, refused.document["code"]]


@pytest.mark.full
@pytest.mark.skipif(which("openssl") is None, reason="the page signs with openssl, which is not here")
def test_the_page_runs(cloud: LocalCloud, tmp_path: Path) -> None:
    """Whoever follows docs/github.md with `make up` gets from nothing to a deployment by webhook, and sees it live."""
    page = (ROOT / "docs" / "github.md").read_text()
    blocks = re.findall(r"^( *)```(yaml|sh)\n(.*?)^ *```", page, re.MULTILINE | re.DOTALL)
    [manifest, register, show, deliver_by_hand] = [textwrap.dedent(lines) for _, _, lines in blocks]
    (tmp_path / "shop.yaml").write_text(manifest)
    variables = {"SLIPWAY_URL": cloud.url, "SLIPWAY_TOKEN": "local-admin", "PATH": "/usr/bin:/bin"}

    def run(lines: str) -> dict[str, Any]:
        shell = ["bash", "-eo", "pipefail", "-c", lines]
        ran = subprocess.run(shell, cwd=tmp_path, env=variables, capture_output=True, text=True, check=False)
        assert 0 == ran.returncode, ran.stdout + ran.stderr
        document: dict[str, Any] = json.loads(ran.stdout)
        return document

    run(register)
    accepted = run(deliver_by_hand)
    ended = cloud.ended(accepted["id"])
    assert "succeeded" == ended["status"], ended["failure"]
    assert ended["id"] == run(show)["services"]["home"]["succeeded_with"]
    assert "hello" == cloud.visit("/home")["greeting"]
