"""What each finding says, for every code that there is; each is looked for when its test runs, not before."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest

from chalicelib import preflight
from chalicelib.errors import AwsRefused
from chalicelib.plan import first_free_for, task_spec
from chalicelib.preflight import (
    FIXES,
    Admission,
    Capacity,
    Finding,
    NameFound,
    NetworkFound,
    Room,
    Rule,
    SecretFound,
    Ways,
)
from chalicelib.specs import Target
from tests.unit.test_manifest_forms import DEFINITION
from tests.unit.test_preflight import HERE, NOTHING, OWNER, REGISTRY, SHOP_ARN, manifest, serving

WEB = f"{REGISTRY}/web:1"
THEIRS = {**OWNER, "slipway:application": "mall"}
ON_EC2 = {"launch_type": "EC2", "cpu": 512, "memory": 1024}


def of_network(found: NetworkFound) -> Iterator[Finding]:
    """Return what is found of a network of one service."""
    yield from preflight.network_findings(manifest(), {"a": found})


def of_rollout() -> Iterator[Finding]:
    """Return what is found of a rollout that can replace nothing."""
    yield from preflight.rollout_findings(
        manifest({"rollout": {"minimum_healthy_percent": 50, "maximum_percent": 100}}), {"a": None}
    )


def of_name(found: NameFound, **discovery: Any) -> Iterator[Finding]:
    """Return what is found of a name."""
    yield from preflight.discovery_findings(manifest({"port": 80, "discovery": discovery}), {"a": found}, OWNER)


def of_image(
    *architectures: str, there: bool = True, upstreams: Mapping[str, str] = MappingProxyType({})
) -> Iterator[Finding]:
    """Return what is found of an image in ECR."""
    asked = manifest({"image": WEB})
    found = {WEB: architectures if there else None}
    yield from preflight.image_findings(asked, preflight.images_asked(asked, *HERE), found, upstreams)


def of_secret(place: str, found: SecretFound) -> Iterator[Finding]:
    """Return what is found of a secret."""
    asked = manifest({"secrets": {"TOKEN": place}}, execution_role="run")
    yield from preflight.secret_findings(
        preflight.secrets_asked(asked, HERE[1]), {preflight.secret_place(place): found}
    )


def of_role(*trusted: str, there: bool = True) -> Iterator[Finding]:
    """Return what is found of a role."""
    asked = preflight.roles_asked(manifest({"task_role": "web"}), HERE[0])
    yield from preflight.role_findings(asked, {"web": trusted if there else None})


def of_rules(rules: Iterable[Rule], **route: Any) -> Iterator[Finding]:
    """Return what is found of a route beside these rules."""
    yield from preflight.route_findings(manifest({"port": 80, "route": route}), [*rules], OWNER, first_free_for)


def of_room(*rooms: Room, cluster: str = "main") -> Iterator[Finding]:
    """Return what is found of a task's room."""
    asked = manifest(ON_EC2, cluster=cluster)
    yield from preflight.room_findings(asked, {"a": task_spec(asked, "a")}, Capacity(rooms))


def of_ways(ways: Ways) -> Iterator[Finding]:
    """Return what is found of the ways out of two subnets."""
    network = NetworkFound(("vpc-1",), {"private": ("s-2", "s-1")}, {})
    yield from preflight.way_findings(
        manifest({"image": "redis:7"}), {"a": network}, {"s-1": ways, "s-2": ways}, "us-east-1"
    )


def of_vpc(*off: str) -> Iterator[Finding]:
    """Return what is found of a VPC with DNS attributes off."""
    yield from preflight.dns_findings("vpc-1", off)


def of_namespace(*vpcs: str) -> Iterator[Finding]:
    """Return what is found of a namespace of these VPCs."""
    yield from preflight.namespace_findings("shop.local", "vpc-1", vpcs)


def of_launch_type() -> Iterator[Finding]:
    """Return what is found of a service on Fargate that is asked onto EC2."""
    yield from preflight.launch_type_findings(manifest(ON_EC2), {"a": serving()})


def of_classic() -> Iterator[Finding]:
    """Return what is found of a service behind a Classic Load Balancer that is to have a route."""
    behind = replace(serving(), classic_load_balancer="old")
    yield from preflight.classic_findings(manifest({"port": 80, "route": {"path": "/"}}), {"a": behind})


