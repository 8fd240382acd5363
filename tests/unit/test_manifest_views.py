"""The containers of a service, the same in each of its three forms, and which of them is meant."""

from typing import Any

import pytest

from chalicelib.manifest import Manifest, registered_container, routed_container
from chalicelib.manifest.forms import containers_of, main_container
from tests.unit.test_manifest_forms import DATA
from tests.unit.test_plan import asked

WEB = {
    "image": "web:1",
    "port": 80,
    "essential": True,
    "cpu": 10,
    "memory": 64,
    "secrets": {"S": "/shop/s"},
    "environment": {"A": "1"},
    "health_check": {"command": ["CMD", "true"]},
    "depends_on": {"side": "HEALTHY"},
    "mounts": [DATA],
    "stop_timeout": 20,
}
SIDE = {"image": "side:1", "essential": False, "health_check": {"command": ["CMD", "true"]}}
DEFINITION: dict[str, Any] = {
    "networkMode": "awsvpc",
    "cpu": "256",
    "memory": "512",
    "executionRoleArn": "arn:aws:iam::123456789012:role/run",
    "volumes": [{"name": "data"}],
    "containerDefinitions": [
        {
            "name": "web",
            "image": "web:1",
            "portMappings": [{"containerPort": 80}, {"hostPort": 9}, {"containerPort": 81}],
            "cpu": 10,
            "memory": 64,
            "secrets": [{"name": "S", "valueFrom": "/shop/s"}],
            "environment": [{"name": "A", "value": "1"}, {}],
            "healthCheck": {"command": ["CMD", "true"]},
            "dependsOn": [{"containerName": "side", "condition": "HEALTHY"}],
            "mountPoints": [{"sourceVolume": "data", "containerPath": "/data"}],
            "stopTimeout": 20,
        },
        {"name": "side", "image": "side:1", "essential": False, "healthCheck": {"command": ["CMD", "true"]}, "cpu": 0},
    ],
}
SEVERAL = asked(home={"containers": {"web": WEB, "side": SIDE}, "volumes": {"data": {}}})
RAW_MAPPINGS = [{"containerPort": 80}, {"containerPort": 81}]


def raw() -> Manifest:
    """Return a manifest of a raw definition that says what the several containers say."""
    web, side = DEFINITION["containerDefinitions"]
    definition = {**DEFINITION, "containerDefinitions": [{**web, "portMappings": RAW_MAPPINGS}, side]}
    return asked(home={"task_definition": definition})


@pytest.mark.parametrize(
    ("manifest", "ports", "way"),
    [
        (SEVERAL, (80,), ("containers", "web")),
        (raw(), (80, 81), ("task_definition", "containerDefinitions", 0)),
    ],
)
def test_several_containers(manifest: Manifest, ports: tuple[int, ...], way: tuple[str | int, ...]) -> None:
    """A container is the same in the manifest's words and in ECS's; ECS may give it more ports."""
    web, side = containers_of(manifest, "home")

    assert ("web", "web:1", 80, ports, True) == (web.name, web.image, web.port, web.ports, web.essential)
    assert ("side", "side:1", None, (), False) == (side.name, side.image, side.port, side.ports, side.essential)
    assert ((10, 64), (0, 0)) == ((web.cpu, web.memory), (side.cpu, side.memory))
    assert ({"side": "HEALTHY"}, {"S": "/shop/s"}) == (web.needs, web.secrets)
    assert ({}, {}, {}) == (side.needs, side.secrets, side.mounts)
    assert [("data", "/data")] == [(each.text("volume"), each.text("path")) for each in web.mounts.values()]
    assert {"A": "1"} == {key: each for key, each in web.said.texts_by_key("environment").items() if key}
    assert (20, True, False) == (
        web.said.whole("stop_timeout"),
        web.said.says("health_check"),
        side.said.says("stop_timeout"),
    )
    assert ("services", "home", *way) == web.path()


