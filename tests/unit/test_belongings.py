"""What an application has, from the manifests that it ever had."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.belongings import Belongings, all_of, belongings_of, needs_of, unnamed_in
from chalicelib.manifest import parse
from chalicelib.plan import waves


def outline(cluster: str = "shop", namespace: str | None = "shop.local", **services: dict[str, Any]) -> Belongings:
    """Return what a manifest of these services asks to be made."""
    document = {
        "application": "shop",
        "cluster": cluster,
        "namespace": namespace,
        "network": {"vpc": "vpc-1", "subnets": ["private"]},
        "load_balancer": {"name": "slipway"},
        "services": {name: {"image": "a:1", **service} for name, service in services.items()},
    }
    written = {key: value for key, value in document.items() if value is not None}
    return belongings_of(parse(json.dumps(written).encode(), "application/json"))


def test_all_that_a_service_has() -> None:
    """A service has a family, and what its manifest gave it: a name, a route, scaling."""
    scaling = {"min": 1, "max": 2, "cpu": 50}
    home = outline(home={"port": 80, "discovery": {"name": "www"}, "route": {}, "scaling": scaling}).service("home")
    assert ("shop-home", (("shop.local", "www"),), True, True) == (home.family, home.names, home.routed, home.scaled)


def test_what_a_manifest_does_not_name() -> None:
    """Of what is known, a manifest names what has one of its names in its cluster; the rest bears its own cluster."""
    known = all_of([outline("old", a={}, b={}), outline("shop", a={}, b={}, c={})])
    document = {"application": "shop", "network": {"vpc": "v", "subnets": ["a"]}, "services": {"a": {"image": "a:1"}}}
    manifest = parse(json.dumps(document).encode(), "application/json")
    found = unnamed_in(manifest, known)
    expected = {"old/a": ("old", "a"), "old/b": ("old", "b"), "b": ("shop", "b"), "c": ("shop", "c")}
    assert expected == {label: (each.cluster, each.name) for label, each in found.items()}


def test_what_they_need_of_one_another() -> None:
    """A service needs those that its manifest said, as far as they are among these."""
    known = outline(a={"depends_on": ["b", "c"]}, b={"depends_on": ["c"]}, c={})
    services = {f"x/{key}": each for key, each in known.services.items() if not key.endswith("b")}
    assert {"x/shop/a": ("x/shop/c",), "x/shop/c": ()} == needs_of(services)


def test_how_long_and_how_often() -> None:
    """A teardown takes as long, and looks as often, as the latest manifest said."""
    shop = {"application": "shop", "network": {"vpc": "v", "subnets": ["a"]}, "services": {"a": {"image": "a:1"}}}
    outlines = [
        belongings_of(parse(json.dumps({**shop, **said}).encode(), "application/json"))
        for said in ({"timeout_seconds": 60, "poll_seconds": 5}, {"timeout_seconds": 70, "poll_seconds": 6})
    ]
    assert (70, 6) == (all_of(outlines).timeout_seconds, all_of(outlines).poll_seconds)


def test_what_told_it_is_known() -> None:
    """All outlines that were joined are known by their keys, each once; without a namespace there is none."""
    told = [outline(namespace=None, a={}).model_copy(update={"outlines": (key,)}) for key in ("one", "two", "one")]
    both = all_of(told)
    assert (("one", "two"), (), ("shop",)) == (both.outlines, both.namespaces, both.clusters)


def test_what_a_manifest_dropped_stays_known() -> None:
    """A later manifest takes nothing from what is known: services, names, clusters, namespaces."""
    older = outline(cart={}, home={"port": 80, "discovery": {"name": "www"}})
    newer = outline(cluster="new", namespace="new.local", home={"port": 80, "discovery": {}})
    newest = outline(home={"port": 80, "discovery": {}, "route": {}})
    both = all_of([older, newer, newest])
    assert {"cart", "home", "new/home"} == set(both.labels)
    assert (("shop.local", "www"), ("shop.local", "home")) == both.service("home").names
    assert (("new.local", "home"),) == both.service("new/home").names
    assert (("shop", "new"), ("shop.local", "new.local")) == (both.clusters, both.namespaces)
    assert {"home": "home", "cart": "cart"} == both.names_in("shop")


def test_parts_that_were_dropped_stay_known() -> None:
    """What any manifest gave a service is what it has, whichever of them came last."""
    scaling = {"min": 1, "max": 2, "cpu": 50}
    everything = outline(home={"port": 80, "discovery": {}, "route": {}, "scaling": scaling})
    nothing = outline(home={"port": 80})
    for outlines in ([everything, nothing], [nothing, everything], [nothing, everything, nothing]):
        home = all_of(outlines).service("home")
        assert ((("shop.local", "home"),), True, True) == (home.names, home.routed, home.scaled)
    home = all_of([nothing, nothing]).service("home")
    assert ((), False, False) == (home.names, home.routed, home.scaled)


def test_needs_are_the_latest() -> None:
    """A service needs what its latest manifest says, and only what is known."""
    both = all_of([outline(a={"depends_on": ["b"]}, b={}), outline(a={}, b={"depends_on": ["a"]})])
    assert {"a": (), "b": ("a",)} == both.depends_on()


@given(
    st.lists(
        st.permutations(["a", "b", "c", "d"]).flatmap(lambda names: st.integers(2, 4).map(lambda count: names[:count])),
        min_size=1,
        max_size=4,
    )
)
def test_needs_never_go_in_circles(manifests: list[list[str]]) -> None:
    """Whatever manifests there were, each a chain of some services, there is an order in which all of them go."""
    chains: list[dict[str, Any]] = [
        {name: {"depends_on": names[at + 1 : at + 2]} for at, name in enumerate(names)} for names in manifests
    ]
    both = all_of([outline(**each) for each in chains])
    assert set(both.labels) == {name for wave in waves(both.depends_on()) for name in wave}
