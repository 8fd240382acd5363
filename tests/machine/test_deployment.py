"""Deployments that succeed: path, record, and what changes in the world."""

import pytest

from chalicelib.deployment import Status
from chalicelib.store import Store
from tests.machine.slipway import Slipway, two_services, with_service

UNTIL_PROVEN = [
    "ServiceChanges?",
    "RegisterTaskDefinition",
    "Discovery",
    "Balancer",
    "TaskNeeded?",
    "DeployService",
    "AwaitStable",
    "Stable?",
    "AwaitNames",
    "Proven?",
    "ScalingNeeded?",
    "ServiceProven",
]


def test_first_deployment_takes_the_whole_path(store: Store) -> None:
    """A first deployment goes through every state once or more, service by service in their waves."""
    slipway = Slipway(store)
    execution = slipway.execution(slipway.deploy(two_services()))

    before = ["Plan", "Changes?", "Namespace", "NamespaceReady?", "AwaitNamespace", "Cluster", "Services"]
    assert [*before, *UNTIL_PROVEN, "WaveDone?", "NextWave", "PruneNeeded?", "Finish"] == execution.path
    assert (UNTIL_PROVEN, UNTIL_PROVEN) == (execution.path_of("redis"), execution.path_of("home"))
    assert "SUCCEEDED" == execution.status


def test_first_deployment_is_recorded(store: Store) -> None:
    """The record of a success names what serves, its counts, its proven addresses and its URL, and holds no lock."""
    slipway = Slipway(store)
    deployment = slipway.deploy(two_services())
    home = deployment.services["home"]

    assert Status.SUCCEEDED is deployment.status
    assert ("succeeded", "proven", True, 2, 2, 0) == (
        home.status,
        home.phase,
        home.changed,
        home.desired,
        home.running,
        home.pending,
    )
    assert home.task_definition == home.what_serves == slipway.world.serves(deployment.cluster, "home")
    assert home.dns is not None
    assert ("www.shop.local", ("10.2.0.1", "10.2.0.2")) == (home.dns.name, home.dns.addresses)
    assert home.dns.proven_at is not None
    assert "http://slipway.elb.amazonaws.com/home" == home.url
    assert [] == slipway.locks(deployment)
    expected = "home and redis deployed and stable, and home and redis resolve to the tasks that run."
    assert expected == deployment.verdict


def test_first_deployment_makes_what_is_missing(store: Store) -> None:
    """Each thing is made once, the dependency before what depends on it, a rule before the service behind it."""
    slipway = Slipway(store)
    deployment = slipway.deploy(two_services())
    name = deployment.application
    assert [
        "create namespace shop.local",
        f"create cluster {name}",
        f"log group /ecs/{name}-redis",
        f"register {name}-redis",
        "create discovery redis",
        "create redis",
        f"log group /ecs/{name}-home",
        f"register {name}-home",
        "create discovery www",
        "create target group home",
        "rule home",
        "create home",
    ] == slipway.world.changes


def test_timeline(store: Store) -> None:
    """The timeline tells what happened in its order, and ends with the verdict."""
    slipway = Slipway(store)
    deployment = slipway.deploy(two_services())
    told = [(event.service, event.phase) for event in slipway.timeline(deployment)]
    of_a_service = ["registering", "awaiting_stable", "awaiting_names", "proven"]
    assert [
        (None, "planned"),
        (None, "awaiting_namespace"),
        *(("redis", phase) for phase in of_a_service),
        *(("home", phase) for phase in of_a_service),
        (None, "succeeded"),
    ] == told


def test_services_of_one_wave_go_side_by_side(store: Store) -> None:
    """Services that need nothing of each other take no longer than one of them."""
    alone, together = Slipway(store), Slipway(store)
    manifest = two_services()
    one = {**manifest, "services": {"redis": manifest["services"]["redis"]}}
    alone.deploy({**one, "application": f"{manifest['application']}-one"})
    together.deploy(with_service(manifest, "home", depends_on=[]))
    assert alone.clock.seconds == pytest.approx(together.clock.seconds, abs=1)


def test_same_manifest_changes_nothing(store: Store) -> None:
    """The same manifest again changes nothing, makes no revision, and is proven all the same."""
    slipway = Slipway(store)
    manifest = two_services()
    first = slipway.deploy(manifest)
    slipway.world.changes.clear()
    mark = len(slipway.faults.calls)
    again = slipway.deploy(manifest)

    assert [] == slipway.world.changes
    changing = {
        "ecs.create_service",
        "ecs.update_service",
        "ecs.restart_rollout",
        "ecs.tag",
        "task_definitions.register",
    }
    assert set() == changing.intersection(slipway.calls_since(mark))
    assert {"home": False, "redis": False} == {name: each.changed for name, each in again.services.items()}
    assert first.services["home"].task_definition == again.services["home"].task_definition
    assert (Status.SUCCEEDED, "Nothing to change: home and redis already serve as asked, proven.") == (
        again.status,
        again.verdict,
    )


