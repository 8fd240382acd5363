"""A random walk, and after each of its steps an independent look at AWS: whatever happened before, the verdict is true.

What a manifest asks is compared with the world itself, never with what Slipway has read or recorded. A walk that fails
prints all that happened; `pytest "tests/machine/test_random_walk.py::test_walk[17]"` takes the same again.
"""

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.deployment import Deployment, Status
from chalicelib.manifest import Manifest
from chalicelib.plan import task_spec
from chalicelib.store import Store
from tests.fakes import GROUPS, SUBNETS
from tests.full import full_but
from tests.machine.slipway import Slipway
from tests.machine.test_teardown import leftovers
from tests.machine.test_way_back import served
from tests.machine.walk import Step, Walk, parsed
from tests.world import World, WorldService

QUICK, ALL, STEPS = 3, 200, 6
SCALES = 5  # seconds until another count runs
PLACES = {"private": SUBNETS, "others": ("subnet-3",), "default": GROUPS, "other": ("sg-2",)}
MAY_END = {
    "broken": {Status.FAILED, Status.ROLLED_BACK},
    "unhealthy": {Status.FAILED, Status.ROLLED_BACK, Status.TIMED_OUT},
    "hanging": {Status.TIMED_OUT},
    "cancelled": {Status.CANCELLED},
    "stopped": {Status.FAILED},
}


@pytest.mark.parametrize("seed", full_but(range(QUICK), range(ALL)))
def test_walk(store: Store, seed: int) -> None:
    """Whatever somebody does to an application, each verdict is true of what is in AWS, and the next one succeeds."""
    walk = Walk(store, seed)
    for _ in range(STEPS):
        step = walk.next_step()
        before, sound = contents(walk.slipway), is_sound(walk.world)
        wrong = untrue(walk, step, walk.take(step), before if sound and step.stopped_after is None else None)
        assert [] == wrong, "\n".join(walk.told)


def untrue(walk: Walk, step: Step, ended: Deployment, before: dict[str, Any] | None) -> list[str]:
    """Return where a verdict, or what it leaves, is not true; `before` is None where that was not sound itself."""
    wrong = [*left_open(walk, step, ended), *unexpected(walk.world, step, ended, sound=before is not None)]
    if ended.kind == "teardown":
        left = leftovers(walk.slipway) if ended.status is Status.SUCCEEDED else {}
        return wrong + [f"left: {left}" for _ in left]
    assert step.asked is not None
    if ended.status is Status.SUCCEEDED:
        return wrong + not_as_asked(walk.slipway, parsed(step.asked), ended) + not_settled(walk.slipway, step.asked)
    if came_back(ended) and before is not None:
        wrong += differences(before, contents(walk.slipway))
    return wrong


def left_open(walk: Walk, step: Step, ended: Deployment) -> list[str]:
    """Return what a deployment left open in the record."""
    wrong = [f"locked: {name}" for name in walk.slipway.locks(ended)]
    if not ended.status.ended:
        wrong.append(f"it is {ended.status}")
    if step.stopped_after is None and walk.slipway.execution(ended).status != "SUCCEEDED":
        wrong.append(f"the execution: {walk.slipway.execution(ended).error}")
    if ended.status is not Status.SUCCEEDED and not (ended.failure and ended.failure.cause):
        wrong.append("nothing says why it failed")
    return wrong


def unexpected(world: World, step: Step, ended: Deployment, *, sound: bool) -> list[str]:
    """Return that a deployment ended otherwise than what happened to it can explain.

    What cannot be is refused before anything changes, and what was not sound before cannot serve again.
    """
    refused = ended.status is Status.FAILED and untouched(ended) and step.asked and clashes(world, parsed(step.asked))
    if refused or (ended.rollback_failure and not sound):
        return []
    may = {Status.SUCCEEDED, *MAY_END.get(step.excused, ())}
    if step.excused.endswith("is refused") or step.stopped_after is not None or step.cancelled_after is not None:
        may = set(Status) - {Status.SUPERSEDED}
    return [] if ended.status in may else [f"it is {ended.status}, and nothing but {step.excused!r} happened"]


def came_back(ended: Deployment) -> bool:
    """Tell whether a deployment that did not succeed says that all is as it was."""
    changed_nothing = untouched(ended) and ended.namespace_operation_id is None
    return ended.rollback_failure is None and (ended.goes_back or changed_nothing)


def untouched(ended: Deployment) -> bool:
    """Tell whether a deployment came to none of its services."""
    return all(each.status == "pending" for each in ended.services.values())


