"""The URL of a service: where people reach what serves under its name."""

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.deployment import Status
from chalicelib.store import Store
from tests.machine.slipway import Slipway, two_services, with_service

OLD = "http://slipway.elb.amazonaws.com/home"


@pytest.mark.parametrize(
    ("route", "base", "expected"),
    [
        ({"path": "/home*"}, None, OLD),
        ({"path": "/home*"}, "https://shop.example:8443", "https://shop.example:8443/home"),
        ({"path": "/home*", "host": "www.example.com"}, None, "http://www.example.com/home"),
        ({"host": "www.example.com"}, "http://127.0.0.1:8080", "http://www.example.com:8080/"),
        ({"host": "www.example.com"}, "https://shop.example", "https://www.example.com/"),
        ({"host": "*.example.com"}, None, None),
        ({"host": "ww?.example.com"}, "https://shop.example", None),
        (None, "https://shop.example", None),
    ],
)
def test_url(store: Store, route: dict[str, Any] | None, base: str | None, expected: str | None) -> None:
    """A route with a host is reached there, by scheme and port of the load balancer; a pattern is no address."""
    slipway = Slipway(store)
    urls = {"slipway": base} if base else {}
    slipway.cloud.settings = replace(slipway.cloud.settings, load_balancer_urls=urls)
    deployment = slipway.deploy(with_service(two_services(), "home", route=route))
    assert (Status.SUCCEEDED, expected) == (deployment.status, deployment.services["home"].url)


@pytest.mark.parametrize(
    "route", [{"path": "/home*"}, {"path": "/other*"}, {"path": "/home*", "host": "www.example.com"}, None]
)
@pytest.mark.parametrize("broken", ["home:2", "redis:8"])
def test_rolled_back(store: Store, route: dict[str, Any] | None, broken: str) -> None:
    """After the way back it is that of what serves again, whatever was asked for, and whether its wave came or not."""
    slipway, manifest = Slipway(store, broken={broken}), two_services()
    slipway.deploy(manifest)
    changed = with_service(manifest, "home", image="home:2", route=route)
    failed = slipway.deploy(with_service(changed, "redis", image="redis:8"))
    assert (Status.ROLLED_BACK, OLD) == (failed.status, failed.services["home"].url)


def test_removed(store: Store) -> None:
    """What was made and is gone again has none, whatever served there once."""
    slipway, manifest = Slipway(store, broken={"home:2"}), two_services()
    home = slipway.world.service(slipway.deploy(manifest).cluster, "home")
    assert home is not None
    slipway.world.delete(home)
    slipway.clock.advance(300)
    failed = slipway.deploy(with_service(manifest, "home", image="home:2"))
    assert ("removed", None) == (failed.services["home"].status, failed.services["home"].url)


def test_a_route_that_is_new(store: Store) -> None:
    """What had no route before has no URL after the way back."""
    slipway, manifest = Slipway(store, broken={"home:2"}), two_services()
    slipway.deploy(with_service(manifest, "home", route=None))
    failed = slipway.deploy(with_service(manifest, "home", image="home:2"))
    assert (Status.ROLLED_BACK, None) == (failed.status, failed.services["home"].url)


def test_a_route_that_goes(store: Store) -> None:
    """A service whose route is dropped has no URL any more, in the record and for the next deployment."""
    slipway, manifest = Slipway(store), two_services()
    slipway.deploy(manifest)
    dropped = with_service(manifest, "home", route=None)
    found = [slipway.deploy(dropped) for _ in range(2)]
    assert [(Status.SUCCEEDED, None)] * 2 == [(each.status, each.services["home"].url) for each in found]