@pytest.mark.parametrize(
    ("key", "steps", "several", "of_ecs"),
    [
        ("image", (), ("image",), "image"),
        ("port", (), ("port",), "portMappings"),
        ("mounts", (0, "path"), ("mounts", 0, "path"), "mountPoints"),
        ("depends_on", ("side",), ("depends_on", "side"), "dependsOn"),
        ("health_check", (), ("health_check",), "healthCheck"),
        ("stop_timeout", (), ("stop_timeout",), "stopTimeout"),
    ],
)
def test_where_a_key_is(key: str, steps: tuple[Any, ...], several: tuple[Any, ...], of_ecs: str) -> None:
    """A key is told where it is written, in a raw definition by ECS's own word for it."""
    (own, *_), (theirs, *_) = containers_of(SEVERAL, "home"), containers_of(raw(), "home")

    assert ("services", "home", "containers", "web", *several) == own.path(key, *steps)
    definition = ("services", "home", "task_definition", "containerDefinitions", 0)
    assert (*definition, of_ecs) == theirs.path(key, *steps)
    assert ((*definition, of_ecs), "wrong") == (
        theirs.finding("wrong", key, *steps).path,
        theirs.finding("wrong").detail,
    )


def test_one_container() -> None:
    """A service's own container bears its name, is essential, and has no share of its own."""
    (only,) = containers_of(asked(home={"port": 80, "cpu": 512, "memory": 1024}), "home")
    assert ("home", "home:1", (80,), True, 0, 0) == (
        only.name,
        only.image,
        only.ports,
        only.essential,
        only.cpu,
        only.memory,
    )


def test_definition_with_as_little_as_can_be() -> None:
    """What a raw definition leaves out is nothing, or ECS's own default."""
    definition = {**DEFINITION, "containerDefinitions": [{"name": "web", "image": "web:1"}]}
    (only,) = containers_of(asked(home={"task_definition": definition}), "home")
    assert ((), True, {}, {}, {}, 0, 0) == (
        only.ports,
        only.essential,
        only.needs,
        only.secrets,
        only.mounts,
        only.cpu,
        only.memory,
    )


def several(route: str | None = None, discovery: str | None = None, **containers: dict[str, Any]) -> Manifest:
    """Return a manifest of a service with containers, of which a route and SRV records may name one."""
    own = {name: {"image": "a:1", **container} for name, container in containers.items()}
    service: dict[str, Any] = {"containers": own}
    if route is not None:
        service["route"] = {"container": route} if route else {}
    if discovery is not None:
        service["discovery"] = {"records": ["SRV"], **({"container": discovery} if discovery else {})}
    return asked(home=service)


@pytest.mark.parametrize(
    ("manifest", "routed", "registered", "main"),
    [
        (several(a={}, b={}), None, None, "a"),
        (several(a={}, b={"port": 1}), None, None, "b"),
        (several(a={"essential": False, "port": 1}, b={}), None, None, "b"),
        (several(a={"essential": False}, b={}, c={"port": 1}), None, None, "c"),
        (several("", a={}, b={"port": 1}), "b", None, "b"),
        (several("b", a={"port": 1}, b={"port": 2}), "b", None, "b"),
        (several("b", a={"port": 1}, b={"port": 2, "essential": False}), "b", None, "b"),
        (several("b", "", a={"port": 1}, b={"port": 2}), "b", "b", "b"),
        (several("b", "a", a={"port": 1}, b={"port": 2}), "b", "a", "b"),
        (several(None, "b", a={"port": 1}, b={"port": 2}), None, "b", "a"),
        (several(None, "", a={}, b={"port": 2}), None, "b", "b"),
        (asked(home={"port": 80, "discovery": {"records": ["A"]}}), None, None, "home"),
    ],
)
def test_which_container_is_meant(manifest: Manifest, routed: str | None, registered: str | None, main: str) -> None:
    """The route and SRV records mean the one that they name, else the only one with a port.

    A command runs in the routed one, else in an essential one, if there is one with a port.
    """
    found = routed_container(manifest, "home"), registered_container(manifest, "home")
    assert (routed, registered) == tuple(each.name if each else None for each in found)
    assert main == main_container(manifest, "home").name
