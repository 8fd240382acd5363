"""Kinds of deployments, and how each ends. `behind` is called when reads may begin to be old."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from chalicelib.api import ways_back
from chalicelib.deployment import Deployment, Status
from tests.machine.moments import Interruption, Moment
from tests.machine.slipway import Slipway, two_services, with_service

LONG = 150  # seconds; longer than AWS is given
Kind = Callable[[Slipway, Callable[[], None]], Deployment]


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


def scaled_first(slipway: Slipway, behind: Callable[[], None]) -> Deployment:
    """Deploy for the first time what scales."""
    behind()
    return slipway.deploy(manifest(scaling={"min": 2, "max": 4, "cpu": 60}))


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
    scaled_first: Status.SUCCEEDED,
    scaled_gone_late: Status.ROLLED_BACK,
    retention: Status.SUCCEEDED,
    task_first: Status.SUCCEEDED,
    name_taken_up: Status.SUCCEEDED,
    name_lost: Status.FAILED,
    without_resolver: Status.SUCCEEDED,
}
