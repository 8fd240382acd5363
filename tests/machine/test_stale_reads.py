"""Whatever is read too early: every read of a run answers as before the last change, once after each, or for a while.

Each time the verdict is the one of a run that reads the truth, and true of what serves; what must go is gone.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from inspect import getmembers, isfunction
from typing import Any, cast

import pytest

from chalicelib.api import ways_back
from chalicelib.deployment import Deployment, Status
from chalicelib.store import Store
from tests.fake_cloud import FakeCloud
from tests.faults import Faults
from tests.full import full_but
from tests.machine.moments import Interruption, Moment
from tests.machine.slipway import Slipway, two_services, with_service
from tests.machine.test_faults import lies
from tests.machine.test_teardown import leftovers
from tests.machine.test_way_back import served
from tests.machine.virtual_time import VirtualClock
from tests.stale import Behind, Once
from tests.world import World

LONG = 150  # seconds; longer than AWS is given
Kind = Callable[[Slipway, Callable[[], None]], Deployment]
WRITES = {
    "change",
    "create",
    "delete",
    "deregister",
    "ensure",
    "put",
    "register",
    "remove",
    "restart",
    "run",
    "set",
    "stop",
    "tag",
    "untag",
    "update",
}
"""The verbs of what changes AWS; what an adapter calls otherwise only reads."""
OF_ECS = ("clusters", "ecs", "tasks", "task_definitions")
OF_OTHERS = ("autoscaling", "cloud_map", "hosted_zones", "load_balancers", "logs")
NEVER_OLD = {
    "clusters.capacity": "nothing of ours changes it",
    "clusters.find": "a cluster whose counts are old is left, and told of; an empty one costs nothing",
    "ecs.events": "they are told, and decide nothing",
    "ecs.image_digests": "only the API asks, and says when",
    "ecs.rollout_tasks": "only the API asks for logs",
    "ecs.triggered_alarms": "they are told, and decide nothing",
    "hosted_zones.vpcs": "nothing of ours changes it but with its namespace",
    "load_balancers.listener": "nothing of ours changes it",
    "logs.tail": "it is told, and decides nothing",
    "tasks.log_stream": "what a revision holds never changes",
}


def reads_of(*parts: str) -> list[str]:
    """Return the reads that may be old of some parts of the cloud, as their fakes have them."""
    fakes = FakeCloud(World(VirtualClock()), Store(cast("Any", None)), None, Faults(), None).parts
    names = [f"{part}.{name}" for part in parts for name, _ in getmembers(type(fakes[part]), isfunction)]
    reads = [each for each in names if each.partition(".")[2].partition("_")[0] not in {"", *WRITES}]
    return [each for each in reads if each not in NEVER_OLD]


def manifest(**home: Any) -> dict[str, Any]:
    """Return an application of one service with a name and a route."""
    both = two_services()
    return {**both, "services": {"home": {**both["services"]["home"], "depends_on": [], **home}}}


def first(slipway: Slipway, behind: Callable[[], None]) -> Deployment:
    """Deploy for the first time."""
    behind()
    return slipway.deploy(manifest())


def update(slipway: Slipway, behind: Callable[[], None], **home: Any) -> Deployment:
    """Deploy another image."""
    asked = manifest()
    slipway.deploy(asked)
    slipway.clock.advance(LONG)
    behind()
    return slipway.deploy(with_service(asked, "home", **(home or {"image": "home:2"})))


def more_tasks(slipway: Slipway, behind: Callable[[], None]) -> Deployment:
    """Change what starts no ECS deployment, and only the counts prove."""
    asked = manifest(discovery=None, route=None)
    slipway.deploy(asked)
    slipway.clock.advance(LONG)
    behind()
    return slipway.deploy(with_service(asked, "home", desired_count=4))


def setting(slipway: Slipway, behind: Callable[[], None]) -> Deployment:
    """Change what is not seen in any count."""
    return update(slipway, behind, rollout={"maximum_percent": 150})


def broken(slipway: Slipway, behind: Callable[[], None]) -> Deployment:
    """Deploy what ECS's circuit breaker returns."""
    slipway.world.broken.add("home:2")
    return update(slipway, behind)


def broken_under_another_name(slipway: Slipway, behind: Callable[[], None]) -> Deployment:
    """Deploy what ECS's circuit breaker returns but for its name, so that our way back starts a rollout of its own."""
    slipway.world.broken.add("home:2")
    return update(slipway, behind, image="home:2", discovery={"name": "web"})


def hanging(slipway: Slipway, behind: Callable[[], None]) -> Deployment:
    """Deploy what never gets ready, in the time that there is."""
    slipway.world.hanging.add("home:2")
    return update(slipway, behind)


def gone_late(slipway: Slipway, behind: Callable[[], None], **home: Any) -> Deployment:
    """Change a service, and fail in the next wave at once."""
    asked = with_service(manifest(), "late", image="late:1", depends_on=["home"])
    slipway.deploy(asked)
    slipway.clock.advance(LONG)
    slipway.world.broken.add("late:2")
    behind()
    changed = with_service(asked, "home", **(home or {"image": "home:2"}))
    return slipway.deploy(with_service(changed, "late", image="late:2"))


