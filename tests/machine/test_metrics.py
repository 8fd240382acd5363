"""What a deployment measures: one verdict, however often its end is written."""

import json
from typing import Any

import pytest

import app
from chalicelib import recovery
from chalicelib.store import Store
from tests.machine.api import Api
from tests.machine.slipway import Slipway, two_services, with_service
from tests.machine.test_faults import ONCE


def measured(capsys: pytest.CaptureFixture[str], name: str) -> list[dict[str, Any]]:
    """Return the lines that tell a metric."""
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "CloudWatchMetrics" in line]
    return [line for line in found if name in line]


def test_success_is_one_verdict(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    """A deployment that succeeds tells one verdict: how long it took, and what was left after the last rollout."""
    slipway = Slipway(store)
    ended = slipway.deploy(two_services())
    [line] = measured(capsys, "Deployments")
    assert (ended.id, "deploy", "succeeded") == (line["deployment_id"], line["kind"], line["status"])
    assert ended.finished_at is not None
    assert [(ended.finished_at - ended.created_at).total_seconds()] == line["DurationSeconds"]
    home = ended.services["home"]
    assert home.settled_at is not None
    assert [(ended.finished_at - home.settled_at).total_seconds()] == line["LagSeconds"]
    assert slipway.world.dns_seconds <= line["LagSeconds"][0] < line["DurationSeconds"][0]


def test_finish_that_runs_twice(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    """A Finish is tried again after it wrote the end, and others conclude in vain: one verdict."""
    slipway = Slipway(store)
    posted = slipway.post(two_services())
    stale = slipway.record(posted)
    slipway.machine.run(posted.id)
    slipway.functions["observe"]({"state": "Finish", "deployment_id": posted.id})
    recovery.conclude(slipway.cloud, stale)
    assert [posted.id] == [line["deployment_id"] for line in measured(capsys, "Deployments")]


@pytest.mark.parametrize("kind", ONCE)
@pytest.mark.parametrize("ending", ["succeeded", "rolled_back", "torn down"])
def test_finish_whose_answer_is_lost(store: Store, capsys: pytest.CaptureFixture[str], ending: str, kind: str) -> None:
    """An end that is written but not answered, or not written at first, tells one verdict, whatever it is."""
    slipway, manifest = Slipway(store), two_services()
    first = slipway.deploy(manifest)
    capsys.readouterr()
    slipway.world.broken |= {"home:2"} if ending == "rolled_back" else set()
    slipway.faults.break_from_now_on({"store.finish": ONCE[kind]})
    changed = with_service(manifest, "home", image="home:2")
    ended = slipway.tear_down(first) if ending == "torn down" else slipway.deploy(changed)
    assert ["store.finish"] == slipway.faults.struck
    told = measured(capsys, "Deployments")
    assert [(ended.id, ended.status)] == [(line["deployment_id"], line["status"]) for line in told]


def test_way_back_is_one_verdict(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    """One that goes back tells how late its failure was recorded, from the first task that proved it hopeless."""
    slipway, manifest = Slipway(store), two_services()
    slipway.deploy(manifest)
    capsys.readouterr()
    slipway.world.broken.add("home:2")
    ended = slipway.deploy(with_service(manifest, "home", image="home:2"))
    [line] = measured(capsys, "Deployments")
    assert ("rolled_back", [1.0]) == (line["status"], line["Deployments"])
    settled_at, failed_at = ended.services["home"].settled_at, ended.failed_at
    assert settled_at is not None
    assert failed_at is not None
    assert [(failed_at - settled_at).total_seconds()] == line["LagSeconds"]
    assert line["LagSeconds"] < line["DurationSeconds"]


def test_rollout_that_ecs_gives_up(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    """Of a rollout that proves nothing by its tasks, what counts is when ECS began to go back."""
    slipway, manifest = Slipway(store), two_services()
    slipway.deploy(manifest)
    capsys.readouterr()
    slipway.world.broken.add("home:2")
    slipway.world.exit_codes["home:2"] = 3
    ended = slipway.deploy(with_service(manifest, "home", image="home:2"))
    home = slipway.world.service(ended.cluster, "home")
    assert home is not None
    [back] = [each for each in home.deployments if each.rolls_back]
    assert slipway.clock.instant(back.began) == ended.services["home"].settled_at
    assert 1 == len(measured(capsys, "LagSeconds"))


def test_what_ecs_does_not_date_has_no_lag(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing to change, a teardown: no rollout of ours decided them, so there is no lag."""
    slipway, manifest = Slipway(store), two_services()
    first = slipway.deploy(manifest)
    capsys.readouterr()
    slipway.deploy(manifest)
    slipway.tear_down(first)
    told = measured(capsys, "Deployments")
    assert [("deploy", "succeeded"), ("teardown", "succeeded")] == [(each["kind"], each["status"]) for each in told]
    assert [] == [each for each in told if "LagSeconds" in each]


def test_other_failure_after_a_rollout(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    """A rollout that succeeded says nothing of a failure that came after it."""
    slipway = Slipway(store, dns_seconds=10_000)
    ended = slipway.deploy(two_services(timeout_seconds=60))
    assert ended.services["redis"].settled_at is None
    [line] = measured(capsys, "Deployments")
    assert ("timed_out", False) == (line["status"], "LagSeconds" in line)


def test_request_counts_its_calls(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    """A POST tells, when it ends, what the API asked of AWS; its authorizer tells its own."""
    assert 202 == api.post(two_services()).status_code
    assert [("stepfunctions", [1.0])] == [
        (each["aws_service"], each["AwsCalls"])
        for each in measured(capsys, "AwsCalls")
        if each["aws_service"] != "dynamodb"
    ]


def test_every_function_counts_its_calls() -> None:
    """Each function that Chalice calls with middleware has the one that counts, the API's before all others."""
    assert [(app.count_calls, "all"), (app.be_safe, "http")] == app.app.middleware_handlers
