"""The plan: what a deployment would do is told, and nothing is done."""

from typing import Any

import pytest

from chalicelib.errors import AwsRefused, InvalidManifest, Throttled
from chalicelib.manifest import Manifest
from chalicelib.store import Store
from tests.fake_observer import FakeObserver
from tests.machine.slipway import Slipway, two_services, with_service

WRITES = ("store.begin", "store.update", "store.progress", "store.record", "store.keep", "store.remember", "workflow.")


def actions(plan: dict[str, Any]) -> dict[str, str]:
    """Return what happens to each service."""
    return {name: service["action"] for name, service in plan["services"].items()}


def everything(**home: Any) -> dict[str, Any]:
    """Return two services, one of them routed, scaled, and with a migration."""
    more = {"scaling": {"min": 1, "max": 4, "cpu": 60}, "before_deploy": {"command": ["migrate"]}}
    return with_service(two_services(), "home", **{**more, **home})


def changed(manifest: dict[str, Any], service: str, **said: Any) -> dict[str, Any]:
    """Return a manifest in which a service says otherwise."""
    return with_service(manifest, service, **said)


def test_everything_is_new(store: Store) -> None:
    """Before the first deployment all is to be made, wave by wave, and nothing is written."""
    slipway, manifest = Slipway(store), everything()
    plan = slipway.dry_run(manifest)

    assert {"home": "create", "redis": "create"} == actions(plan)
    assert [["redis"], ["home"]] == plan["waves"]
    assert ["namespace shop.local", f"cluster {manifest['application']}"] == plan["creates"]
    assert ["log group", "task definition", "cloud map service", "service"] == plan["services"]["redis"]["creates"]
    assert [
        "log group",
        "task definition",
        "cloud map service",
        "target group",
        "listener rule",
        "before_deploy task",
        "service",
        "scalable target",
    ] == plan["services"]["home"]["creates"]
    assert (2 + 5 + 11, []) == (plan["calls"], plan["findings"])
    assert [] == slipway.world.changes
    assert [] == [call for call in slipway.faults.calls if call.startswith(WRITES)]


def test_afterwards_nothing_is_left_to_do(store: Store) -> None:
    """What was deployed is unchanged, with no call."""
    slipway, manifest = Slipway(store), everything()
    slipway.deploy(manifest)
    plan = slipway.dry_run(manifest)

    assert ({"home": "unchanged", "redis": "unchanged"}, 0, []) == (actions(plan), plan["calls"], plan["creates"])
    assert [[], []] == [service["changes"] + service["creates"] for service in plan["services"].values()]