def setting_gone_late(slipway: Slipway, behind: Callable[[], None]) -> Deployment:
    """Change what is not seen in any count, and fail in the next wave at once."""
    return gone_late(slipway, behind, rollout={"maximum_percent": 150}, desired_count=4)


def cancelled(
    slipway: Slipway, behind: Callable[[], None], tags: Mapping[str, str] | None = None, **home: Any
) -> Deployment:
    """Cancel as soon as the service was told to change."""
    asked = manifest()
    slipway.deploy(asked)
    slipway.clock.advance(LONG)
    behind()
    changed = with_service(asked, "home", **(home or ({} if tags else {"image": "home:2"})))
    posted = slipway.post({**changed, **({"tags": tags} if tags else {})})
    cancel = partial(ways_back.cancel, slipway.cloud, posted.id, "canceller")
    Interruption(slipway, Moment("DeployService", "home", after=True), cancel)
    slipway.machine.run(posted.id)
    return slipway.record(posted)


def setting_cancelled(slipway: Slipway, behind: Callable[[], None]) -> Deployment:
    """Cancel as soon as the service was told what is not seen in any count."""
    return cancelled(slipway, behind, rollout={"maximum_percent": 150})


def tags_cancelled(slipway: Slipway, behind: Callable[[], None]) -> Deployment:
    """Cancel as soon as the service has other tags."""
    return cancelled(slipway, behind, tags={"Team": "other", "New": "tag"})


def check_cancelled(slipway: Slipway, behind: Callable[[], None]) -> Deployment:
    """Cancel as soon as the load balancer asks less often, and lets targets go sooner."""
    return cancelled(
        slipway, behind, route={"path": "/home*", "health_check": {"interval": 20}, "deregistration_delay": 5}
    )


def cancelled_first(slipway: Slipway, behind: Callable[[], None]) -> Deployment:
    """Cancel as soon as the service was told to be there."""
    behind()
    posted = slipway.post(manifest(discovery=None, route=None))
    cancel = partial(ways_back.cancel, slipway.cloud, posted.id, "canceller")
    Interruption(slipway, Moment("DeployService", "home", after=True), cancel)
    slipway.machine.run(posted.id)
    return slipway.record(posted)


def broken_first(slipway: Slipway, behind: Callable[[], None]) -> Deployment:
    """Deploy for the first time what never starts."""
    slipway.world.broken.add("home:1")
    behind()
    return slipway.deploy(manifest())


def good_after_broken(slipway: Slipway, behind: Callable[[], None]) -> Deployment:
    """Deploy what ECS's circuit breaker returns, and at once what is good."""
    asked = manifest()
    slipway.deploy(asked)
    slipway.clock.advance(LONG)
    slipway.world.broken.add("home:2")
    slipway.deploy({**with_service(asked, "home", image="home:2"), "on_failure": "keep"})
    behind()
    return slipway.deploy(with_service(asked, "home", image="home:3"))


def forced(slipway: Slipway, behind: Callable[[], None]) -> Deployment:
    """Deploy the same again."""
    asked = manifest()
    slipway.deploy(asked)
    slipway.clock.advance(LONG)
    behind()
    return slipway.deploy(asked, force=True)


def torn_down(slipway: Slipway, behind: Callable[[], None]) -> Deployment:
    """Remove what was deployed just now."""
    deployed = slipway.deploy(manifest())
    behind()
    return slipway.tear_down(deployed)


def at_once(slipway: Slipway, behind: Callable[[], None]) -> Deployment:
    """Deploy for the first time, and another image as soon as that has succeeded."""
    behind()
    asked = manifest()
    assert Status.SUCCEEDED is slipway.deploy(asked).status
    behind()
    return slipway.deploy(with_service(asked, "home", image="home:2"))


def broken_at_once(slipway: Slipway, behind: Callable[[], None]) -> Deployment:
    """Deploy for the first time, and what ECS's circuit breaker returns as soon as that has succeeded."""
    slipway.world.broken.add("home:2")
    return at_once(slipway, behind)


def torn_down_at_once(slipway: Slipway, behind: Callable[[], None]) -> Deployment:
    """Deploy for the first time, and remove it as soon as that has succeeded."""
    behind()
    deployed = slipway.deploy(manifest())
    assert Status.SUCCEEDED is deployed.status
    behind()
    return slipway.tear_down(deployed)


def route_moves(slipway: Slipway, behind: Callable[[], None]) -> Deployment:
    """Have the listener lead another path to the service."""
    return update(slipway, behind, route={"path": "/other*"})


def route_goes(slipway: Slipway, behind: Callable[[], None]) -> Deployment:
    """Have the listener lead nothing to the service any more."""
    return update(slipway, behind, route=None)


def check_moves(slipway: Slipway, behind: Callable[[], None]) -> Deployment:
    """Have the load balancer check another path."""
    return update(slipway, behind, route={"path": "/home*", "health_check": {"path": "/up"}})


