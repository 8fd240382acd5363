"""Plans: what differs, in which order, and with which content."""

import json
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.manifest import CapacityProvider, HealthCheck, Manifest, Mount, Route, Volume, parse
from chalicelib.plan import (
    chained,
    changes,
    first_free_for,
    first_free_priority,
    literal_prefix,
    service_spec,
    task_spec,
    waves,
)
from chalicelib.specs import (
    Change,
    ContainerSpec,
    Placement,
    Registry,
    ServiceSpec,
    Serving,
    Target,
    TaskSpec,
    service_changes,
)


def asked(**services: dict[str, Any]) -> Manifest:
    """Return a manifest of these services."""
    network = {"vpc": "vpc-1", "subnets": ["private"]}
    document = {
        "application": "shop",
        "namespace": "shop.local",
        "load_balancer": {"name": "slipway"},
        "network": network,
        "execution_role": "runner",
        "services": {name: with_image(name, service) for name, service in services.items()},
    }
    return parse(json.dumps(document).encode(), "application/json")


def with_image(name: str, service: dict[str, Any]) -> dict[str, Any]:
    """Return a service that has something to run."""
    other_form = {"containers", "task_definition"} & service.keys()
    return service if other_form else {"image": f"{name}:1", **service}


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


def fields(manifest: Manifest, now: Serving) -> list[str]:
    """Return by which fields a service differs from what serves."""
    return [change.field for change in changes(manifest, "home", now)]


class TestChanges:
    """What is asked against what serves."""

    def test_nothing_differs(self) -> None:
        """A service that serves as asked is unchanged."""
        manifest = asked(home={})
        assert [] == fields(manifest, serving(manifest, "home"))

    def test_content_and_settings(self) -> None:
        """What differs is told by field: of the task first, of the service then."""
        before, after = asked(home={}), asked(home={"image": "home:2", "cpu": 512, "memory": 1024, "desired_count": 3})
        assert ["image", "cpu", "memory", "desired_count"] == fields(after, serving(before, "home"))

    def test_revision_that_is_gone(self) -> None:
        """A task definition that cannot be read differs as a whole."""
        manifest = asked(home={})
        unread = replace(serving(manifest, "home"), task=None, content_hash=None)
        assert ["task_definition"] == fields(manifest, unread)

    def test_content_hash_decides(self) -> None:
        """What reads alike and has another hash differs all the same."""
        manifest = asked(home={})
        other = replace(serving(manifest, "home"), content_hash="another")
        assert (Change("task_definition", "arn:1", None),) == changes(manifest, "home", other)

    def test_what_later_steps_find_is_no_difference_yet(self) -> None:
        """The ARNs of network, registry and target group are compared when they are known."""
        manifest = asked(home={"port": 80, "discovery": {}, "route": {}})
        found = {
            "network": Placement(("subnet-1",), ()),
            "discovery": Registry("arn:registry"),
            "route": (Target("arn:group", "home", 80),),
        }
        assert [] == fields(manifest, serving(manifest, "home", **found))

    def test_scaling_keeps_its_count(self) -> None:
        """How many tasks a scaled service has is no difference: scaling decides it."""
        manifest = asked(home={"scaling": {"min": 2, "max": 6, "cpu": 60}})
        assert [] == fields(manifest, serving(manifest, "home", desired_count=5))

    def test_another_capacity(self) -> None:
        """Capacity providers that differ are told."""
        manifest = asked(home={"capacity_providers": [{"name": "FARGATE_SPOT"}]})
        assert ["launch_type", "capacity_providers"] == fields(manifest, serving(asked(home={}), "home"))


EVERYTHING: dict[str, Any] = {
    "cpu": 1024,
    "memory": 2048,
    "architecture": "arm64",
    "port": 80,
    "desired_count": 3,
    "command": ["run"],
    "entry_point": ["sh"],
    "environment": {"A": "1"},
    "secrets": {"S": "/shop/s"},
    "health_check": {"command": ["CMD", "true"]},
    "rollout": {"minimum_healthy_percent": 50, "maximum_percent": 150, "circuit_breaker": False},
    "discovery": {"records": ["SRV"]},
    "route": {"path": "/home*"},
    "launch_type": "EC2",
    "volumes": {"v": {"host_path": "/v"}},
    "mounts": [{"volume": "v", "path": "/data"}],
    "task_role": "worker",
    "health_check_grace_period_seconds": 60,
    "stop_timeout": 20,
}


