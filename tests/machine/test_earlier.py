"""A deployment that comes at once after another goes by what that one has left, however it ended, and old reads are."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from chalicelib import events
from chalicelib.api import ways_back
from chalicelib.deployment import Deployment, Status
from chalicelib.store import Store
from tests.faults import Break
from tests.machine.kinds import LONG
from tests.machine.moments import Interruption, Moment
from tests.machine.reads import ALL
from tests.machine.slipway import Slipway
from tests.machine.test_events import executions_end
from tests.machine.test_fields import manifest
from tests.machine.test_random_walk import not_as_asked, not_settled
from tests.machine.test_teardown import leftovers
from tests.machine.walk import parsed
from tests.manifest_changes import CHANGES, changed
from tests.stale import Behind, Once

Asked = dict[str, Any]
Earlier = Callable[[Slipway, Asked], Deployment]


def succeeds(slipway: Slipway, asked: Asked) -> Deployment:
    """Deploy to the end."""
    return slipway.deploy(asked)


def goes_back(slipway: Slipway, asked: Asked) -> Deployment:
    """Deploy what fails in the next wave."""
    [name] = asked["services"]
    late = {"image": "late:1", "depends_on": [name]}
    return slipway.deploy({**asked, "services": {**asked["services"], "late": late}})


def is_cancelled(slipway: Slipway, asked: Asked) -> Deployment:
    """Cancel as soon as the service was told to change."""
    posted = slipway.post(asked)
    cancel = partial(ways_back.cancel, slipway.cloud, posted.id, "canceller")
    Interruption(slipway, Moment("DeployService", next(iter(asked["services"])), after=True), cancel)
    slipway.machine.run(posted.id)
    return slipway.record(posted)


def is_stopped(slipway: Slipway, asked: Asked, moment: Moment) -> Deployment:
    """Stop the execution at a moment."""
    posted = slipway.post(asked)
    interruption = Interruption(slipway, moment, partial(slipway.machine.stop, posted.id))
    slipway.machine.run(posted.id)
    assert interruption.happened, f"{moment} never came"
    events.on_event(slipway.cloud, executions_end(posted, "ABORTED"))
    return slipway.record(posted)


def is_aborted(slipway: Slipway, asked: Asked) -> Deployment:
    """Stop the execution as soon as the service was told to change."""
    return is_stopped(slipway, asked, Moment("DeployService", next(iter(asked["services"])), after=True))


ENDS: dict[Earlier, Status] = {
    succeeds: Status.SUCCEEDED,
    goes_back: Status.ROLLED_BACK,
    is_cancelled: Status.CANCELLED,
    is_aborted: Status.FAILED,
}
PATHS = [
    "tags",
    "services.*.image",
    "services.*.desired_count",
    "services.*.rollout.maximum_percent",
    "services.*.network.subnets",
    "services.*.discovery.name",
    "services.*.discovery.ttl",
    "services.*.route.path",
    "services.*.route.health_check.interval",
    "services.*.scaling.max",
    "services.*.log_retention_days",
]
FAULTS: dict[str, Break] = {"once": Once(), "90 s ago": Behind(90)}
QUICK = {("tags", succeeds), ("services.*.rollout.maximum_percent", goes_back), ("services.*.image", is_aborted)}
CASES = [
    pytest.param(path, end, fault, marks=() if (path, end) in QUICK and fault == "90 s ago" else pytest.mark.full)
    for path in PATHS
    for end in ENDS
    for fault in FAULTS
]


@pytest.mark.parametrize(("path", "end", "fault"), CASES)
@pytest.mark.parametrize("forth", [True, False], ids=["again", "back"])
def test_at_once(store: Store, path: str, end: Earlier, fault: str, forth: bool) -> None:
    """Whether the next one asks for the same, or for what was before: it succeeds, and all is as it asks."""
    service, value = CHANGES[path][0] or "home", CHANGES[path][1]
    slipway = Slipway(store, rollout_seconds=5, namespace_seconds=5, dns_seconds=2, broken={"late:1"})
    before = manifest(service)
    slipway.deploy(before)
    slipway.clock.advance(LONG)
    after = changed(before, path, CHANGES[path][0], value)
    slipway.faults.break_from_now_on(dict.fromkeys(ALL, FAULTS[fault]))
    earlier = end(slipway, after)
    asked = after if forth else before
    deployment = slipway.deploy(asked)
    slipway.faults.break_from_now_on({})

    assert (ENDS[end], Status.SUCCEEDED) == (earlier.status, deployment.status), deployment.verdict
    assert [] == not_as_asked(slipway, parsed(asked), deployment) + not_settled(slipway, asked)


def is_torn_down(slipway: Slipway, asked: Asked) -> Deployment:
    """Deploy, and tear down."""
    return slipway.tear_down(slipway.deploy(asked))


def is_stopped_early(slipway: Slipway, asked: Asked) -> Deployment:
    """Stop the execution as soon as the namespace is there."""
    return is_stopped(slipway, asked, Moment("Cluster", None, after=False))


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("end", [is_torn_down, goes_back, is_stopped_early])
def test_what_services_share(store: Store, end: Earlier, fault: str) -> None:
    """A namespace or a cluster that was just removed is made again, and one that was just made is not made twice."""
    slipway = Slipway(store, rollout_seconds=5, namespace_seconds=5, dns_seconds=2, broken={"late:1"})
    slipway.faults.break_from_now_on(dict.fromkeys([*ALL, "clusters.find"], FAULTS[fault]))
    asked = manifest("home")
    end(slipway, asked)
    deployment = slipway.deploy(asked)
    slipway.faults.break_from_now_on({})

    assert Status.SUCCEEDED is deployment.status, deployment.verdict
    assert [] == not_as_asked(slipway, parsed(asked), deployment) + not_settled(slipway, asked)


OF_ALL = ("Namespace", "AwaitNamespace", "Cluster")
IN_A_BRANCH = ("Discovery", "Balancer", "DeployService", "AwaitStable", "Scaling", "ServiceProven")


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("state", [*OF_ALL, "RegisterTaskDefinition", *IN_A_BRANCH])
def test_torn_down_at_once(store: Store, state: str, fault: str) -> None:
    """A teardown just after a first deployment that was stopped after one of its states removes all that it made."""
    slipway = Slipway(store, rollout_seconds=5, namespace_seconds=5, dns_seconds=2)
    asked = manifest("web")
    slipway.faults.break_from_now_on(dict.fromkeys([*ALL, "clusters.find"], FAULTS[fault]))
    stopped = is_stopped(slipway, asked, Moment(state, None if state in OF_ALL else "web", after=True))
    ended = slipway.tear_down(stopped)
    slipway.faults.break_from_now_on({})
    slipway.clock.advance(60)  # an operation goes on by itself

    assert Status.SUCCEEDED is ended.status, ended.verdict
    assert {} == leftovers(slipway)


def test_only_what_may_be_old_is_awaited(store: Store) -> None:
    """Where reads are true nobody waits for what an earlier deployment has left."""
    slipway = Slipway(store)
    before = manifest("home")
    slipway.deploy(before)
    for path in ("tags", "services.*.image", "services.*.route.path", "services.*.log_retention_days"):
        after = changed(before, path, *CHANGES[path])
        for end in ENDS:
            end(slipway, after)
            at = slipway.clock.seconds
            deployment = slipway.post(before)
            while slipway.record(deployment).phase == "pending":
                assert slipway.clock.step()
            assert slipway.clock.seconds - at < 1, (path, end)
            slipway.machine.run(deployment.id)