def check_fails(slipway: Slipway, behind: Callable[[], None]) -> Deployment:
    """Have the load balancer check a path at which no task is well."""
    slipway.world.failed_paths.add("/up")
    return check_moves(slipway, behind)


def check_gone_late(slipway: Slipway, behind: Callable[[], None]) -> Deployment:
    """Have the load balancer check and route another path, and fail in the next wave."""
    return gone_late(slipway, behind, route={"path": "/other*", "health_check": {"path": "/up"}})


def ttl(slipway: Slipway, behind: Callable[[], None]) -> Deployment:
    """Change how long the name's records are kept by who asks."""
    return update(slipway, behind, discovery={"name": "www", "ttl": 33})


def ttl_gone_late(slipway: Slipway, behind: Callable[[], None]) -> Deployment:
    """Change how long the name's records are kept by who asks, and fail in the next wave."""
    return gone_late(slipway, behind, discovery={"name": "www", "ttl": 33})


def scaled(slipway: Slipway, behind: Callable[[], None]) -> Deployment:
    """Have the service scaled."""
    return update(slipway, behind, scaling={"min": 2, "max": 4, "cpu": 50})


def scaled_gone_late(slipway: Slipway, behind: Callable[[], None]) -> Deployment:
    """Have the service scaled, and fail in the next wave."""
    return gone_late(slipway, behind, scaling={"min": 2, "max": 4, "cpu": 50})


def retention(slipway: Slipway, behind: Callable[[], None]) -> Deployment:
    """Have the logs kept for another time."""
    return update(slipway, behind, log_retention_days=7)


def task_first(slipway: Slipway, behind: Callable[[], None]) -> Deployment:
    """Run a task of the new revision before it is deployed."""
    return update(slipway, behind, image="home:2", before_deploy={"command": ["migrate"]})


def name_taken_up(slipway: Slipway, behind: Callable[[], None]) -> Deployment:
    """Register in a name that is there, and that nobody has tagged."""
    asked = manifest()
    slipway.deploy(asked)
    slipway.deploy(with_service(asked, "home", discovery=None))
    for each in slipway.world.registered.values():
        slipway.world.tags[each.arn].clear()
    slipway.clock.advance(LONG)
    behind()
    return slipway.deploy(asked)


def name_lost(slipway: Slipway, behind: Callable[[], None]) -> Deployment:
    """Deploy the same when somebody has taken a task out of its name, long ago."""
    asked = manifest()
    slipway.deploy(asked)
    home = next(iter(slipway.world.services.values()))
    slipway.world.unregistered.add(home.addresses(slipway.clock.seconds)[0])
    slipway.clock.advance(LONG)
    behind()
    return slipway.deploy(asked)


def without_resolver(slipway: Slipway, behind: Callable[[], None]) -> Deployment:
    """Deploy where the records of a name's zone are its proof."""
    slipway.cloud.settings = replace(slipway.cloud.settings, resolve_vpc="")
    return update(slipway, behind)


KINDS: Mapping[Kind, Status] = {
    first: Status.SUCCEEDED,
    update: Status.SUCCEEDED,
    more_tasks: Status.SUCCEEDED,
    setting: Status.SUCCEEDED,
    broken: Status.ROLLED_BACK,
    broken_under_another_name: Status.ROLLED_BACK,
    hanging: Status.TIMED_OUT,
    gone_late: Status.ROLLED_BACK,
    setting_gone_late: Status.ROLLED_BACK,
    cancelled: Status.CANCELLED,
    setting_cancelled: Status.CANCELLED,
    tags_cancelled: Status.CANCELLED,
    check_cancelled: Status.CANCELLED,
    cancelled_first: Status.CANCELLED,
    broken_first: Status.FAILED,
    good_after_broken: Status.SUCCEEDED,
    forced: Status.SUCCEEDED,
    torn_down: Status.SUCCEEDED,
    at_once: Status.SUCCEEDED,
    broken_at_once: Status.ROLLED_BACK,
    torn_down_at_once: Status.SUCCEEDED,
    route_moves: Status.SUCCEEDED,
    route_goes: Status.SUCCEEDED,
    check_moves: Status.SUCCEEDED,
    check_fails: Status.ROLLED_BACK,
    check_gone_late: Status.ROLLED_BACK,
    ttl: Status.SUCCEEDED,
    ttl_gone_late: Status.ROLLED_BACK,
    scaled: Status.SUCCEEDED,
    scaled_gone_late: Status.ROLLED_BACK,
    retention: Status.SUCCEEDED,
    task_first: Status.SUCCEEDED,
    name_taken_up: Status.SUCCEEDED,
    name_lost: Status.FAILED,
    without_resolver: Status.SUCCEEDED,
}


LEAVES_NOTHING = {broken_first, cancelled_first, torn_down, torn_down_at_once}
FAULTS = {"once": Once(), "5 s ago": Behind(5), "90 s ago": Behind(90)}
ALL = reads_of(*OF_ECS, *OF_OTHERS)
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
