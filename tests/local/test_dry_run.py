"""The plan of a deployment: true of what then happens, and without a trace."""

import contextlib
import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import yaml

from tests.local.inventory import inventory
from tests.local.local_cloud import ECS_PRACTICE, HttpAnswer, LocalCloud


def practice() -> dict[str, Any]:
    """Return ecs-practice as another application, with a load balancer and a namespace of its own, scaled."""
    manifest: dict[str, Any] = yaml.safe_load(ECS_PRACTICE.read_text())
    manifest |= {"application": "planned", "namespace": "planned.local"}
    manifest["load_balancer"] = {"name": "slipway-5", "port": 80}
    api = manifest["services"]["api"]
    api["environment"]["USER_API_HOST"] = "user.planned.local"
    api["scaling"] = {"min": 1, "max": 2, "cpu": 60, "requests_per_target": 1000}
    return manifest


def asked(cloud: LocalCloud, manifest: dict[str, Any], query: str = "?dry_run=true", **headers: str) -> HttpAnswer:
    """Ask for a plan."""
    body = json.dumps(manifest).encode()
    return cloud.ask("POST", f"/deployments{query}", body, Content_Type="application/json", **headers)


def planned(cloud: LocalCloud, manifest: dict[str, Any]) -> dict[str, Any]:
    """Return the plan of a manifest, after looking that it left no trace."""
    before, deployments = inventory(cloud), cloud.ask("GET", "/deployments").document["deployments"]
    answer = asked(cloud, manifest)
    assert 200 == answer.status, answer.document
    assert before == inventory(cloud)
    assert deployments == cloud.ask("GET", "/deployments").document["deployments"]
    return answer.document


def actions(plan: dict[str, Any]) -> dict[str, str]:
    """Return what happens to each service."""
    return {name: service["action"] for name, service in plan["services"].items()}


@contextlib.contextmanager
def faults(cloud: LocalCloud, *faults: dict[str, Any]) -> Iterator[None]:
    """Let calls to AWS go wrong meanwhile."""
    place = f"{cloud.aws}/_slipway/faults"
    urllib.request.urlopen(urllib.request.Request(place, json.dumps(faults).encode(), method="POST")).close()
    try:
        yield
    finally:
        urllib.request.urlopen(urllib.request.Request(place, method="DELETE")).close()


def test_before_after_and_changed(cloud: LocalCloud) -> None:
    """First all is to be made, then nothing is to be done, and one changed value is one change from old to new."""
    manifest = practice()
    first = planned(cloud, manifest)

    assert {"user-api": "create", "api": "create"} == actions(first)
    assert ["namespace planned.local", "cluster planned"] == first["creates"]
    assert [["user-api"], ["api"]] == first["waves"]
    assert [] == first["findings"], first
    assert "succeeded" == cloud.deploy(manifest)["status"]

    second = planned(cloud, manifest)
    assert ({"user-api": "unchanged", "api": "unchanged"}, 0) == (actions(second), second["calls"]), second
    manifest["services"]["api"]["environment"]["USER_API_PORT"] = "3001"
    third = planned(cloud, manifest)
    change = {"field": "environment.USER_API_PORT", "old": "3000", "new": "3001"}
    api = {"action": "update", "changes": [change], "creates": ["task definition"]}
    assert (api, "unchanged", 2) == (third["services"]["api"], actions(third)["user-api"], third["calls"])


def test_findings_are_those_of_preflight(cloud: LocalCloud) -> None:
    """What a deployment would be refused for is in its plan, and so is what AWS does not let us look at."""
    manifest = practice()
    manifest["network"] = {"subnets": ["private", "nowhere"]}
    fault = {"kind": "fail", "service": "iam", "operation": "GetRole", "code": "AccessDenied", "message": "no right"}
    with faults(cloud, {**fault, "status": 403, "times": None}):
        plan = planned(cloud, manifest)

    assert {"user-api": "refused", "api": "refused"} == actions(plan)
    assert [
        ("error", "network_not_found", "/network/subnets/1"),
        ("warning", "could_not_check", None),
    ] == [(each["severity"], each["code"], each["pointer"]) for each in plan["findings"]]
    assert "AccessDenied: no right" in plan["findings"][1]["detail"]


def test_questions_that_are_refused(cloud: LocalCloud) -> None:
    """A question that the route does not know, a token that may only read and a faulty manifest are refused."""
    manifest = practice()
    answers = [
        asked(cloud, manifest, "?dry_run=banana"),
        asked(cloud, manifest, "?dry=true"),
        asked(cloud, manifest, token="local-read"),
        asked(cloud, {**manifest, "services": {}}),
    ]
    expected = [(400, "invalid_query"), (400, "invalid_query"), (403, "forbidden"), (422, "invalid_manifest")]
    assert expected == [(each.status, each.document["code"]) for each in answers]
