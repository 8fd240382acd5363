"""What a deployment would do to each resource: what is not there is made, what differs is changed, and no more."""

import json
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.aws.autoscaling import Policy, Scaled
from chalicelib.aws.cloud_map import Registered
from chalicelib.aws.load_balancer_document import Routed
from chalicelib.aws.logs import LogGroup
from chalicelib.forecast import MADE, Effect, Forecast, Found, as_asked, effects, refuses, shared_effects
from chalicelib.manifest import Manifest, RouteHealthCheck, parse
from chalicelib.plan import service_spec, task_spec
from chalicelib.preflight import Finding, Rule
from chalicelib.specs import Change, Placement, Registry, Serving, Target

SERVICE: dict[str, Any] = {
    "image": "home:1",
    "port": 80,
    "discovery": {},
    "route": {"path": "/home*", "host": "www.example.com"},
}
MIGRATION = {"before_deploy": {"command": ["migrate"]}}
PLACED = Placement(("subnet-1",), ("sg-1",))
RULE = Rule(7, ("/home*",), ("www.example.com",))
CPU, MEMORY = Policy("cpu", 60.0), Policy("memory", 70.0)
GROUP = "arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/shop-home-0123abcd/1"
TAGS = {"Team": "shop", "slipway:service": "home"}


def asked(**said: Any) -> Manifest:
    """Return a manifest of one service with all that a service may have, some of it said otherwise."""
    document = {
        "application": "shop",
        "namespace": "shop.local",
        "load_balancer": {"name": "front"},
        "network": {"vpc": "vpc-1", "subnets": ["private"]},
        "services": {"home": {**SERVICE, **said}},
    }
    return parse(json.dumps(document).encode(), "application/json")


MANIFEST = asked()
TASK = task_spec(MANIFEST, "home")
SPEC = service_spec(
    MANIFEST,
    "home",
    task_definition="arn:1",
    network=PLACED,
    registry_arn="arn:registry",
    target_group_arn=GROUP,
)
THERE = Found(
    tags=TAGS,
    serving=Serving("arn:service", "ACTIVE", SPEC, {**TAGS, "theirs": "too"}, TASK, TASK.content_hash),
    revision="arn:1",
    log_group=LogGroup(30),
    network=PLACED,
    registered=Registered("arn:registry", ("A",), 10),
    routed=Routed(GROUP, RouteHealthCheck(), 30, RULE),
    scaled=Scaled(1, 4, {"slipway-cpu": CPU}),
    scaling=Scaled(1, 4, {"slipway-cpu": CPU}),
)
ABSENT = Found(tags=TAGS, network=PLACED, scaling=Scaled(1, 4, {"slipway-cpu": CPU, "slipway-memory": MEMORY}))


def changed(*fields: tuple[str, Any, Any], calls: int = 1) -> Effect:
    """Return the effect of a call that changes fields: name, old, new."""
    return Effect(None, tuple(Change(*each) for each in fields), calls)


def test_nothing_is_left_to_do() -> None:
    """Where all is as it is asked for, nothing happens; a tag that is somebody else's is none of our business."""
    assert () == effects(MANIFEST, "home", THERE)


def test_all_is_made() -> None:
    """Where nothing is, all is made, in the order of the steps."""
    assert (
        Effect("log group", calls=2),
        Effect("task definition", calls=1),
        Effect("cloud map service", calls=1),
        Effect("target group", calls=2),
        Effect("listener rule", calls=1),
        Effect("before_deploy task", calls=1),
        Effect("service", calls=1),
        Effect("scalable target", calls=3),
    ) == effects(asked(**MIGRATION), "home", ABSENT)