@pytest.mark.parametrize(
    ("said", "field", "old", "new", "calls"),
    [
        ({"environment": {"GREETING": "hi"}}, "environment.GREETING", "hello", "hi", 3),
        (
            {"desired_count": 3, "scaling": None},
            "scaling.cpu",
            {"metric": "ECSServiceAverageCPUUtilization", "value": 60.0},
            None,
            3,
        ),
        ({"log_retention_days": 7}, "log_retention_days", 30, 7, 2),
        ({"discovery": {"name": "www", "ttl": 60}}, "discovery.ttl", 10, 60, 2),
        ({"route": {"path": "/home*", "deregistration_delay": 5}}, "route.deregistration_delay", 30, 5, 2),
        ({"route": {"path": "/home*", "health_check": {"path": "/up"}}}, "route.health_check.path", "/", "/up", 2),
        ({"route": {"path": "/house*"}}, "route.path", "/home*", "/house*", 2),
        ({"network": {"assign_public_ip": True}}, "network.assign_public_ip", False, True, 2),
        ({"scaling": {"min": 1, "max": 9, "cpu": 60}}, "scaling.max", 4, 9, 2),
        ({"rollout": {"maximum_percent": 250}}, "maximum_percent", 200, 250, 2),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_change(store: Store, said: dict[str, Any], field: str, old: Any, new: Any, calls: int) -> None:
    """Each change is told by its field, from what is there to what is asked, with the calls that it takes."""
    slipway, manifest = Slipway(store), everything()
    slipway.deploy(manifest)
    slipway.world.changes.clear()
    plan = slipway.dry_run(changed(manifest, "home", **said))

    assert {"home": "update", "redis": "unchanged"} == actions(plan)
    assert {"field": field, "old": old, "new": new} in plan["services"]["home"]["changes"]
    assert calls == plan["calls"]
    assert [] == slipway.world.changes


def test_one_value_is_one_change(store: Store) -> None:
    """One environment value is one change, and a new revision."""
    slipway, manifest = Slipway(store), two_services()
    slipway.deploy(manifest)
    home = slipway.dry_run(changed(manifest, "home", environment={"GREETING": "hi"}))["services"]["home"]

    change = {"field": "environment.GREETING", "old": "hello", "new": "hi"}
    assert {"action": "update", "changes": [change], "creates": ["task definition"]} == home


def test_tags(store: Store) -> None:
    """A tag that differs is a change of every service."""
    slipway, manifest = Slipway(store), two_services()
    slipway.deploy(manifest)
    plan = slipway.dry_run({**manifest, "tags": {"Team": "other"}})

    change = {"field": "tags.Team", "old": "shop", "new": "other"}
    assert [[change], [change]] == [service["changes"] for service in plan["services"].values()]


def test_foreign_service_is_a_finding(store: Store) -> None:
    """A service of somebody else's is refused in words, and what is beside it is told all the same."""
    slipway, manifest = Slipway(store), two_services()
    deployment = slipway.deploy(manifest)
    slipway.world.services[deployment.cluster, "home"].tags.clear()
    plan = slipway.dry_run(manifest)

    assert {"home": "refused", "redis": "unchanged"} == actions(plan)
    (finding,) = plan["findings"]
    assert ("service_not_owned", "home") == (finding["code"], finding["service"])
    assert "nobody known to Slipway" in finding["detail"]
    assert "adopt: true" in finding["fix"]


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"launch_type": "EC2"}, "launch_type_fixed"),
        ({"discovery": {"name": "www", "records": ["A", "SRV"]}}, "discovery_conflict"),
        ({"network": {"subnets": ["nowhere"]}}, "network_not_found"),
    ],
)
def test_what_would_fail_is_a_finding(store: Store, said: dict[str, Any], code: str) -> None:
    """What a deployment would fail of is told by the code that it would fail with, and takes no call."""
    slipway, manifest = Slipway(store), two_services()
    slipway.deploy(manifest)
    plan = slipway.dry_run(changed(manifest, "home", **said))

    assert [(code, "home")] == [(each["code"], each["service"]) for each in plan["findings"]]
    assert ("refused", 0) == (actions(plan)["home"], plan["calls"])


def test_listener_that_is_not_there(store: Store) -> None:
    """An error of what services share refuses all of them, as it would end the deployment."""
    plan = Slipway(store).dry_run({**two_services(), "load_balancer": {"name": "absent"}})
    assert [("listener_not_found", None)] == [(each["code"], each["service"]) for each in plan["findings"]]
    assert {"home": "refused", "redis": "refused"} == actions(plan)


def test_findings_are_those_of_a_deployment(store: Store) -> None:
    """A plan has the findings that a deployment records, in the same order, with all that is known of each."""
    absent = {"home", "/shop/token"}
    manifest = {**two_services(), "execution_role": "execution"}
    wrong = with_service(manifest, "home", secrets={"TOKEN": "/shop/token"}, task_role="home")
    slipway = Slipway(store, absent=absent, admissions=())
    findings, failed = slipway.dry_run(wrong)["findings"], slipway.deploy(wrong)

    assert failed.failure is not None
    assert [each.resource for each in failed.failure.evidence] == [each["pointer"] for each in findings]
    assert ["warning", "error", "error"] == [each["severity"] for each in findings]
    assert {
        "code": "secret_not_found",
        "severity": "error",
        "service": "home",
        "pointer": "/services/home/secrets/TOKEN",
        "detail": "the Parameter Store has no /shop/token",
        "fix": "Create the secret or parameter in this region, or name one that exists.",
    } == findings[1]


