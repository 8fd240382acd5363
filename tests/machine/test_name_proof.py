"""The proof of names in a VPC where Slipway has no resolver: the records of the namespace's zone tell."""

from typing import Any

import pytest

from chalicelib.api import applications, ways_back
from chalicelib.aws.cloud_map import Namespace
from chalicelib.deployment import Deployment, Status
from chalicelib.store import Store
from tests.machine.slipway import Slipway, two_services, with_service
from tests.stale import Behind


def asked_of_dns(slipway: Slipway) -> set[str]:
    """Return which calls of a run were about DNS."""
    return {call for call in slipway.faults.calls if call.startswith(("resolver.", "hosted_zones."))}


@pytest.mark.parametrize(
    ("resolve_vpc", "by", "asked"),
    [
        ("vpc-1", "resolver", {"resolver.ask"}),
        ("vpc-2", "records", {"hosted_zones.records", "hosted_zones.vpcs"}),
        ("", "records", {"hosted_zones.records", "hosted_zones.vpcs"}),
    ],
)
def test_by_which_proof(store: Store, resolve_vpc: str, by: str, asked: set[str]) -> None:
    """A resolver is asked for names of its own VPC, the records for all others: A and SRV lead to what runs."""
    slipway = Slipway(store, resolve_vpc=resolve_vpc)
    ended = slipway.deploy(two_services())
    shown = applications.shown(slipway.cloud, ended.application, {})["services"]
    dns = {name: each.dns for name, each in ended.services.items()}

    assert (Status.SUCCEEDED, asked) == (ended.status, asked_of_dns(slipway))
    assert {"home": (by, 2), "redis": (by, 1)} == {
        name: (each.by, len(each.addresses)) for name, each in dns.items() if each
    }
    assert {name: list(each.addresses) for name, each in dns.items() if each} == {
        name: each["dns"]["addresses"] for name, each in shown.items()
    }


@pytest.mark.parametrize(
    ("world", "why"),
    [
        ({"zone_vpcs": ("vpc-2",)}, "the hosted zone of shop.local serves vpc-2, the tasks run in vpc-1"),
        ({"dns_attributes_off": ("enableDnsSupport",)}, "DNS attributes of vpc-1 are off: enableDnsSupport"),
    ],
)
def test_not_answered_in_the_vpc(store: Store, world: dict[str, Any], why: str) -> None:
    """Right records that the VPC does not answer prove nothing: in the end the failure says why."""
    slipway = Slipway(store, resolve_vpc="")
    first = slipway.post(two_services(on_failure="keep", timeout_seconds=120))
    while "AwaitNames" not in slipway.execution(first).path:
        assert slipway.clock.step()
    for name, value in world.items():
        setattr(slipway.world, name, value)
    slipway.machine.run(first.id)
    ended = slipway.record(first)

    assert (Status.TIMED_OUT, True) == (ended.status, ended.failure is not None)
    assert ended.failure
    assert ended.failure.cause.endswith(why)
    found = ended.services["redis"].dns
    assert found
    assert ("records", 1, None) == (found.by, len(found.addresses), found.proven_at)


def test_answered_meanwhile(store: Store) -> None:
    """A zone that somebody gives to the VPC while Slipway waits proves the name at the next look."""
    slipway = Slipway(store, resolve_vpc="", zone_vpcs=("vpc-2",))
    posted = slipway.post(two_services())
    slipway.clock.call_later(500, lambda: setattr(slipway.world, "zone_vpcs", ("vpc-1", "vpc-2")))
    slipway.machine.run(posted.id)

    assert Status.SUCCEEDED is slipway.record(posted).status
    assert slipway.clock.seconds >= 500


def test_on_the_way_back(store: Store) -> None:
    """What serves again is proven by records, too."""
    slipway = Slipway(store, resolve_vpc="", broken={"home:broken"})
    first = slipway.deploy(two_services())
    slipway.faults.calls.clear()
    back = slipway.deploy(with_service(two_services(application=first.application), "home", image="home:broken"))
    found = back.services["home"].dns

    assert Status.ROLLED_BACK is back.status
    assert found
    assert ("records", 2, True) == (found.by, len(found.addresses), found.proven_at is not None)