@pytest.mark.parametrize(
    ("unknown", "left_out"),
    [
        ("log_group", {"log group"}),
        ("task_definition", {"task definition"}),
        ("discovery", {"cloud map service"}),
        ("route", {"target group", "listener rule", "scalable target"}),
        ("scaling", {"scalable target"}),
        ("network", set()),
    ],
)
def test_what_is_unknown_is_left_out(unknown: str, left_out: set[str]) -> None:
    """Nothing is told of what could not be looked at, and all of the rest."""
    told = {each.creates for each in effects(MANIFEST, "home", replace(ABSENT, unknown=frozenset({unknown})))}
    assert left_out == {each.creates for each in effects(MANIFEST, "home", ABSENT)} - told


@pytest.mark.parametrize(("unknown", "without"), [("network", None), ("discovery", None), ("route", ())])
def test_a_part_that_is_unknown_changes_no_service(unknown: str, without: Any) -> None:
    """A service is not told to change in what could not be looked at."""
    spec = replace(SPEC, **{unknown: without})
    assert THERE.serving is not None
    found = replace(THERE, serving=replace(THERE.serving, spec=spec))
    assert [(unknown,)] == [tuple(change.field for change in each.changes) for each in effects(MANIFEST, "home", found)]
    assert () == effects(MANIFEST, "home", replace(found, unknown=frozenset({unknown})))


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        ({"log_group": None}, (Effect("log group", (Change("log_retention_days", None, 30),), 2),)),
        (
            {"revision": None},
            (Effect("task definition", calls=1), changed(("task_definition", "arn:1", MADE))),
        ),
        (
            {"registered": None},
            (
                Effect("cloud map service", calls=1),
                changed(("discovery", Registry("arn:registry"), Registry(MADE))),
            ),
        ),
        (
            {"routed": None},
            (
                Effect("target group", calls=2),
                Effect("listener rule", (Change("route.path", None, "/home*"),), 1),
                changed(("route", (Target(GROUP, "home", 80),), (Target(MADE, "home", 80),))),
            ),
        ),
        (
            {"routed": Routed(GROUP, RouteHealthCheck(), 30, None)},
            (Effect("listener rule", (Change("route.path", None, "/home*"),), 1),),
        ),
        (
            {"scaled": None},
            (
                Effect(
                    "scalable target",
                    (
                        Change("scaling.min", None, 1),
                        Change("scaling.max", None, 4),
                        Change("scaling.cpu", None, CPU),
                    ),
                    2,
                ),
            ),
        ),
    ],
)
def test_what_is_not_there_is_made(there: dict[str, Any], expected: tuple[Effect, ...]) -> None:
    """One resource that is not there is made; a service that names it names the new one, and any changes by it."""
    assert expected == effects(MANIFEST, "home", replace(THERE, **there))


OTHER_CHECK = RouteHealthCheck(path="/up", matcher="201", interval=11, timeout=6, healthy=3, unhealthy=4)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"log_retention_days": 7}, (changed(("log_retention_days", 30, 7)),)),
        ({"discovery": {"ttl": 60}}, (changed(("discovery.ttl", 10, 60)),)),
        (
            {"route": {**SERVICE["route"], "deregistration_delay": 5}},
            (changed(("route.deregistration_delay", 30, 5)),),
        ),
        (
            {"route": {**SERVICE["route"], "health_check": OTHER_CHECK.model_dump(), "deregistration_delay": 5}},
            (
                changed(
                    ("route.health_check.path", "/", "/up"),
                    ("route.health_check.matcher", "200", "201"),
                    ("route.health_check.interval", 10, 11),
                    ("route.health_check.timeout", 5, 6),
                    ("route.health_check.healthy", 2, 3),
                    ("route.health_check.unhealthy", 2, 4),
                    ("route.deregistration_delay", 30, 5),
                    calls=2,
                ),
            ),
        ),
        (
            {"route": {"path": "/", "priority": 8}},
            (
                changed(
                    ("route.path", "/home*", "/"),
                    ("route.host", "www.example.com", None),
                    ("route.priority", 7, 8),
                    calls=2,
                ),
            ),
        ),
        ({"route": {**SERVICE["route"], "priority": 7}}, ()),
        (
            {"route": None},
            (
                changed(("route.path", "/home*", None)),
                changed(("route", (Target(GROUP, "home", 80),), ())),
            ),
        ),
        ({"discovery": None}, (changed(("discovery", Registry("arn:registry"), None)),)),
        (MIGRATION, ()),
        ({"desired_count": 3}, (changed(("desired_count", 1, 3)),)),
        ({"image": "home:2"}, (changed(("image", "home:1", "home:2"), calls=0),)),
    ],
)
def test_what_differs_is_changed(said: dict[str, Any], expected: tuple[Effect, ...]) -> None:
    """What is asked for otherwise is changed where it is, by as few calls as AWS needs."""
    assert expected == effects(asked(**said), "home", THERE)