def of_kept_target() -> Iterator[Finding]:
    """Return what is found of a service in a target group of others, by a container that it shall not have."""
    group = "arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/theirs/1"
    now = replace(serving(), spec=replace(serving().spec, route=(Target(group, "app", 80),)))
    yield from preflight.kept_target_findings(manifest(), {"a": now})


def of_admission(*groups: str) -> Iterator[Finding]:
    """Return what is found of a service that lets one of these in on another port."""
    yield from preflight.admission_findings("a", 80, groups, [Admission(81, 81, groups[:1])])


def of_refusal() -> Iterator[Finding]:
    """Return what is found where AWS refuses to show something."""
    yield preflight.could_not_check("the network", AwsRefused("describe_vpcs", "AccessDenied", "no right"))


def of_unnamed(discovery_name: str | None, *rules: Rule) -> Iterator[Finding]:
    """Return what is found of a service that is there and not named, beside one with this name or this route."""
    wanted = {"discovery": {"name": discovery_name}} if discovery_name else {}
    route = {"path": rules[0].path, "host": rules[0].host} if rules else None
    asked = manifest({"port": 80, "route": route, **wanted})
    yield from preflight.unnamed_findings(asked, [preflight.Unnamed("old", discovery_name, rules)])


def of_owner(tags: dict[str, str]) -> Iterator[Finding]:
    """Return what is found of an ECS service with these tags."""
    yield from preflight.ownership_findings(manifest(), {"a": serving(tags=tags)}, OWNER)


