"""A new release of Slipway comes in the middle of a deployment, and the deployment goes on.

Step Functions keeps the definition with which an execution began, and calls the functions by their names
(https://docs.aws.amazon.com/step-functions/latest/dg/concepts-read-consistency.html): old states and records, new code.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from chalicelib import errors, recovery, steps
from chalicelib.deployment import Deployment, Status
from chalicelib.errors import Unsettled
from chalicelib.steps.step import StepEvent
from chalicelib.store import Store
from tests.faults import Slow
from tests.machine.slipway import MACHINES as MACHINES_OF_NOW
from tests.machine.slipway import Slipway, definition, two_services, with_service
from tests.machine.test_teardown import leftovers
from tests.releases.scenes import FOLDER, play

RELEASES = sorted(each for each in FOLDER.iterdir() if (each / "deployment.asl.json").exists())
MACHINES = [(release, name) for release in RELEASES for name in ("deployment", "teardown")]


@pytest.fixture(params=RELEASES, ids=lambda release: str(release.name))
def release(request: pytest.FixtureRequest) -> Path:
    """Return the folder of what a release left."""
    folder: Path = request.param
    return folder


def states_of(machine: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the tasks of a state machine by name, those in its Maps too."""
    found: dict[str, dict[str, Any]] = {}
    for name, state in machine["States"].items():
        found |= {name: state} if state["Type"] == "Task" else {}
        found |= states_of(state["ItemProcessor"]) if "ItemProcessor" in state else {}
    return found


def test_deployment_goes_on(release: Path, dynamodb: Any, store: Store) -> None:
    """What an older release recorded while a rollout was under way, this one brings to its success."""
    played = play("deploys", dynamodb, store, release)
    services = played.ended.services
    assert (Status.SUCCEEDED, {"succeeded"}) == (played.ended.status, {each.status for each in services.values()})
    assert services["home"].task_definition == played.slipway.world.serves(played.ended.cluster, "home")
    assert [] == played.slipway.locks(played.ended)


def test_way_back_goes_on(release: Path, dynamodb: Any, store: Store) -> None:
    """What an older release kept of what served before, this one goes back to."""
    played = play("goes_back", dynamodb, store, release)
    home = played.ended.services["home"]
    assert (Status.ROLLED_BACK, None) == (played.ended.status, played.ended.rollback_failure)
    assert home.previous_task_definition == played.slipway.world.serves(played.ended.cluster, "home")
    assert [] == played.slipway.locks(played.ended)


def test_teardown_goes_on(release: Path, dynamodb: Any, store: Store) -> None:
    """What an older release knew of an application's belongings, this one removes to the last."""
    played = play("tears_down", dynamodb, store, release)
    assert (Status.SUCCEEDED, {}) == (played.ended.status, leftovers(played.slipway))
    assert [] == played.slipway.locks(played.ended)


def test_old_records_are_deployed_on(release: Path, dynamodb: Any, store: Store) -> None:
    """A next deployment of the application, and its teardown, know what an older release left."""
    played = play("deploys", dynamodb, store, release)
    again = played.slipway.tear_down(played.ended)
    assert (Status.SUCCEEDED, {}) == (again.status, leftovers(played.slipway))


@pytest.mark.parametrize(("folder", "name"), MACHINES, ids=lambda each: each if isinstance(each, str) else each.name)
def test_states_keep_their_names(folder: Path, name: str) -> None:
    """A state of an older release is a step of this one: a state that is gone from the machine keeps its step."""
    tasks = states_of(definition(name, folder))
    of = {"act": steps.ACT, "observe": steps.OBSERVE}
    lost = [each for each, task in tasks.items() if each not in of[task["Parameters"]["FunctionName"]]]
    assert [] == lost, "executions in flight still enter these states: keep their steps for one more release"


@pytest.mark.parametrize(("folder", "name"), MACHINES, ids=lambda each: each if isinstance(each, str) else each.name)
def test_payloads_are_understood(folder: Path, name: str) -> None:
    """What a state of an older release sends is what a step of this one is given."""
    for state, task in states_of(definition(name, folder)).items():
        payload = {key.removesuffix(".$"): state for key in task["Parameters"]["Payload"]}
        assert state == StepEvent.read(payload).state


@pytest.mark.parametrize(("folder", "name"), MACHINES, ids=lambda each: each if isinstance(each, str) else each.name)
def test_errors_keep_their_names(folder: Path, name: str) -> None:
    """An error of ours that an older release retries is an error of this one under the same name."""
    tasks = states_of(definition(name, folder)).values()
    named = {error for task in tasks for each in task.get("Retry", []) for error in each["ErrorEquals"]}
    ours = {each for each in named if "." not in each}
    assert ours == {each for each in ours if hasattr(errors, each)}


FLAT = ("live", "lock", "waits", "idempotency", "revision")