@pytest.mark.parametrize("resolve_vpc", ["vpc-1", ""])
def test_one_name_in_two_vpcs(store: Store, resolve_vpc: str) -> None:
    """Of two namespaces of one name the VPC's own is meant: there, with another TTL, on the way back, and at the end.

    The fakes refuse to make, look for or delete anything in the other one.
    """
    slipway = Slipway(store, resolve_vpc=resolve_vpc)
    asked = two_services()
    first = slipway.deploy(asked)
    other = Namespace("ns-9", "shop.local", "shop.local-9", "arn:namespace/elsewhere", "Z9")
    slipway.world.elsewhere["shop.local"] = other
    slipway.world.broken.add("home:2")
    changed = with_service(asked, "home", discovery={"name": "www", "ttl": 33}, image="home:2")
    planned, back = slipway.dry_run(changed), slipway.deploy(changed)
    ended = slipway.tear_down(first)

    assert (Status.SUCCEEDED, Status.ROLLED_BACK, Status.SUCCEEDED) == (first.status, back.status, ended.status)
    assert ["update", "unchanged"] == [planned["services"][name]["action"] for name in ("home", "redis")]
    assert ({}, {}, ()) == (slipway.world.namespaces, slipway.world.registered, ended.left)


def test_name_of_another_vpc_alone_is_taken(store: Store) -> None:
    """A single namespace of this name that serves another VPC is told of before anything changes."""
    slipway = Slipway(store, zone_vpcs=("vpc-2",))
    slipway.world.namespaces["shop.local"] = Namespace("ns-9", "shop.local", "shop.local", "arn:namespace/x", "Z9")
    ended = slipway.deploy(two_services())

    assert ended.failure is not None
    assert "namespace_taken" == ended.failure.code