def clashes(world: World, asked: Manifest) -> bool:
    """Tell whether a service that a manifest does not name, nor prunes, has a name or a route that it asks for."""
    unnamed = [each for key in list(world.services) if key[1] not in asked.services and (each := world.service(*key))]
    services = [] if asked.prune else asked.services.items()
    names = [(str(asked.namespace), each.discovery.name or name) for name, each in services if each.discovery]
    arns = {found.arn for name in names if (found := world.registered.get(name))}
    routes = {(each.route.path, each.route.host) for _, each in services if each.route}
    rules = [world.rules.get(target.group_arn) for each in unnamed for target in each.spec.route]
    named = arns & {each.spec.discovery.arn for each in unnamed if each.spec.discovery}
    return bool(named or routes & {(rule.path, rule.host) for rule in rules if rule})


def contents(slipway: Slipway) -> dict[str, Any]:
    """Return all that serves, by the content of the revisions: which of the same content serves is no difference.

    A target group in which no service is serves nothing.
    """
    found, world = served(slipway), slipway.world
    content = {each.arn: each.spec for family in world.revisions.values() for each in family}
    joined = {target.group_arn for spec in found["specs"].values() for target in spec.route}
    found["target groups"] = {arn: each for arn, each in found["target groups"].items() if arn in joined}
    found["specs"] = {
        key: (replace(spec, task_definition=None), content[spec.task_definition])
        for key, spec in found["specs"].items()
        if world.service(*key)
    }
    found["runs"] = {key: (content.get(arn), running) for key, (arn, running) in found["runs"].items()}
    return found


