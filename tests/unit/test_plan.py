"""Plans: what differs, in which order, and with which content."""

import json
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.manifest import HealthCheck, Manifest, Route, parse
from chalicelib.plan import (
    Placement,
    Registry,
    ServiceSpec,
    Serving,
    Target,
    TaskSpec,
    difference,
    first_free_priority,
    literal_prefix,
    plan,
    service_spec,
    task_spec,
    waves,
)

SPEC = TaskSpec(
    family="shop-home",
    image="home:1",
    cpu=256,
    memory=512,
    architecture="x86_64",
    port=5000,
    container="home",
    log_group="/ecs/shop-home",
    environment={"A": "1", "B": "2"},
    health_check=HealthCheck(command=("CMD-SHELL", "true")),
)
OTHERWISE: dict[str, Any] = {
    "family": "shop-other",
    "image": "home:2",
    "cpu": 512,
    "memory": 1024,
    "architecture": "arm64",
    "port": None,
    "container": "other",
    "log_group": "/ecs/other",
    "command": ("run",),
    "entry_point": ("sh",),
    "environment": {"A": "1"},
    "health_check": HealthCheck(command=("CMD-SHELL", "true"), interval=31),
    "stop_timeout": 2,
    "task_role": "arn:role",
    "execution_role": "arn:role",
}


def asked(**services: dict[str, Any]) -> Manifest:
    """Return a manifest of these services."""
    network = {"vpc": "vpc-1", "subnets": ["private"]}
    document = {
        "application": "shop",
        "namespace": "shop.local",
        "load_balancer": {"name": "slipway"},
        "network": network,
        "services": {name: {"image": f"{name}:1", **service} for name, service in services.items()},
    }
    return parse(json.dumps(document).encode(), "application/json")


class TestContentHash:
    """The same content, the same hash; any other content, another."""

    def test_is_stable(self) -> None:
        """A hash is the same tomorrow: revisions that are registered are found by it."""
        assert "50f38b" == TaskSpec("f", "i", 1, 2, "a", None, "c", "l").content_hash[:6]

    def test_order_of_variables_is_no_content(self) -> None:
        """The environment is the same in any order."""
        assert SPEC.content_hash == replace(SPEC, environment={"B": "2", "A": "1"}).content_hash

    def test_covers_every_field(self) -> None:
        """There is no field without a line in this test."""
        assert {each.name for each in fields(TaskSpec)} == set(OTHERWISE)

    @pytest.mark.parametrize("name", OTHERWISE)
    def test_is_sensitive_to_each_field(self, name: str) -> None:
        """A change of any field is another content."""
        assert SPEC.content_hash != replace(SPEC, **{name: OTHERWISE[name]}).content_hash


@pytest.mark.parametrize("name", OTHERWISE)
def test_difference_names_the_field(name: str) -> None:
    """What differs is told by its name in the manifest."""
    assert (name,) == difference(replace(SPEC, **{name: OTHERWISE[name]}), SPEC)
    assert () == difference(SPEC, SPEC)


class TestWaves:
    """Each service starts when all that it needs is proven."""

    @pytest.mark.parametrize(
        ("needs", "expected"),
        [
            ({"a": ()}, (("a",),)),
            ({"a": (), "b": ()}, (("a", "b"),)),
            ({"a": ("b",), "b": ()}, (("b",), ("a",))),
            ({"a": ("b", "c"), "b": ("c",), "c": (), "d": ()}, (("c", "d"), ("b",), ("a",))),
        ],
    )
    def test_order(self, needs: dict[str, tuple[str, ...]], expected: tuple[tuple[str, ...], ...]) -> None:
        """Services that need nothing more go together, as early as they can."""
        assert expected == waves(needs)

    @given(st.data())
    def test_every_dependency_is_earlier(self, data: st.DataObject) -> None:
        """Whatever needs what, each service comes once, after all that it needs, and none later than it must."""
        names = [f"s{number}" for number in range(data.draw(st.integers(1, 12)))]
        earlier = {
            name: st.sets(st.sampled_from(names[:at])) if at else st.just(set()) for at, name in enumerate(names)
        }
        needs = {name: tuple(data.draw(those)) for name, those in earlier.items()}
        at = {name: number for number, wave in enumerate(waves(needs)) for name in wave}
        assert sorted(names) == sorted(name for wave in waves(needs) for name in wave)
        assert {name: 1 + max((at[need] for need in needs[name]), default=-1) for name in names} == at


def serving(manifest: Manifest, name: str, **changes: Any) -> Serving:
    """Return a service that serves as a manifest asks, but for `changes` to its spec."""
    spec, task = service_spec(manifest, name, task_definition="arn:1"), task_spec(manifest, name)
    return Serving("arn:service", "ACTIVE", replace(spec, **changes), {}, task, task.content_hash)