class TestTaskSpec:
    """What the three forms become."""

    def test_everything(self) -> None:
        """All that a service asks of its task definition is in it, and nothing else."""
        container = ContainerSpec(
            name="home",
            image="home:1",
            port=80,
            command=("run",),
            entry_point=("sh",),
            environment={"A": "1"},
            secrets={"S": "/shop/s"},
            health_check=HealthCheck(command=("CMD", "true")),
            stop_timeout=20,
            mounts=(Mount(volume="v", path="/data"),),
        )
        expected = TaskSpec(
            family="shop-home",
            containers=(container,),
            cpu=1024,
            memory=2048,
            architecture="arm64",
            compatibility="EC2",
            volumes={"v": Volume(host_path="/v")},
            log_group="/ecs/shop-home",
            task_role="worker",
            execution_role="runner",
        )
        assert expected == task_spec(asked(home=EVERYTHING), "home")
        assert 30 == task_spec(asked(home={"ephemeral_storage_gib": 30}), "home").ephemeral_storage_gib

    def test_one_container(self) -> None:
        """A service's own container bears its name, and takes nothing of the task's size."""
        spec = task_spec(asked(home={"port": 80, "cpu": 512, "memory": 1024}), "home")
        assert (ContainerSpec("home", "home:1", port=80, stop_timeout=30),) == spec.containers
        assert (512, 1024, "awsvpc", ("home:1",)) == (spec.cpu, spec.memory, spec.network_mode, spec.images)

    def test_containers(self) -> None:
        """Containers bear their names, and say for themselves what they need."""
        own = {"web": {"image": "web:1", "depends_on": {"redis": "START"}, "cpu": 64}, "redis": {"image": "redis:7"}}
        web, redis = task_spec(asked(home={"containers": own}), "home").containers
        assert ("web", "web:1", {"redis": "START"}, 64) == (web.name, web.image, web.depends_on, web.cpu)
        assert ("redis", None, None) == (redis.name, redis.cpu, redis.memory)

    def test_raw(self) -> None:
        """A raw definition is taken as it is written, under the service's family."""
        definition = {
            "networkMode": "host",
            "containerDefinitions": [{"name": "x", "image": "x:1", "memory": 64}],
        }
        spec = task_spec(asked(home={"task_definition": definition, "launch_type": "EC2"}), "home")
        assert TaskSpec("shop-home", compatibility="EC2", raw=definition) == spec
        assert ("host", ("x:1",)) == (spec.network_mode, spec.images)