def test_changed_environment_value(store: Store) -> None:
    """A changed environment value updates that service alone, with one call."""
    slipway = Slipway(store)
    manifest = two_services()
    before = slipway.deploy(manifest)
    slipway.world.changes.clear()
    mark = len(slipway.faults.calls)
    after = slipway.deploy(with_service(manifest, "home", environment={"GREETING": "good day"}))
    home = after.services["home"]

    assert [f"register {after.application}-home", "update home: task_definition"] == slipway.world.changes
    assert 1 == slipway.calls_since(mark).count("ecs.update_service")
    assert (True, ("environment",)) == (home.changed, home.changed_fields)
    assert before.services["home"].task_definition == home.previous_task_definition
    assert home.task_definition == slipway.world.serves(after.cluster, "home") != home.previous_task_definition
    assert (Status.SUCCEEDED, False) == (after.status, after.services["redis"].changed)


def test_changed_desired_count(store: Store) -> None:
    """A changed desired count starts no rollout; it is proven when the counts are there and the names answer them."""
    slipway = Slipway(store)
    manifest = two_services()
    slipway.deploy(manifest)
    slipway.world.changes.clear()
    after = slipway.deploy(with_service(manifest, "home", desired_count=3))
    home = after.services["home"]

    assert ["update home: desired_count"] == slipway.world.changes
    assert (Status.SUCCEEDED, ("desired_count",), 3, 3) == (
        after.status,
        home.changed_fields,
        home.desired,
        home.running,
    )
    assert home.dns is not None
    assert ("10.2.0.1", "10.2.0.2", "10.2.0.3") == home.dns.addresses


def test_several_changes_are_one_update(store: Store) -> None:
    """Task definition and settings that change together go into one call, so that one rollout starts."""
    slipway = Slipway(store)
    manifest = two_services()
    slipway.deploy(manifest)
    mark = len(slipway.faults.calls)
    changes = {"image": "home:2", "desired_count": 1, "rollout": {"maximum_percent": 300}}
    after = slipway.deploy(with_service(manifest, "home", **changes))

    assert 1 == slipway.calls_since(mark).count("ecs.update_service")
    assert ("image", "desired_count", "maximum_percent") == after.services["home"].changed_fields
    assert Status.SUCCEEDED is after.status


def test_content_that_was_registered_before_is_reused(store: Store) -> None:
    """Going back to earlier content uses the revision that holds it."""
    slipway = Slipway(store)
    manifest = two_services()
    first = slipway.deploy(manifest)
    slipway.deploy(with_service(manifest, "home", image="home:2"))
    back = slipway.deploy(manifest)
    assert first.services["home"].task_definition == back.services["home"].task_definition
    assert 2 == len(slipway.world.revisions[f"{back.application}-home"])


def test_no_task_is_proven_too(store: Store) -> None:
    """A service with a desired count of 0 is proven by a name that answers nothing."""
    slipway = Slipway(store)
    deployment = slipway.deploy(with_service(two_services(), "home", desired_count=0))
    home = deployment.services["home"]
    assert home.dns is not None
    assert (Status.SUCCEEDED, 0, ()) == (deployment.status, home.running, home.dns.addresses)


def test_service_without_name_or_route(store: Store) -> None:
    """A service without discovery and route needs no namespace, no target group and no proof of names."""
    slipway = Slipway(store)
    manifest = two_services(namespace=None, services={"worker": {"image": "worker:1"}})
    deployment = slipway.deploy(manifest)
    name = deployment.application
    made = [f"create cluster {name}", f"log group /ecs/{name}-worker", f"register {name}-worker", "create worker"]
    assert made == slipway.world.changes
    assert (Status.SUCCEEDED, "worker deployed and stable.") == (deployment.status, deployment.verdict)


def test_namespace_is_adopted(store: Store) -> None:
    """A namespace that exists is used as it is, without waiting."""
    slipway = Slipway(store)
    first = slipway.deploy(two_services())
    renamed = with_service(two_services(), "redis", discovery={"name": "other-redis"})
    second = slipway.deploy(with_service(renamed, "home", discovery={"name": "other-www"}, route={"path": "/other*"}))
    assert (Status.SUCCEEDED, Status.SUCCEEDED) == (first.status, second.status)
    assert "AwaitNamespace" not in slipway.execution(second).path
    assert ["shop.local"] == list(slipway.world.namespaces)


def test_names_wait_for_dns(store: Store) -> None:
    """A stable service is not a success before DNS answers the tasks that run."""
    slipway = Slipway(store, dns_seconds=120)
    deployment = slipway.deploy(two_services())
    execution = slipway.execution(deployment)
    assert (Status.SUCCEEDED, True) == (deployment.status, execution.looks("AwaitNames") > 16)


def test_dns_is_asked_only_when_cloud_map_agrees(store: Store) -> None:
    """A resolver remembers what it did not find: nobody asks it before Cloud Map equals the running tasks."""
    slipway = Slipway(store)
    slipway.deploy(with_service(two_services(), "redis", desired_count=0))
    calls = [call for call in slipway.faults.calls if call in ("cloud_map.healthy_addresses", "resolver.ask")]
    assert "cloud_map.healthy_addresses" == calls[0]