class TestPlan:
    """What is asked against what serves."""

    def test_new_service(self) -> None:
        """A service that is not there is created; nothing served before."""
        planned = plan(asked(home={}), {"home": None})
        told = planned.actions["home"], planned.changed_fields["home"], planned.previous["home"]
        assert ("create", (), None) == told

    def test_nothing_differs(self) -> None:
        """A service that serves as asked is unchanged."""
        manifest = asked(home={})
        planned = plan(manifest, {"home": serving(manifest, "home")})
        assert ("unchanged", "arn:1") == (planned.actions["home"], planned.previous["home"])

    def test_content_and_settings(self) -> None:
        """What differs is told by field: of the task first, of the service then."""
        before, after = asked(home={}), asked(home={"image": "home:2", "cpu": 512, "memory": 1024, "desired_count": 3})
        planned = plan(after, {"home": serving(before, "home")})
        assert ("update", ("image", "cpu", "memory", "desired_count")) == (
            planned.actions["home"],
            planned.changed_fields["home"],
        )

    def test_revision_in_another_form(self) -> None:
        """A task definition that Slipway cannot read differs as a whole."""
        manifest = asked(home={})
        unread = replace(serving(manifest, "home"), task=None, content_hash=None)
        assert ("task_definition",) == plan(manifest, {"home": unread}).changed_fields["home"]

    def test_content_hash_decides(self) -> None:
        """What reads alike and has another hash differs all the same."""
        manifest = asked(home={})
        other = replace(serving(manifest, "home"), content_hash="another")
        assert ("task_definition",) == plan(manifest, {"home": other}).changed_fields["home"]

    def test_what_later_steps_find_is_no_difference_yet(self) -> None:
        """The ARNs of network, registry and target group are compared when they are known."""
        manifest = asked(home={"port": 80, "discovery": {}, "route": {}})
        found = {
            "network": Placement(("subnet-1",), ()),
            "discovery": Registry("arn:registry"),
            "route": Target("arn:group", "home", 80),
        }
        assert "unchanged" == plan(manifest, {"home": serving(manifest, "home", **found)}).actions["home"]


class TestServiceSpec:
    """What ECS is asked for."""

    def spec(self, **service: Any) -> ServiceSpec:
        """Return the spec of a service whose registry and target group were made."""
        return service_spec(
            asked(home=service),
            "home",
            task_definition="arn:1",
            registry_arn="arn:registry",
            target_group_arn="arn:group",
        )

    def test_registry_with_a_records(self) -> None:
        """With A records alone ECS takes neither container nor port."""
        assert Registry("arn:registry") == self.spec(port=80, discovery={"records": ["A"]}).discovery

    def test_registry_with_srv_records(self) -> None:
        """With SRV records ECS wants container and port."""
        assert Registry("arn:registry", "home", 80) == self.spec(port=80, discovery={"records": ["A", "SRV"]}).discovery

    def test_target(self) -> None:
        """The target group is joined by the service's container at its port."""
        assert Target("arn:group", "home", 80) == self.spec(port=80, route={}).route


class TestPriorities:
    """Longer literal prefixes are asked first, whatever is deployed when."""

    paths = st.text(alphabet="ab/*?", min_size=0, max_size=126).map(lambda text: f"/{text}")
    routes = st.builds(Route, path=paths, host=st.none() | st.just("a.example.com"))

    @given(routes, routes)
    def test_order(self, one: Route, other: Route) -> None:
        """Longest literal prefix, then a host before none, then an exact path before a pattern."""
        first, second = sorted((one, other), key=rank)
        expected = rank(first) < rank(second)
        assert expected is (first_free_priority(first, set()) < first_free_priority(second, set()))

    @given(routes, st.integers(0, 90))
    def test_taken_priorities_are_passed_over(self, route: Route, taken: int) -> None:
        """The first priority of its kind that nobody has is taken, and ELB knows it."""
        start = first_free_priority(route, set())
        used = set(range(start, start + taken))
        assert start + taken == first_free_priority(route, used)
        assert 1 <= start + taken <= 50_000


def rank(route: Route) -> tuple[int, bool, bool]:
    """Return what decides the order of two routes, smallest first."""
    prefix = literal_prefix(route.path)
    return -len(prefix), route.host is None, prefix != route.path


@pytest.mark.parametrize(("path", "expected"), [("/a", "/a"), ("/a*", "/a"), ("/a?b*", "/a"), ("*", ""), ("/*", "/")])
def test_literal_prefix(path: str, expected: str) -> None:
    """A pattern begins with what stands before its first wildcard."""
    assert expected == literal_prefix(path)