CONTAINERS = {"web": {"image": "web:1", "port": 8000}, "redis": {"image": "redis:7", "port": 6379}}


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

    def test_everything(self) -> None:
        """All that a service asks of ECS is in it, with what earlier steps found or made."""
        expected = ServiceSpec(
            task_definition="arn:1",
            desired_count=3,
            minimum_healthy_percent=50,
            maximum_percent=150,
            circuit_breaker=False,
            health_check_grace_period_seconds=60,
            network=Placement(("subnet-1",), ("sg-1",)),
            discovery=Registry("arn:registry", "home", 80),
            route=(Target("arn:group", "home", 80),),
            launch_type="EC2",
        )
        assert expected == service_spec(
            asked(home=EVERYTHING),
            "home",
            task_definition="arn:1",
            network=Placement(("subnet-1",), ("sg-1",)),
            registry_arn="arn:registry",
            target_group_arn="arn:group",
        )

    def test_what_is_not_made_yet(self) -> None:
        """A service has no registry and no target group before they are there, whatever it asks for."""
        spec = service_spec(asked(home=EVERYTHING), "home", task_definition=None)
        assert (None, None, None, ()) == (spec.task_definition, spec.network, spec.discovery, spec.route)

    def test_registry_with_a_records(self) -> None:
        """With A records alone ECS takes neither container nor port."""
        assert Registry("arn:registry") == self.spec(port=80, discovery={"records": ["A"]}).discovery

    def test_registry_with_srv_records(self) -> None:
        """With SRV records ECS wants container and port."""
        assert Registry("arn:registry", "home", 80) == self.spec(port=80, discovery={"records": ["A", "SRV"]}).discovery

    def test_registry_of_one_of_several_containers(self) -> None:
        """SRV records tell the port of the container that discovery or the route names."""
        records = {"records": ["SRV"]}
        own = self.spec(containers=CONTAINERS, discovery={**records, "container": "redis"})
        routed = self.spec(containers=CONTAINERS, discovery=records, route={"container": "web"})
        assert [("redis", 6379), ("web", 8000)] == [
            (spec.discovery.container, spec.discovery.port) for spec in (own, routed) if spec.discovery
        ]

    def test_target_of_one_of_several_containers(self) -> None:
        """The target group is joined by the container that the route names."""
        assert (Target("arn:group", "web", 8000),) == self.spec(containers=CONTAINERS, route={"container": "web"}).route

    def test_target_of_a_raw_definition(self) -> None:
        """The target group is joined by the only container that has a port, at the first of its mappings."""
        containers = [
            {"name": "log", "image": "l"},
            {"name": "web", "image": "w", "portMappings": [{"containerPort": 81}]},
        ]
        definition = {"networkMode": "awsvpc", "cpu": "256", "memory": "512", "containerDefinitions": containers}
        assert (Target("arn:group", "web", 81),) == self.spec(task_definition=definition, route={}).route

    @pytest.mark.parametrize(("desired", "expected"), [({}, 2), ({"desired_count": 4}, 4)])
    def test_first_count(self, desired: dict[str, int], expected: int) -> None:
        """A scaled service begins with what is desired, and not below its minimum."""
        assert expected == self.spec(scaling={"min": 2, "max": 4, "cpu": 60}, **desired).desired_count

    @pytest.mark.parametrize(
        ("said", "expected"),
        [({}, None), ({"desired_count": 4}, 4), ({"scaling": {"min": 2, "max": 4, "cpu": 60}}, None)],
    )
    def test_count_of_what_serves(self, said: dict[str, Any], expected: int | None) -> None:
        """What serves keeps its count, unless the manifest says one and no scaling decides it."""
        manifest = asked(home=said)
        spec = service_spec(manifest, "home", task_definition="arn", serving=serving(manifest, "home"))
        assert expected == spec.desired_count

    def test_capacity_providers(self) -> None:
        """With capacity providers there is no launch type."""
        spec = self.spec(capacity_providers=[{"name": "FARGATE_SPOT"}])
        assert (None, (CapacityProvider(name="FARGATE_SPOT"),)) == (spec.launch_type, spec.capacity_providers)

    def test_unsaid_count_differs_from_none(self) -> None:
        """A desired count of None is left as it is."""
        spec = self.spec()
        assert () == service_changes(replace(spec, desired_count=None), replace(spec, desired_count=9))

    def test_target(self) -> None:
        """The target group is joined by the service's container at its port."""
        assert (Target("arn:group", "home", 80),) == self.spec(port=80, route={}).route


class TestPriorities:
    """Longer literal prefixes are asked first, whatever is deployed when."""

    paths = st.text(alphabet="ab/*?", min_size=0, max_size=127).map(lambda text: f"/{text}")
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

    def test_siblings_do_not_meet(self) -> None:
        """Routes of one manifest that are of one kind ask for a priority each, those of other kinds for their first."""
        paths = {"home": "/a*", "user": "/b*", "shop": "/longer*", "cart": "/c*"}
        services = {name: {"image": "home:1", "port": 80, "route": {"path": path}} for name, path in paths.items()}
        siblings = asked(**services)
        routes = {name: Route(path=path) for name, path in paths.items()}
        later = {
            name: first_free_for(siblings, name, route, set()) - first_free_priority(route, set())
            for name, route in routes.items()
        }
        assert {"home": 0, "user": 1, "shop": 0, "cart": 2} == later

    def test_each_kind_has_a_band(self) -> None:
        """Of any length, each kind of route has at least 95 priorities of its own, and all that ELB knows are used."""
        routes = [
            Route(path=f"/{'a' * (length - 1)}{wildcard}", host=host)
            for length in range(1, 129)
            for wildcard in ("", "*")
            for host in ("a.example.com", None)
            if length + len(wildcard) <= 128  # ELB takes no longer path
        ]
        first = [first_free_priority(route, set()) for route in sorted(routes, key=rank)]
        assert 1 == first[0]
        assert all(later - earlier >= 95 for earlier, later in pairwise(first))
        assert 50_000 == first_free_priority(routes[0], set(range(50_000)))


