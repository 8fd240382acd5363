"""A service that somebody made by hand: what no manifest says of it stays, there and on the way back."""

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.deployment import Deployment, Status
from chalicelib.manifest import RouteHealthCheck
from chalicelib.specs import Registry, ServiceSpec, Target
from chalicelib.store import Store
from tests.machine.slipway import Slipway, two_services, with_service
from tests.world import TargetGroup

GROUPS = tuple(f"arn:targetgroup/{name}/1" for name in ("public", "internal"))
TARGETS = tuple(Target(group, "web", 80, {"roleArn": "arn:role"}) for group in GROUPS)
CONFIGURATION = {
    "maximumPercent": 200,
    "minimumHealthyPercent": 100,
    "deploymentCircuitBreaker": {"enable": True, "rollback": False},
    "alarms": {"alarmNames": ["slow"], "enable": True, "rollback": True},
}
REGISTRY = Registry("arn:theirs", fixed_port=80)
ROUTED = {"route": {"path": "/web*"}}
NAMED: dict[str, Any] = {"discovery": {}}
ROLLOUT = {"rollout": {"maximum_percent": 300}}
WITHOUT_A_BREAKER = {"rollout": {"circuit_breaker": False}}


def manifest_of(**said: Any) -> dict[str, Any]:
    """Return the manifest of one service that is to be taken over."""
    return two_services(services={"web": {"image": "web:2", "port": 80, "adopt": True, **said}}, cluster="shared")


def by_hand(store: Store) -> Slipway:
    """Return an installation beside a service that is in two target groups and a Cloud Map service of its own."""
    slipway = Slipway(store, broken={"web:broken"})
    slipway.deploy(with_service(manifest_of(), "web", image="web:1") | {"application": "other"})
    service = slipway.world.services["shared", "web"]
    service.tags.clear()
    service.spec = replace(service.spec, route=TARGETS, discovery=REGISTRY, deployment_configuration=CONFIGURATION)
    for group in GROUPS:
        slipway.world.target_groups[group] = TargetGroup(80, RouteHealthCheck(), 30)
        slipway.world.tags[group] = {}
    return slipway


def spec_of(slipway: Slipway) -> ServiceSpec:
    """Return what ECS has of the service."""
    return slipway.world.services["shared", "web"].spec


def sent(deployment: Deployment) -> set[str]:
    """Return which fields of the service changed."""
    return set(deployment.services["web"].changed_fields)


@pytest.mark.parametrize("said", [{}, ROUTED, NAMED, ROLLOUT, WITHOUT_A_BREAKER])
def test_what_others_made_stays(store: Store, said: dict[str, Any]) -> None:
    """Adopted with another image, and deployed again, a service has all that was given to it, and what is asked for."""
    slipway, manifest = by_hand(store), manifest_of(**said)
    adopted = slipway.deploy(manifest)
    again, plan = slipway.deploy(manifest), slipway.dry_run(manifest)
    spec = spec_of(slipway)
    breaker = {"enable": False, "rollback": False} if said == WITHOUT_A_BREAKER else {"enable": True, "rollback": False}
    most = 300 if said == ROLLOUT else 200

    assert [Status.SUCCEEDED] * 2 == [adopted.status, again.status]
    assert ("unchanged", False) == (plan["services"]["web"]["action"], again.services["web"].changed)
    assert (TARGETS, said == ROUTED) == (spec.route[:2], len(spec.route) == 3)
    assert (said != NAMED) == (spec.discovery == REGISTRY)
    expected = {**CONFIGURATION, "deploymentCircuitBreaker": breaker, "maximumPercent": most}
    assert expected == spec.deployment_configuration


@pytest.mark.parametrize("said", [{}, ROUTED, NAMED, ROLLOUT, WITHOUT_A_BREAKER])
def test_a_failed_adoption_gives_all_back(store: Store, said: dict[str, Any]) -> None:
    """After an adoption that failed a service is what it was, to the last setting, and nobody's."""
    slipway = by_hand(store)
    before = spec_of(slipway)
    ended = slipway.deploy(manifest_of(**said, image="web:broken"))
    after = spec_of(slipway)

    assert (Status.ROLLED_BACK, before) == (ended.status, after)
    assert before.deployment_configuration == after.deployment_configuration
    assert {} == slipway.world.services["shared", "web"].tags


def test_what_a_manifest_gave_goes_with_it(store: Store) -> None:
    """A route and a name that the manifest drops are taken off the service; what others gave it stays."""
    slipway, manifest = by_hand(store), manifest_of()
    slipway.deploy(with_service(manifest, "web", **ROUTED, **NAMED))
    dropped = slipway.deploy(manifest)

    assert (Status.SUCCEEDED, {"route.path", "route", "discovery"}) == (dropped.status, sent(dropped))
    assert (TARGETS, None) == (spec_of(slipway).route, spec_of(slipway).discovery)