def test_new_content() -> None:
    """Content that no revision has is told by its fields, once: it is registered, and the service takes it."""
    assert (
        Effect("task definition", (Change("image", "home:1", "home:2"),), 1),
        Effect(None, (), 1),
    ) == effects(asked(image="home:2"), "home", replace(THERE, revision=None))


def test_raw_definition_has_no_log_group_of_ours() -> None:
    """A definition in ECS's own words says itself where it logs."""
    definition = {"networkMode": "bridge", "containerDefinitions": [{"name": "x", "image": "x:1", "memory": 64}]}
    own = dict.fromkeys(("image", "port", "discovery", "route"))
    manifest = asked(**own, task_definition=definition, launch_type="EC2")
    assert ["task definition", "service"] == [each.creates for each in effects(manifest, "home", Found({}))]


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ({}, (changed(("tags.Team", None, "shop"), ("tags.slipway:service", None, "home")),)),
        ({**TAGS, "Team": "bus"}, (changed(("tags.Team", "bus", "shop")),)),
    ],
)
def test_tags(now: dict[str, str], expected: tuple[Effect, ...]) -> None:
    """Tags that differ are put in one call."""
    assert THERE.serving is not None
    assert expected == effects(MANIFEST, "home", replace(THERE, serving=replace(THERE.serving, tags=now)))


@pytest.mark.parametrize(
    ("now", "wanted", "expected"),
    [
        (Scaled(1, 4, {}), None, ()),
        (None, None, ()),
        (
            Scaled(1, 4, {"slipway-cpu": CPU}),
            None,
            (changed(("scaling.min", 1, None), ("scaling.max", 4, None), ("scaling.cpu", CPU, None)),),
        ),
        (Scaled(1, 4, {}), Scaled(2, 5, {}), (changed(("scaling.min", 1, 2), ("scaling.max", 4, 5)),)),
        (Scaled(1, 4, {}), Scaled(1, 5, {}), (changed(("scaling.max", 4, 5)),)),
        (
            Scaled(1, 4, {"slipway-cpu": CPU}),
            Scaled(2, 4, {"slipway-memory": MEMORY}),
            (changed(("scaling.min", 1, 2), ("scaling.cpu", CPU, None), ("scaling.memory", None, MEMORY), calls=3),),
        ),
    ],
)
def test_scaling(now: Scaled | None, wanted: Scaled | None, expected: tuple[Effect, ...]) -> None:
    """Bounds are one call, each policy is one, and a target without a policy of ours is left alone."""
    assert expected == effects(MANIFEST, "home", replace(THERE, scaled=now, scaling=wanted))


def test_force() -> None:
    """What is forced has an ECS deployment, and its task before that, although nothing differs."""
    assert (
        Effect("before_deploy task", calls=1),
        Effect("ecs deployment", calls=1),
    ) == effects(asked(**MIGRATION), "home", replace(THERE, force=True))


def test_rollout_that_failed() -> None:
    """A service whose last rollout gave up gets another one, although nothing differs: ECS would not try again."""
    assert THERE.serving is not None
    failed = replace(THERE, serving=replace(THERE.serving, rollout_failed=True))
    assert (Effect("ecs deployment", calls=1),) == effects(MANIFEST, "home", failed)


