"""Whatever is read too early: every read of a run answers as before the last change, once after each, or for a while.

Each time the verdict is the one of a run that reads the truth, and true of what serves; what must go is gone.
"""

from functools import partial
from typing import Any

import pytest

from chalicelib.deployment import Deployment, Status
from chalicelib.store import Store
from tests.faults import Break
from tests.full import full_but
from tests.machine.kinds import KINDS, Kind, broken_first, cancelled_first, manifest, torn_down, torn_down_at_once
from tests.machine.reads import ALL, OF_ECS, reads_of
from tests.machine.slipway import Slipway
from tests.machine.test_faults import lies
from tests.machine.test_teardown import leftovers
from tests.machine.test_way_back import served
from tests.stale import Behind, Once

LEAVES_NOTHING = {broken_first, cancelled_first, torn_down, torn_down_at_once}
FAULTS: dict[str, Break] = {"once": Once(), "5 s ago": Behind(5), "90 s ago": Behind(90)}
READS = {"all": ALL, "of ECS": reads_of(*OF_ECS)} | {each: [each] for each in ALL}
QUICK = {("all", "90 s ago")}
CASES = [
    pytest.param(kind, reads, fault, anew, marks=() if anew and (reads, fault) in QUICK else pytest.mark.full)
    for kind in KINDS
    for reads in READS
    for fault in FAULTS
    for anew in ((True, False) if reads in ("all", "of ECS") else (True,))
]


def untrue(slipway: Slipway, deployment: Deployment) -> list[str]:
    """Return where the record says something else than what serves; `what_serves` may be as old as the read was."""
    wrong = [each for each in lies(slipway, deployment) if "is said to serve" not in each]
    if deployment.status is Status.SUCCEEDED and deployment.kind == "deploy":
        home = slipway.world.services[deployment.cluster, "home"]
        rollout, addresses = slipway.world.rollout(home), home.addresses(slipway.clock.seconds)
        dns = deployment.services["home"].dns
        wrong += [f"it runs {rollout.running} of {rollout.desired}"] if rollout.running != rollout.desired else []
        wrong += [f"{dns} is proven, and {addresses} run"] if dns and addresses != dns.addresses else []
    for each in slipway.timeline(deployment):
        gone_at = next((it.gone_at for it in slipway.world.gone if each.service == it.name), None)
        if each.phase == "removed" and (gone_at is None or each.at < slipway.clock.instant(gone_at)):
            wrong.append(f"{each.service} is said to be removed at {each.at}")
    return wrong


@pytest.mark.parametrize(("kind", "reads", "fault", "anew"), CASES)
def test_reads(store: Store, kind: Kind, reads: str, fault: str, anew: bool) -> None:
    """However old what is read, a deployment ends as it does otherwise, and its verdict is true of what serves.

    Whether ECS's own way back is an ECS deployment `anew` or the one before again makes no difference.
    """
    slipway = Slipway(store, rollout_seconds=5, namespace_seconds=5, dns_seconds=2, rolls_back_anew=anew)
    serving: dict[str, Any] = {}

    def begin() -> None:
        serving.update(served(slipway))
        slipway.world.changes.clear()
        slipway.faults.break_from_now_on(dict.fromkeys(READS[reads], FAULTS[fault]))

    deployment = kind(slipway, begin)
    slipway.faults.break_from_now_on({})

    assert slipway.faults.struck or READS[reads] != ALL
    assert (KINDS[kind], None) == (deployment.status, deployment.rollback_failure)
    assert [] == untrue(slipway, deployment)
    if deployment.goes_back:
        assert serving == served(slipway)
    if kind in LEAVES_NOTHING:
        assert {} == {what: each for what, each in leftovers(slipway).items() if what != "revisions"}


@pytest.mark.full
def test_each_read_is_old_once(store: Store) -> None:
    """No read is in the list that nothing asks: each is old in one kind of deployment at least."""
    struck: set[str] = set()
    for kind in KINDS:
        slipway = Slipway(store, rollout_seconds=5, namespace_seconds=5, dns_seconds=2)
        kind(slipway, partial(slipway.faults.break_from_now_on, dict.fromkeys(ALL, Behind(5))))
        struck |= {*slipway.faults.struck}

    assert {*ALL} == struck


@pytest.mark.parametrize("before_deploy", [None, {"command": ["migrate"]}], ids=["a service", "a task first"])
def test_a_cluster_that_went_just_now(store: Store, before_deploy: Any) -> None:
    """A cluster that the deployment before has removed, and that is seen still, is made again for what needs one."""
    slipway = Slipway(store, broken={"home:broken"})
    slipway.faults.break_from_now_on({"clusters.find": Behind(0)})
    failed = slipway.deploy(manifest(image="home:broken"))
    assert (Status.FAILED, set()) == (failed.status, slipway.world.clusters)

    slipway.world.changes.clear()
    slipway.faults.break_from_now_on({"clusters.find": Behind(60)})
    deployment = slipway.deploy(manifest(before_deploy=before_deploy))
    assert (Status.SUCCEEDED, []) == (deployment.status, untrue(slipway, deployment)), deployment.verdict


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seconds", full_but([10_000], [8, 60, 10_000]))
def test_service_deployments_are_listed_late(store: Store, kind: Kind, seconds: float) -> None:
    """Our service deployment is looked for until it is listed, and no other is taken for it; it can be done without."""
    slipway = Slipway(store, rollout_seconds=5, namespace_seconds=5, dns_seconds=2, listed_seconds=seconds)
    serving: dict[str, Any] = {}
    deployment = kind(slipway, lambda: serving.update(served(slipway)))

    assert (KINDS[kind], None) == (deployment.status, deployment.rollback_failure)
    assert not deployment.goes_back or serving == served(slipway)