def test_warning_refuses_nothing(store: Store) -> None:
    """A warning is shown beside what would be done."""
    plan = Slipway(store, admissions=()).dry_run(two_services())
    assert [("load_balancer_not_admitted", "warning")] == [
        (each["code"], each["severity"]) for each in plan["findings"]
    ]
    assert {"home": "create", "redis": "create"} == actions(plan)


REFUSED = AwsRefused("call", "AccessDeniedException", "not authorized")


@pytest.mark.parametrize(
    ("call", "what", "changes", "creates"),
    [
        ("logs.groups", "the log groups", ["image"], ["task definition"]),
        ("cloud_map.registered", "the names in Cloud Map", ["log_retention_days", "image"], ["task definition"]),
        ("cloud_map.namespaces", "the names in Cloud Map", ["log_retention_days", "image"], ["task definition"]),
        ("load_balancers.listener", "the listener", ["log_retention_days", "image"], ["task definition"]),
        ("load_balancers.routes", "the target groups", ["log_retention_days", "image"], ["task definition"]),
        ("ec2.find", "the networks", ["log_retention_days", "image"], ["task definition"]),
        ("autoscaling.scaled", "the scaling", ["log_retention_days", "image"], ["task definition"]),
    ],
)
def test_refused_look(store: Store, call: str, what: str, changes: list[str], creates: list[str]) -> None:
    """What AWS does not let us look at is a warning, told once, and what is known is told all the same."""
    slipway, manifest = Slipway(store), everything(scaling={"min": 1, "max": 4, "requests_per_target": 9})
    slipway.deploy(manifest)
    slipway.faults.break_from_now_on({call: REFUSED})
    plan = slipway.dry_run(changed(manifest, "home", image="home:2", log_retention_days=7))
    home, warnings = plan["services"]["home"], [each for each in plan["findings"] if each["detail"].startswith(what)]

    assert [("could_not_check", "warning")] == [(each["code"], each["severity"]) for each in warnings]
    assert changes == [each["field"] for each in home["changes"]]
    assert ([*creates, "before_deploy task"], []) == (home["creates"], plan["creates"])
    assert {"home": "update", "redis": "unchanged"} == actions(plan)


def test_services_that_cannot_be_looked_at(store: Store) -> None:
    """Where AWS does not say what serves, nobody knows what would happen to a service."""
    slipway = Slipway(store, {"ecs.serving": REFUSED})
    plan = slipway.dry_run(two_services())

    assert {"home": "unknown", "redis": "unknown"} == actions(plan)
    assert ["the ECS services cannot be checked: call: AccessDeniedException: not authorized"] == [
        each["detail"] for each in plan["findings"]
    ]


def test_works_while_busy(store: Store) -> None:
    """A deployment under way is no hindrance, and goes on."""
    slipway, manifest = Slipway(store), two_services()
    deployment = slipway.post(manifest)
    assert {"home": "create", "redis": "create"} == actions(slipway.dry_run(manifest))
    slipway.machine.run(deployment.id)
    assert "succeeded" == slipway.record(deployment).status.value


def test_faulty_manifest(store: Store) -> None:
    """A manifest with faults is refused as it is without dry_run."""
    with pytest.raises(InvalidManifest):
        Slipway(store).dry_run({**two_services(), "services": {}})


@pytest.mark.parametrize("call", ["cloud_map.registered", "load_balancers.routes", "logs.groups", "observer.dry_run"])
def test_throttled(store: Store, call: str) -> None:
    """AWS that throttles is told to the caller, who may send it again."""
    slipway, manifest = Slipway(store), two_services()
    slipway.deploy(manifest)
    slipway.faults.break_from_now_on({call: [Throttled("call", "ThrottlingException", "Rate exceeded")]})
    with pytest.raises(Throttled):
        slipway.dry_run(manifest)
    assert 0 == slipway.dry_run(manifest)["calls"]


def test_nobody_observes() -> None:
    """A plan is asked of the function, and of nothing else."""
    nothing: dict[str, Any] = {}
    with pytest.raises(AssertionError, match="not deployed"):
        FakeObserver().dry_run(Manifest.model_construct(**nothing), force=False)