def rank(route: Route) -> tuple[int, bool, bool]:
    """Return what decides the order of two routes, smallest first."""
    prefix = literal_prefix(route.path)
    return -len(prefix), route.host is None, prefix != route.path


@pytest.mark.parametrize(("path", "expected"), [("/a", "/a"), ("/a*", "/a"), ("/a?b*", "/a"), ("*", ""), ("/*", "/")])
def test_literal_prefix(path: str, expected: str) -> None:
    """A pattern begins with what stands before its first wildcard."""
    assert expected == literal_prefix(path)


class TestChained:
    """How a state machine gets the waves."""

    def test_each_wave_holds_the_one_after_it(self) -> None:
        """The first wave is handed on, the next lies in it; the last one has none."""
        one, two, three = {"service": "redis"}, {"service": "user"}, {"service": "home"}
        last = {"services": [three]}
        assert {"services": [one], "next": {"services": [two], "next": last}} == chained([[one], [two], [three]])

    def test_nothing_to_do_is_one_empty_wave(self) -> None:
        """Where there is no service, the machine goes through none."""
        assert {"services": []} == chained([])


BALANCER = "arn:aws:elasticloadbalancing:us-east-1:1:targetgroup"
OURS, REMADE = f"{BALANCER}/shop-home-0123abcd/1", f"{BALANCER}/shop-home-0123abcd/2"
THEIRS = Target(f"{BALANCER}/theirs/1", "home", 80), Target(f"{BALANCER}/shop-home-metrics/1", "home", 9000)


@pytest.mark.parametrize(
    ("there", "group", "expected"),
    [
        (THEIRS, None, THEIRS),
        (THEIRS, OURS, (*THEIRS, Target(OURS, "home", 80))),
        (
            (Target(OURS, "home", 80), *THEIRS),
            OURS,
            (Target(OURS, "home", 80), *THEIRS),
        ),
        (
            (THEIRS[0], Target(OURS, "old", 81, {"roleArn": "arn:role"}), THEIRS[1]),
            OURS,
            (THEIRS[0], Target(OURS, "home", 80, {"roleArn": "arn:role"}), THEIRS[1]),
        ),
        ((Target(OURS, "home", 80), *THEIRS), REMADE, (*THEIRS, Target(REMADE, "home", 80))),
        ((THEIRS[0], Target(OURS, "home", 80)), None, THEIRS[:1]),
    ],
    ids=["no route", "a route", "as it is", "another container", "made again", "no route any more"],
)
def test_target_groups_of_others_stay(
    there: tuple[Target, ...], group: str | None, expected: tuple[Target, ...]
) -> None:
    """A route brings, changes and takes away the target group that Slipway made, and leaves all others as they are."""
    manifest = asked(home={"port": 80, **({"route": {}} if group else {})})
    spec = service_spec(
        manifest,
        "home",
        task_definition="arn:1",
        serving=serving(manifest, "home", route=there),
        target_group_arn=group,
    )
    assert expected == spec.route


def test_registry_of_others_stays() -> None:
    """A Cloud Map service that others gave the service stays as it is; a manifest's discovery takes its place."""
    theirs, plain, named = Registry("arn:theirs", fixed_port=80), asked(home={}), asked(home={"discovery": {}})
    now = serving(plain, "home", discovery=theirs)

    def registry(manifest: Manifest, arn: str | None) -> Registry | None:
        return service_spec(manifest, "home", task_definition="arn:1", serving=now, registry_arn=arn).discovery

    assert (theirs, None) == (registry(plain, "arn:theirs"), registry(plain, None))
    assert [Registry("arn:theirs"), Registry("arn:ours")] == [
        registry(named, arn) for arn in ("arn:theirs", "arn:ours")
    ]