def attributes(items: list[dict[str, Any]]) -> dict[str, set[tuple[str, ...]]]:
    """Return the attributes of the items that hold no document, by kind; there may be more or fewer of these."""
    kinds = [(item["pk"]["S"].partition("#")[0], tuple(sorted(item))) for item in items]
    return {kind: {names for each, names in kinds if each == kind} for kind in FLAT}


def test_flat_items_keep_their_attributes(release: Path, dynamodb: Any, store: Store) -> None:
    """Locks, waits, keys and revisions have no version: they have the attributes that they had."""
    old = json.loads((release / "deploys.json").read_text())["items"]
    assert attributes(old) == attributes(play("deploys", dynamodb, store).items)


def test_frozen_records_are_an_older_releases(release: Path) -> None:
    """What is frozen are whole records: head, parts, manifest, what served before, locks and waits."""
    items = json.loads((release / "goes_back.json").read_text())["items"]
    kinds = {item["pk"]["S"].partition("#")[0] for item in items}
    assert {"application", "before", "deployment", "events", "live", "lock", "manifest", "revision", "waits"} <= kinds


UNSETTLED = Unsettled("call", "InvalidParameterException", "what went before has not come to its end")


def refused(release: Path, store: Store, call: str, times: int | None) -> tuple[Slipway, Deployment]:
    """Have an older release's execution meet a call whose refusal passes, so many times or for ever."""
    slipway = Slipway(store, machines=release)
    ended = slipway.deploy(two_services())
    if call.startswith("ecs.update"):
        slipway.faults.break_from_now_on({call: [UNSETTLED] * times if times else UNSETTLED})
        asked = {**two_services(), "application": ended.application}
        return slipway, slipway.deploy(with_service(asked, "home", image="home:2"))
    slipway.faults.break_from_now_on({call: [UNSETTLED] * times if times else UNSETTLED})
    return slipway, slipway.tear_down(ended)


REFUSED = pytest.mark.parametrize("call", ["ecs.update_service", "clusters.delete_service", "clusters.delete"])


@REFUSED
def test_what_does_not_settle_at_once_is_asked_again(release: Path, store: Store, call: str) -> None:
    """A refusal that passes passes for an older release, too, under the name by which its workflow tries again."""
    slipway, ended = refused(release, store, call, times=5)
    assert (Status.SUCCEEDED, 5, []) == (ended.status, len(slipway.faults.struck), slipway.locks(ended))


@REFUSED
def test_what_never_settles_is_told(release: Path, store: Store, call: str) -> None:
    """One that stays ends in AWS's words, at the end of the workflow."""
    slipway, ended = refused(release, store, call, times=None)
    assert ended.failure is not None
    assert (True, "SUCCEEDED") == (str(UNSETTLED) in ended.failure.cause, slipway.execution(ended).status)
    assert [] == slipway.locks(ended)


def test_what_it_does_not_remove_is_told(release: Path, store: Store) -> None:
    """Its workflow removes nothing that is not named any more: the verdict says so, and the next one removes it."""
    slipway = Slipway(store, machines=release)
    asked = with_service(two_services(), "worker", image="worker:1")
    assert Status.SUCCEEDED is slipway.deploy(asked).status
    fewer = {**asked, "prune": True, "services": {name: asked["services"][name] for name in ("redis", "home")}}
    old = slipway.deploy(fewer)
    if "RemoveRules" not in states_of(definition("deployment", release)):
        assert old.failure is not None
        assert (Status.FAILED, "prune_failed", []) == (old.status, old.failure.code, slipway.locks(old))
        assert "worker is not removed: an older release" in str(old.verdict)
        assert {"redis": "succeeded", "home": "succeeded", "worker": "failed"} == {
            name: each.status for name, each in old.services.items()
        }
    beside = Slipway(store, machines=MACHINES_OF_NOW, beside=slipway)
    beside.cloud.settings = slipway.cloud.settings
    again = beside.deploy(fewer)
    assert (Status.SUCCEEDED, None) == (again.status, slipway.world.serves(again.cluster, "worker"))


def test_what_is_slow_ends(release: Path, store: Store) -> None:
    """A look that takes longer than its poll is heard by nobody there; past the deadline the sweep ends it."""
    slipway = Slipway(store, machines=release, hanging={"redis:7"})
    slipway.faults.break_from_now_on({"ecs.rollout": Slow(40)})
    deployment = slipway.post(two_services(poll_seconds=10, timeout_seconds=50))

    def sweep() -> None:
        recovery.sweep(slipway.cloud)
        slipway.clock.call_later(60, sweep)

    slipway.clock.call_later(60, sweep)
    slipway.machine.run(deployment.id)
    ended = slipway.record(deployment)
    assert (Status.TIMED_OUT, "SUCCEEDED") == (ended.status, slipway.execution(deployment).status)