def with_ttl(asked: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return a manifest in which the name of `home` has another TTL."""
    return with_service(asked, "home", discovery={"name": "www", "ttl": 33}, **changes)


def ttl(slipway: Slipway) -> int:
    """Return the TTL of that name."""
    return slipway.world.registered["shop.local", "www"].ttl


@pytest.mark.parametrize("changes", [{}, {"image": "home:2"}])
def test_another_ttl_is_proven_when_cloud_map_has_it(store: Store, changes: dict[str, Any]) -> None:
    """A name whose TTL changes is not proven before Cloud Map's operation has succeeded, whatever else is."""
    slipway = Slipway(store, ttl_seconds=300)
    asked = two_services()
    slipway.deploy(asked)
    ended = slipway.deploy(with_ttl(asked, **changes))
    names = ended.services["home"].dns

    assert (Status.SUCCEEDED, 33) == (ended.status, ttl(slipway))
    assert names
    assert names.proven_at
    assert 300 <= (names.proven_at - ended.created_at).total_seconds() <= 400


def test_another_ttl_fails(store: Store) -> None:
    """An operation that fails ends the deployment in Cloud Map's words; the way back has nothing to change."""
    slipway = Slipway(store, ttl_error="ACCESS_DENIED: not authorized")
    asked = two_services()
    slipway.deploy(asked)
    ended = slipway.deploy(with_ttl(asked, image="home:2"))

    assert ended.failure
    assert (Status.ROLLED_BACK, "discovery_failed") == (ended.status, ended.failure.code)
    assert ended.failure.cause == "ACCESS_DENIED: not authorized"
    assert ttl(slipway) == 10


def test_another_ttl_on_the_way_back(store: Store) -> None:
    """The TTL that was there before is proven on the way back, after Cloud Map has changed it again."""
    slipway = Slipway(store, ttl_seconds=200)
    asked = two_services()
    slipway.deploy(asked)
    slipway.world.broken.add("home:2")
    ended = slipway.deploy(with_ttl(asked, image="home:2"))

    assert (Status.ROLLED_BACK, 10) == (ended.status, ttl(slipway))
    assert ended.finished_at
    assert (ended.finished_at - ended.created_at).total_seconds() >= 400


def lose(slipway: Slipway, deployment: Deployment, service: str) -> str:
    """Have somebody deregister the first task of a service, and return its address."""
    running = slipway.cloud.ecs.running_addresses(deployment.cluster, service)
    address = min(running)
    slipway.world.unregistered.add(address)
    return address


def test_a_registration_is_lost(store: Store) -> None:
    """A task that Cloud Map has lost is told at once, with its address and the remedy; the remedy is one."""
    slipway, manifest = Slipway(store), two_services(timeout_seconds=3600)
    first = slipway.deploy(manifest)
    slipway.clock.advance(200)
    address = lose(slipway, first, "home")
    begun = slipway.clock.seconds
    lost = slipway.deploy(manifest)
    assert lost.failure is not None
    assert (Status.FAILED, "registration_lost", "home") == (lost.status, lost.failure.code, lost.failure.service)
    assert lost.failure.cause.startswith(f"{address} runs since 20")
    assert "; DNS answers 10." in lost.failure.cause
    assert "?force=true" in lost.failure.fix
    assert 60 > slipway.clock.seconds - begun
    assert Status.SUCCEEDED is slipway.deploy(manifest, force=True).status


def test_a_name_is_made_again(store: Store) -> None:
    """A Cloud Map service that was deleted, and is made again with another id, gets tasks that register in it."""
    slipway, manifest = Slipway(store), two_services()
    first = slipway.deploy(manifest)
    lost = slipway.world.registered.pop((manifest["namespace"], "www"))
    slipway.world.registered[manifest["namespace"], "other"] = lost
    ended = slipway.deploy(manifest)
    assert Status.SUCCEEDED is ended.status
    service = slipway.world.services[first.cluster, "home"]
    assert service.spec.discovery is not None
    assert slipway.world.registered[manifest["namespace"], "www"].arn == service.spec.discovery.arn


def test_a_new_task_has_time_to_register(store: Store) -> None:
    """A task that has just started is waited for; one that is not there after two minutes was lost."""
    slipway, manifest = Slipway(store), two_services(on_failure="keep", timeout_seconds=3600)
    begun = slipway.post(manifest)
    while "AwaitNames" not in slipway.execution(begun).path:
        assert slipway.clock.step()
    lose(slipway, begun, "redis")
    started, ended_at = slipway.clock.seconds, 0.0
    slipway.machine.run(begun.id)
    ended_at = slipway.clock.seconds
    ended = slipway.record(begun)
    assert ended.failure is not None
    assert "registration_lost" == ended.failure.code
    assert 90 < ended_at - started < 150


def test_what_does_not_agree(store: Store) -> None:
    """When time is up, there and back, what runs, what is registered and what is answered stand in the failure."""
    slipway, manifest = Slipway(store), two_services(timeout_seconds=300)
    slipway.deploy(manifest)
    slipway.world.dns_seconds = 100_000
    ended = slipway.deploy(with_service(manifest, "redis", image="redis:8"))
    assert ended.failure is not None
    assert ended.rollback_failure is not None
    for state, at, failure in (("AwaitNames", 1, ended.failure), ("AwaitRestoredNames", 2, ended.rollback_failure)):
        assert f"{state} was not decided" in failure.cause
        words = f"redis.shop.local: tasks run at 10.1.{at}.1, Cloud Map has 10.1.{at}.1, DNS answers nothing"
        assert failure.cause.endswith(words)


def test_tasks_that_a_rollout_replaced_have_lost_nothing(store: Store) -> None:
    """Tasks that ECS lists still, after our rollout replaced them, are not missed under their successors' name."""
    slipway, asked = Slipway(store, rollout_seconds=5), two_services()
    slipway.deploy(asked)
    slipway.clock.advance(200)
    slipway.faults.break_from_now_on({"ecs.running_addresses": Behind(40)})
    ended = slipway.deploy(with_service(asked, "home", discovery={"name": "other"}))
    assert (Status.SUCCEEDED, None) == (ended.status, ended.failure)


@pytest.mark.parametrize("call", ["cloud_map.tags", "cloud_map.namespaces"])
def test_namespace_whose_tags_are_not_seen_yet_goes(store: Store, call: str) -> None:
    """The namespace of a first deployment that is cancelled goes, however late Cloud Map shows it, or its tags."""
    slipway = Slipway(store, namespace_seconds=5)
    slipway.faults.break_from_now_on({call: Behind(60)})
    posted = slipway.post(two_services())
    slipway.clock.call_later(6, lambda: ways_back.cancel(slipway.cloud, posted.id, "canceller"))
    slipway.machine.run(posted.id)
    assert Status.CANCELLED is slipway.record(posted).status
    assert {} == slipway.world.namespaces