def differences(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Return what is otherwise than before, kind by kind."""
    return [
        f"{kind} {key}: it was {_at(before, kind, key)}, and is {_at(after, kind, key)}"
        for kind in before
        for key in (sorted({*before[kind], *after[kind]}, key=str) if isinstance(before[kind], dict) else [None])
        if _at(before, kind, key) != _at(after, kind, key)
    ]


def _at(found: dict[str, Any], kind: str, key: Any) -> Any:
    return found[kind] if key is None else found[kind].get(key)


def is_sound(world: World) -> bool:
    """Tell whether all services run what they ask for, and pass the checks of their load balancer."""
    services = [each for key in list(world.services) if (each := world.service(*key))]
    return all(not_running(world, each) == [] for each in services)


def not_running(world: World, service: WorldService) -> list[str]:
    """Return what keeps a service from running as ECS was told, all of it and nothing else."""
    at, rollout = world.clock.seconds, world.rollout(service)
    counts = (rollout.running, rollout.total_running, rollout.pending)
    wrong = [] if service.status == "ACTIVE" else [f"{service.name} is {service.status}"]
    if (rollout.rollout_state, counts) != ("COMPLETED", (service.spec.desired_count, service.spec.desired_count, 0)):
        wrong.append(f"{service.name} is {rollout.rollout_state}, {counts} of {service.spec.desired_count}")
    if world.serves(service.cluster, service.name) != (service.spec.task_definition if rollout.desired else None):
        wrong.append(f"{service.name} runs {world.serves(service.cluster, service.name)}")
    for target in service.spec.route:
        health = world.judged(target.group_arn) if target.group_arn in world.target_groups else ()
        wrong += [f"{each.target} is {each.state}" for each in health if each.state != "healthy"]
        wrong += [] if len(health) == len(service.addresses(at)) else ["not all are targets"]
    return wrong


def not_settled(slipway: Slipway, asked: dict[str, Any]) -> list[str]:
    """Return what the same manifest would change again: nothing, once it has succeeded."""
    plan = slipway.dry_run(asked)
    return [
        f"{name} is {each['action']}: {each['changes']}"
        for name, each in plan["services"].items()
        if each["changes"] or each["action"] != "unchanged"
    ]


def not_as_asked(slipway: Slipway, asked: Manifest, ended: Deployment) -> list[str]:
    """Return what in the world is otherwise than a manifest asks, service by service."""
    world, wrong = slipway.world, []
    world.settle_namespaces()
    for name in asked.services:
        service = world.service(asked.cluster_name, name)
        if service is None:
            wrong.append(f"{name} is not there")
            continue
        if not is_scaled_now(world, asked, service):
            wrong += not_running(world, service) + not_named(world, service, ended)
        wrong += [
            f"{name}: {what} is {there}, and {wanted} is asked for"
            for what, (wanted, there) in compared(world, asked, service).items()
            if wanted != there
        ]
    unnamed = {name for cluster, name in list(world.services) if world.service(cluster, name)} - set(asked.services)
    return wrong + [f"{name} is not pruned" for name in unnamed if asked.prune]


def is_scaled_now(world: World, asked: Manifest, service: WorldService) -> bool:
    """Tell whether a service's own scaling has changed the count, by its new bounds: that comes after the proof."""
    return (
        asked.services[service.name].scaling is not None
        and (service.scaled_at or -SCALES) + SCALES > world.clock.seconds
    )


def not_named(world: World, service: WorldService, ended: Deployment) -> list[str]:
    """Return that a name was proven of other tasks than run."""
    dns, addresses = ended.services[service.name].dns, service.addresses(world.clock.seconds)
    unlike = dns and dns.proven_at and dns.addresses != addresses
    return [f"{service.name}: {dns} is proven, {addresses} run"] if unlike else []


def compared(world: World, asked: Manifest, service: WorldService) -> dict[str, tuple[Any, Any]]:
    """Return what a manifest asks of a service, and what there is, by the part of it."""
    wanted, spec, name = asked.services[service.name], service.spec, service.name
    network, task = asked.network_of(name), task_spec(asked, name)
    subnets = tuple(each for place in network.subnets for each in PLACES[place])
    groups = tuple(each for place in network.security_groups for each in PLACES[place])
    there = spec.network
    return {
        "the task definition": (task, world.spec_of(spec.task_definition or "")),
        "log retention": (wanted.log_retention_days, world.log_groups.get(task.log_group, 0))
        if task.log_group
        else (None, None),
        "the count": (True, _counts(world, asked, service)),
        "rollout": (
            tuple(dict(wanted.rollout).values()),
            (spec.minimum_healthy_percent, spec.maximum_percent, spec.circuit_breaker),
        ),
        "grace period": (wanted.health_check_grace_period_seconds, spec.health_check_grace_period_seconds),
        "network": (
            (subnets, groups, network.assign_public_ip),
            there and (there.subnets, there.security_groups, there.assign_public_ip),
        ),
        "launch type": (None if wanted.capacity_providers else wanted.launch_type, spec.launch_type),
        "capacity providers": (wanted.capacity_providers, spec.capacity_providers),
        "tags": (dict(asked.tags), {key: service.tags.get(key) for key in asked.tags}),
        "name": _names(world, asked, service),
        "route": _routes(world, asked, service),
        "scaling": _scaling(world, asked, service),
    }


def _counts(world: World, asked: Manifest, service: WorldService) -> bool:
    wanted, desired = asked.services[service.name], service.spec.desired_count or 0
    if wanted.scaling:
        return wanted.scaling.min <= desired <= wanted.scaling.max
    return wanted.desired_count in (None, desired)


def _names(world: World, asked: Manifest, service: WorldService) -> tuple[Any, Any]:
    wanted, registry = asked.services[service.name].discovery, service.spec.discovery
    if wanted is None:
        return None, registry
    found = world.registered.get((str(asked.namespace), wanted.name or service.name))
    dns = world.discovered(f"{wanted.name or service.name}.{asked.namespace}", lag_seconds=world.dns_seconds)[0]
    return (
        (wanted.records, wanted.ttl, True, service.addresses(world.clock.seconds)),
        found and (found.records, found.ttl, registry is not None and registry.arn == found.arn, dns),
    )


def _routes(world: World, asked: Manifest, service: WorldService) -> tuple[Any, Any]:
    wanted, target = asked.services[service.name].route, next(iter(service.spec.route), None)
    if wanted is None or target is None:
        own = {"slipway:application": asked.application, "slipway:service": service.name}
        rules = [each for group, each in world.rules.items() if own.items() <= world.tags[f"rule of {group}"].items()]
        return (wanted, None, []), (None, target, rules)
    rule, group = world.rules.get(target.group_arn), world.target_groups[target.group_arn]
    return (
        (wanted.path, wanted.host, wanted.priority or (rule and rule.priority), wanted.health_check),
        (rule and rule.path, rule and rule.host, rule and rule.priority, group.health_check),
    )


def _scaling(world: World, asked: Manifest, service: WorldService) -> tuple[Any, Any]:
    wanted, found = asked.services[service.name].scaling, world.scaled.get((service.cluster, service.name))
    if wanted is None:
        return None, found
    values = [each for each in (wanted.cpu, wanted.memory, wanted.requests_per_target) if each is not None]
    return (
        (wanted.min, wanted.max, sorted(values)),
        found and (found.least, found.most, sorted(each.value for each in found.policies.values())),
    )