WORDS: list[tuple[str, Iterable[Finding], str]] = [
    ("network_not_found", of_network(NOTHING), "no VPCs are named main: write the id of one"),
    ("network_not_found", of_network(NetworkFound(("a", "b"), {}, {})), "2 VPCs are named main: write the id of one"),
    (
        "network_not_found",
        of_network(NetworkFound(("vpc-1",), {}, {"default": ("sg-1",)})),
        "vpc-1 has no subnet private",
    ),
    (
        "network_not_found",
        of_network(NetworkFound(("vpc-1",), {"private": ("s-1",)}, {})),
        "vpc-1 has no security group default",
    ),
    ("vpc_dns_off", of_vpc("A", "B"), "A and B of vpc-1 are off"),
    (
        "namespace_taken",
        of_namespace("vpc-2", "vpc-3"),
        "the namespace shop.local serves vpc-2, vpc-3, the tasks run in vpc-1",
    ),
    (
        "discovery_conflict",
        of_name(NameFound(("SRV", "A"), OWNER), name="www"),
        "the Cloud Map service www has records ['A', 'SRV'], the manifest asks for ['A']",
    ),
    (
        "discovery_name_taken",
        of_name(NameFound(("A",), THEIRS), name="www"),
        (
            "the Cloud Map service www of shop.local is that of slipway:application=mall, slipway:environment=default, "
            "slipway:installation=slipway"
        ),
    ),
    (
        "discovery_name_taken",
        of_name(NameFound(("A",), {}, frozenset({("mall", "b"), ("mall", "a")}))),
        (
            "the Cloud Map service a of shop.local is that of the ECS service mall/a, mall/b, whose tasks are "
            "registered in it"
        ),
    ),
    ("service_not_owned", of_owner({}), "the ECS service a in shop belongs to nobody known to Slipway"),
    (
        "service_not_owned",
        of_owner(THEIRS),
        (
            "the ECS service a in shop belongs to slipway:application=mall, slipway:environment=default, "
            "slipway:installation=slipway"
        ),
    ),
    (
        "launch_type_fixed",
        of_launch_type(),
        "the ECS service a runs on FARGATE, and EC2 is asked for",
    ),
    ("image_not_found", of_image(there=False), f"ECR has no image {WEB}"),
    (
        "definition_described",
        preflight.definition_findings(manifest({"image": None, "task_definition": {**DEFINITION, "revision": 3}})),
        "of the task definition of a is not registered: revision",
    ),
    (
        "image_not_cached",
        of_image(there=False, upstreams={WEB: "registry-1.docker.io/library/web:1"}),
        f"ECR has no image {WEB} yet, and pulls registry-1.docker.io/library/web:1 with the first task",
    ),
    ("image_architecture", of_image("arm64", "s390x"), f"{WEB} is built for arm64, s390x, a runs on x86_64"),
    ("secret_not_found", of_secret(SHOP_ARN, SecretFound(exists=False)), f"Secrets Manager has no {SHOP_ARN}"),
    ("secret_not_found", of_secret("/shop/token", SecretFound(exists=False)), "the Parameter Store has no /shop/token"),
    (
        "secret_key_missing",
        of_secret(f"{SHOP_ARN}:key::", SecretFound(exists=True, has_key=False)),
        f"the secret {SHOP_ARN} has no JSON key key",
    ),
    (
        "secret_key_unchecked",
        of_secret(f"{SHOP_ARN}:key::", SecretFound(exists=True, has_key=None)),
        f"whether the secret {SHOP_ARN} has the JSON key key is not looked at",
    ),
    ("role_not_found", of_role(there=False), "there is no role web"),
    ("role_not_trusted", of_role(), "the role web does not trust ecs-tasks.amazonaws.com, only no service"),
    (
        "role_not_trusted",
        of_role("ec2.amazonaws.com", "lambda.amazonaws.com"),
        "the role web does not trust ecs-tasks.amazonaws.com, only ec2.amazonaws.com, lambda.amazonaws.com",
    ),
    ("rule_priority_taken", of_rules([Rule(7)], priority=7), "the priority 7 is that of somebody else's rule"),
    (
        "path_taken",
        of_rules([Rule(1, ("/*",)), Rule(2)], path="/shop"),
        "the rule of priority 1, which is somebody else's, takes /shop first",
    ),
    (
        "routed_elsewhere",
        preflight.elsewhere_findings(manifest({"port": 80, "route": {}}), {"a": (Rule(1, ("/*",)), "arn:listener")}),
        "the listener rule of a for /* is at another listener: arn:listener",
    ),
    (
        "unnamed_service_in_way",
        of_unnamed("www"),
        (
            "the service old of this application, which the manifest does not name any more, "
            "has the name www.shop.local, too"
        ),
    ),
    (
        "unnamed_service_in_way",
        of_unnamed(None, Rule(1, ("/a*",), ("a.example.com",))),
        (
            "the service old of this application, which the manifest does not name any more, has the route "
            "a.example.com/a*, too"
        ),
    ),
    (
        "load_balancer_not_admitted",
        of_admission("sg-1", "sg-2"),
        "no security group of a lets sg-1, sg-2 of the load balancer reach port 80",
    ),
    (
        "no_room",
        of_room(),
        "a task of a reserves 512 CPU units and 1024 MiB, and the cluster main has no ACTIVE container instance",
    ),
    (
        "no_room",
        of_room(Room(1, 2), Room(3, 4)),
        (
            "a task of a reserves 512 CPU units and 1024 MiB, and the container instances of main have left: "
            "1 and 2 · 3 and 4"
        ),
    ),
    (
        "rollout_has_no_room",
        of_rollout(),
        "a: with 1 desired, 100 % allows 1 tasks and 50 % keeps 1, so that none can be replaced",
    ),
    (
        "no_public_ip",
        of_ways(Ways("internet")),
        "tasks of a in s-1, s-2 do not reach logs, redis:7: there is an internet gateway, and they get no public IP",
    ),
    (
        "no_way_to_registry",
        of_ways(Ways(endpoints=frozenset({"logs"}))),
        "tasks of a in s-1, s-2 do not reach redis:7: there is no route to the internet",
    ),
    (
        "classic_load_balancer",
        of_classic(),
        "the ECS service a is behind the Classic Load Balancer old",
    ),
    (
        "target_container_missing",
        of_kept_target(),
        "the ECS service a is in the target group theirs by the container app at its port 80",
    ),
    (
        "could_not_check",
        of_refusal(),
        "the network cannot be checked: describe_vpcs: AccessDenied: no right",
    ),
]
# What the step of Preflight says of its own, with words of the error that it is elsewhere.
ELSEWHERE = {"listener_not_found"}
WARNINGS = {
    *("could_not_check", "definition_described", "image_not_cached"),
    *("load_balancer_not_admitted", "secret_key_unchecked"),
}


@pytest.mark.parametrize(("code", "findings", "detail"), WORDS)
def test_words(code: str, findings: Iterable[Finding], detail: str) -> None:
    """A finding says what is wrong and of what, and a person reads it with its severity and what to do."""
    (found,) = findings
    severity = "warning" if code in WARNINGS else "error"

    assert (code, detail, severity) == (found.code, found.detail, found.severity)
    assert f"{severity} {code}: {detail}. {found.remedy or FIXES[code]}" == found.sentence


def test_every_code_has_words() -> None:
    """There is no code without an example of what it says."""
    assert set(FIXES) == ELSEWHERE | {code for code, _, _ in WORDS}