def test_dropped_tags() -> None:
    """A tag that an earlier manifest gave is taken off, if it is there still, by a call of its own."""
    dropped = replace(THERE, dropped_tags=frozenset({"theirs", "gone already"}))
    assert (changed(("tags.theirs", "too", None)),) == effects(MANIFEST, "home", dropped)


@pytest.mark.parametrize(
    "there",
    [
        {"log_group": None},
        {"revision": None},
        {"registered": None},
        {"routed": None},
        {"scaled": None},
        {"tags": {**TAGS, "New": "tag"}},
        {"network": Placement(("subnet-2",), ("sg-1",))},
    ],
    ids=lambda there: next(iter(there)),
)
def test_whatever_changes_the_task_runs_before(there: dict[str, Any]) -> None:
    """before_deploy runs once, before the service changes, whatever changes; and the field that changes is told."""
    manifest, found = asked(**MIGRATION), replace(THERE, **there)
    told = [each.creates for each in effects(manifest, "home", found)]
    assert 1 == told.count("before_deploy task")
    assert Forecast((), {"home": effects(manifest, "home", found)}, frozenset(), ()).changed_fields("home")


def test_what_is_as_asked() -> None:
    """A part is as asked if nothing happens to it, and nobody says so of what he could not look at."""
    all_parts = set(as_asked(MANIFEST, "home", THERE))
    assert {
        "log_group",
        "task_definition",
        "discovery",
        "target_group",
        "rule",
        "service",
        "tags",
        "scaling",
    } == all_parts
    assert {"log_group"} == all_parts - set(as_asked(asked(log_retention_days=7), "home", THERE))
    unknown = replace(THERE, unknown=frozenset({"route"}))
    assert {"target_group", "rule", "scaling"} == all_parts - set(as_asked(MANIFEST, "home", unknown))


@pytest.mark.parametrize(
    ("namespace", "cluster", "made"),
    [
        (True, True, []),
        (False, True, ["namespace shop.local"]),
        (True, False, ["cluster shop"]),
        (False, False, ["namespace shop.local", "cluster shop"]),
    ],
)
def test_what_services_share(namespace: bool, cluster: bool, made: list[str]) -> None:
    """Namespace and cluster are made, with a call each, where they are not there."""
    assert tuple(Effect(each, calls=1) for each in made) == shared_effects(
        MANIFEST, namespace=namespace, cluster=cluster
    )


def finding(service: str | None, severity: str) -> Finding:
    """Return what Preflight found."""
    return Finding("service_not_owned", "it is theirs", "/services/home", service, severity=severity)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("service", "severity", "expected"),
    [
        ("home", "error", True),
        (None, "error", True),
        ("bus", "error", False),
        ("home", "warning", False),
        (None, "warning", False),
    ],
)
def test_what_refuses_a_service(service: str | None, severity: str, expected: bool) -> None:
    """An error of its own refuses a service, and one of what all share; a warning none."""
    assert expected is refuses([finding("bus", "warning"), finding(service, severity)], "home")
    assert not refuses([], "home")


def test_action_and_calls() -> None:
    """Each service is told what happens to it, and all calls are counted, those for what is shared too."""
    forecast = Forecast(
        shared=(Effect("cluster shop", calls=1),),
        services={
            "new": (Effect("service", calls=1), Effect("log group", calls=2)),
            "other": (Effect(None, (Change("image", "a", "b"),), 3),),
            "same": (),
            "refused": None,
            "dark": None,
        },
        new=frozenset({"new", "refused"}),
        findings=(finding("refused", "error"), finding("same", "warning")),
    )
    assert {"new": "create", "other": "update", "same": "unchanged", "refused": "refused", "dark": "unknown"} == {
        name: forecast.action(name) for name in forecast.services
    }
    assert 7 == forecast.calls
    assert ("new", "other") == forecast.changed
    assert [(), ("image",)] == [forecast.changed_fields(name) for name in ("new", "other")]
