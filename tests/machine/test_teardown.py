"""Teardowns: all that Slipway made for an application is gone, in order, and nothing else."""

from typing import Any

import pytest

from chalicelib import events
from chalicelib.api import applications
from chalicelib.aws.cloud_map import Namespace
from chalicelib.deployment import Deployment, Status
from chalicelib.errors import AwsRefused, DeploymentInProgress, IdempotencyKeyReused, InvalidQuery, NotFound
from chalicelib.store import Store
from tests.machine.slipway import Slipway, two_services, with_service
from tests.machine.test_events import ecs_event
from tests.world import Registered

STRANGER = {"slipway:application": "other", "slipway:environment": "default", "slipway:installation": "slipway"}


def leftovers(slipway: Slipway) -> dict[str, Any]:
    """Return what is in the world, but for log groups and INACTIVE revisions."""
    world = slipway.world
    world.settle_namespaces()
    revisions = {each.arn for family in world.revisions.values() for each in family} - world.inactive
    kinds = {
        "clusters": world.clusters,
        "services": [key for key in list(world.services) if world.service(*key)],
        "namespaces": world.namespaces,
        "names": world.registered,
        "target groups": world.target_groups,
        "rules": world.rules,
        "scaled": world.scaled,
        "revisions": revisions,
    }
    return {kind: sorted(each) for kind, each in kinds.items() if each}


def code(deployment: Deployment) -> str | None:
    """Return the code of a deployment's failure."""
    return deployment.failure.code if deployment.failure else None


class TestOrder:
    """Everything goes, dependents first."""

    def test_everything_goes_in_order(self, store: Store) -> None:
        """Dependents first; of each service the rule before its target group; then what they shared."""
        slipway = Slipway(store)
        scaling = {"min": 1, "max": 4, "cpu": 60}
        deployed = slipway.deploy(with_service(two_services(), "home", scaling=scaling))
        slipway.world.changes.clear()
        ended = slipway.tear_down(deployed)

        target_group = next(change for change in slipway.world.changes if change.startswith("delete target group"))
        assert [
            "unscale home",
            "delete home",
            "delete rule home",
            target_group,
            "delete redis",
            "delete discovery redis",
            "delete discovery www",
            "delete namespace shop.local",
            f"delete cluster {deployed.cluster}",
            f"deregister {deployed.application}-home:1",
            f"deregister {deployed.application}-redis:1",
        ] == slipway.world.changes
        assert (Status.SUCCEEDED, "home and redis are removed.", {}) == (
            ended.status,
            ended.verdict,
            leftovers(slipway),
        )

    def test_record_tells_it(self, store: Store) -> None:
        """A teardown is a deployment of its own kind, with record, timeline and locks; nothing serves at its end."""
        slipway = Slipway(store)
        deployed = slipway.deploy(two_services())
        accepted = slipway.delete(deployed)
        assert sorted(accepted.locks) == sorted(slipway.locks(accepted))
        slipway.teardowns.run(accepted.id)
        ended = slipway.record(accepted)

        home = ended.services["home"]
        assert ("teardown", "succeeded", "removed", None) == (ended.kind, home.status, home.phase, home.what_serves)
        assert deployed.services["home"].task_definition == home.previous_task_definition
        assert [] == slipway.locks(ended)
        assert "Removes home → redis." == slipway.timeline(ended)[0].message
        assert Status.SUCCEEDED is slipway.record(deployed).status

    def test_event_wakes_it(self, store: Store) -> None:
        """A task that stopped makes the wait for its service look at once, long before the poll."""
        slipway = Slipway(store)
        manifest = two_services(namespace=None, poll_seconds=300, services={"worker": {"image": "worker:1"}})
        deployed = slipway.deploy(manifest)
        began, accepted = slipway.clock.seconds, slipway.delete(deployed)
        event = ecs_event("ECS Task State Change", deployed.cluster, "worker", lastStatus="STOPPED")
        slipway.clock.call_later(12, lambda: events.on_event(slipway.cloud, event))
        slipway.teardowns.run(accepted.id)
        assert slipway.clock.seconds - began < 60

    def test_many_revisions_go(self, store: Store) -> None:
        """More revisions than ECS deregisters at once go in several looks."""
        slipway = Slipway(store, rollout_seconds=1)
        manifest = two_services(namespace=None, services={"worker": {"image": "worker:1"}})
        for number in range(30):
            deployed = slipway.deploy(with_service(manifest, "worker", image=f"worker:{number}"))
        ended = slipway.tear_down(deployed)
        assert (Status.SUCCEEDED, {}) == (ended.status, leftovers(slipway))
        assert 2 == slipway.execution(ended).looks("DeregisterTaskDefinitions")


class TestWhatIsOurs:
    """What earlier manifests made is found; what others made is left."""

    def test_dropped_service_is_found(self, store: Store) -> None:
        """A service that a later manifest does not name any more goes too."""
        slipway = Slipway(store)
        manifest = two_services()
        slipway.deploy(manifest)
        redis = manifest["services"]["redis"]
        ended = slipway.tear_down(slipway.deploy({**manifest, "services": {"redis": redis}}))
        assert ({"home", "redis"}, {}) == (set(ended.services), leftovers(slipway))

    def test_other_cluster_and_namespace_are_found(self, store: Store) -> None:
        """What a manifest left behind in another cluster, or under another name, goes too."""
        slipway = Slipway(store)
        manifest = two_services(cluster="old", namespace="old.local")
        slipway.deploy(manifest)
        renamed = with_service({**manifest, "cluster": "new", "namespace": "new.local"}, "home", discovery=None)
        ended = slipway.tear_down(slipway.deploy(renamed))
        assert {"home", "redis", "old/home", "old/redis"} == set(ended.services)
        assert (Status.SUCCEEDED, {}) == (ended.status, leftovers(slipway)), ended.failure

    @pytest.mark.parametrize("image", ["home:1", "broken:1"])
    def test_parts_that_were_dropped_are_found(self, store: Store, image: str) -> None:
        """Route, name and scaling that a later manifest dropped go too, whether that manifest came to serve or not."""
        slipway = Slipway(store, broken={"broken:1"})
        manifest = with_service(two_services(), "home", scaling={"min": 1, "max": 4, "cpu": 60})
        slipway.deploy(manifest)
        less = with_service(manifest, "home", image=image, route=None, discovery=None, scaling=None)
        ended = slipway.tear_down(slipway.deploy(less))
        assert (Status.SUCCEEDED, {}) == (ended.status, leftovers(slipway))

    def test_renamed_service_shares_its_name(self, store: Store) -> None:
        """A service that goes before its predecessor of the same name in Cloud Map does not wait for it."""
        slipway = Slipway(store)
        manifest = two_services()
        slipway.deploy(manifest)
        refusal = AwsRefused("DeleteService", "InvalidParameterException", "not now")
        slipway.faults.break_from_now_on({"clusters.delete_service": refusal})  # its predecessor is not pruned
        cache = {"image": "redis:8", "port": 6379, "depends_on": ["db"]}
        discovery = {"name": "redis", "records": ["A", "SRV"]}
        services = {"db": {"image": "db:1"}, "cache": {**cache, "discovery": discovery}}
        deployed = slipway.deploy({**manifest, "services": services, "prune": True})
        slipway.faults.break_from_now_on({})
        ended = slipway.tear_down(deployed)
        order = [change for change in slipway.world.changes if change.startswith("delete ")]
        assert order.index("delete cache") < order.index("delete redis") < order.index("delete discovery redis")
        assert (Status.SUCCEEDED, {}) == (ended.status, leftovers(slipway))

    def test_foreign_service_is_refused(self, store: Store) -> None:
        """An ECS service of that name that is another's is named as the failure, and nothing at all is removed."""
        slipway = Slipway(store)
        deployed = slipway.deploy(two_services())
        slipway.world.services[deployed.cluster, "redis"].tags.update(STRANGER)
        slipway.world.changes.clear()
        ended = slipway.tear_down(deployed)
        assert (Status.FAILED, "service_not_owned", []) == (ended.status, code(ended), slipway.world.changes)
        assert ended.failure is not None
        assert "slipway:application=other" in ended.failure.cause
        assert "Not removed: home and redis." in (ended.verdict or "")

    def test_shared_cluster_and_namespace_stay(self, store: Store) -> None:
        """A cluster and a namespace that another application uses stay, the verdict says so, and they go with it."""
        slipway = Slipway(store)
        first = slipway.deploy(two_services(cluster="shared"))
        other = two_services(cluster="shared")
        services = {"cart": {"image": "cart:1", "port": 80, "discovery": {}}}
        second = slipway.deploy({**other, "services": services})
        ended = slipway.tear_down(first)

        assert {"clusters": ["shared"], "namespaces": ["shop.local"]} == {
            kind: each for kind, each in leftovers(slipway).items() if kind in ("clusters", "namespaces")
        }
        assert "Left: the namespace shop.local, in which others have cart; the cluster shared, in which others" in (
            ended.verdict or ""
        )
        assert Status.SUCCEEDED is ended.status
        slipway.tear_down(second)
        assert {} == leftovers(slipway)

    def test_what_was_left_goes_when_nobody_uses_it(self, store: Store) -> None:
        """What somebody else used stays known: a teardown that is sent again when he is gone removes it."""
        slipway = Slipway(store)
        deployed = slipway.deploy(two_services())
        theirs = Registered("arn:theirs", ("A",), 10)
        slipway.world.registered["shop.local", "theirs"] = theirs
        slipway.tear_down(deployed)
        assert {"names", "namespaces"} == set(leftovers(slipway))
        del slipway.world.registered["shop.local", "theirs"]
        ended = slipway.tear_down(deployed)
        assert (Status.SUCCEEDED, {}) == (ended.status, leftovers(slipway))

    def test_adopted_parts_stay(self, store: Store) -> None:
        """A cluster, a namespace and a Cloud Map service that Slipway found and did not make stay."""
        slipway = Slipway(store)
        manifest = two_services(cluster="theirs")
        slipway.world.clusters.add("theirs")
        slipway.world.namespaces["shop.local"] = Namespace("ns-9", "shop.local", "shop.local", "arn:namespace/theirs")
        slipway.world.registered["shop.local", "www"] = Registered("arn:theirs", ("A",), 10)
        ended = slipway.tear_down(slipway.deploy(manifest))
        assert Status.SUCCEEDED is ended.status
        assert {"clusters": ["theirs"], "names": [("shop.local", "www")], "namespaces": ["shop.local"]} == leftovers(
            slipway
        )
        assert 3 == len(ended.left)

    def test_foreign_revisions_stay(self, store: Store) -> None:
        """A revision of our family that somebody else registered stays."""
        slipway = Slipway(store)
        deployed = slipway.deploy(two_services())
        theirs = slipway.world.revisions[f"{deployed.application}-redis"][0].arn
        slipway.world.tags[theirs] = {}
        slipway.tear_down(deployed)
        assert {"revisions": [theirs]} == leftovers(slipway)


class TestAgain:
    """A teardown can run twice, after a half-done one, and before the next deployment."""

    def test_twice(self, store: Store) -> None:
        """The second finds nothing to do, and succeeds."""
        slipway = Slipway(store)
        deployed = slipway.deploy(two_services())
        slipway.tear_down(deployed)
        slipway.world.changes.clear()
        again = slipway.tear_down(deployed)
        assert (Status.SUCCEEDED, {}, []) == (again.status, again.services, slipway.world.changes)
        assert f"Nothing of {deployed.application} was running; what else it had is removed." == again.verdict

    def test_after_a_half_done_one(self, store: Store) -> None:
        """What a failed teardown left is removed by the next one."""
        refusal = AwsRefused("delete_namespace", "AccessDeniedException", "not authorized")
        slipway = Slipway(store)
        deployed = slipway.deploy(two_services())
        slipway.faults.break_from_now_on({"cloud_map.delete_namespace": refusal})
        failed = slipway.tear_down(deployed)
        slipway.faults.break_from_now_on({})
        ended = slipway.tear_down(deployed)

        assert (Status.FAILED, "step_failed") == (failed.status, code(failed))
        assert "not authorized" in (failed.verdict or "")
        assert (Status.SUCCEEDED, {}) == (ended.status, leftovers(slipway))

    def test_after_a_deployment_that_failed(self, store: Store) -> None:
        """What a deployment that failed had made goes too."""
        slipway = Slipway(store, broken={"redis:7"})
        ended = slipway.tear_down(slipway.deploy(two_services()))
        assert (Status.SUCCEEDED, {}) == (ended.status, leftovers(slipway))

    def test_deployment_afterwards_makes_all_anew(self, store: Store) -> None:
        """The record does not believe in revisions that were deregistered."""
        slipway = Slipway(store)
        manifest = two_services()
        slipway.tear_down(slipway.deploy(manifest))
        deployed = slipway.deploy(manifest)
        assert Status.SUCCEEDED is deployed.status
        assert str(deployed.services["home"].task_definition).endswith("-home:2")
        slipway.tear_down(deployed)
        assert {} == leftovers(slipway)


class TestFailures:
    """A teardown that cannot go on says why, and what is left."""

    def test_namespace_cannot_be_removed(self, store: Store) -> None:
        """The operation's end in FAIL is the failure, in Cloud Map's words."""
        slipway = Slipway(store)
        deployed = slipway.deploy(two_services())
        slipway.world.namespace_error = "CANNOT_DELETE_HOSTED_ZONE: the zone is not empty"
        ended = slipway.tear_down(deployed)
        assert (Status.FAILED, "namespace_failed") == (ended.status, code(ended))
        assert "the zone is not empty" in (ended.verdict or "")

    def test_instances_stay(self, store: Store) -> None:
        """A name that keeps its instances is waited for, to the deadline; then AWS's words are the cause."""
        slipway = Slipway(store, leave_seconds=10_000)
        deployed = slipway.deploy(
            two_services(load_balancer=None, services={"redis": two_services()["services"]["redis"]})
        )
        ended = slipway.tear_down(deployed)
        assert (Status.TIMED_OUT, "deployment_timed_out") == (ended.status, code(ended))
        assert "Service contains registered instances" in (ended.verdict or "")
        assert [] == slipway.locks(ended)

    def test_tasks_do_not_stop(self, store: Store) -> None:
        """A service that drains beyond the deadline is what is left, with those that it needs."""
        slipway = Slipway(store, drain_seconds=10_000)
        ended = slipway.tear_down(slipway.deploy(two_services()))
        statuses = {name: each.status for name, each in ended.services.items()}
        assert (Status.TIMED_OUT, {"home": "failed", "redis": "pending"}) == (ended.status, statuses)
        assert "Not removed: home and redis." in (ended.verdict or "")


class TestAccept:
    """What is accepted, and what is refused."""

    def test_unknown_application(self, store: Store) -> None:
        """An application that nobody deployed in that environment is not found."""
        slipway = Slipway(store)
        deployed = slipway.deploy(two_services())
        for application, environment in ((deployed.application, "staging"), ("absent", "default"), ("a b", "default")):
            with pytest.raises(NotFound, match=f"deployed as {application} in the environment {environment}"):
                applications.teardown(slipway.cloud, application, {"environment": environment}, "tester", None)

    @pytest.mark.parametrize("query", [{"env": "default"}, {"environment": ""}, {"environment": "a/b"}])
    def test_query_that_cannot_be_used(self, store: Store, query: dict[str, str]) -> None:
        """A parameter that is not there, or an environment that cannot be one, is refused."""
        with pytest.raises(InvalidQuery):
            applications.teardown(Slipway(store).cloud, "shop", query, "tester", None)

    def test_busy_application(self, store: Store) -> None:
        """A teardown waits for no deployment, and no deployment for a teardown: both are told who holds the service."""
        slipway = Slipway(store)
        manifest = two_services()
        holder = slipway.post(manifest)
        with pytest.raises(DeploymentInProgress, match=holder.id):
            slipway.delete(holder)
        slipway.machine.run(holder.id)
        teardown = slipway.delete(holder)
        with pytest.raises(DeploymentInProgress, match=teardown.id):
            slipway.post(manifest)

    def test_idempotency_key(self, store: Store) -> None:
        """A key makes one teardown; it is not another application's, nor a deployment's."""
        slipway = Slipway(store)
        deployed, other = slipway.deploy(two_services()), slipway.deploy(two_services(namespace="other.local"))
        first = slipway.delete(deployed, "key")
        assert first.id == slipway.delete(deployed, "key").id
        with pytest.raises(IdempotencyKeyReused):
            slipway.delete(other, "key")
        with pytest.raises(IdempotencyKeyReused):
            slipway.post(two_services(), "key")

    def test_dead_one_is_recovered(self, store: Store) -> None:
        """A teardown whose execution was stopped by hand is closed by its event, and can be sent again."""
        slipway = Slipway(store)
        accepted = slipway.delete(slipway.deploy(two_services()))
        slipway.clock.advance(5)
        slipway.teardowns.stop(accepted.id)
        arn = slipway.cloud.settings.teardown_state_machine_arn
        detail = {"stateMachineArn": arn, "name": accepted.id, "status": "ABORTED"}
        kind = "Step Functions Execution Status Change"
        events.on_event(slipway.cloud, {"source": "aws.states", "detail-type": kind, "detail": detail})
        assert (Status.FAILED, "execution_ended") == (slipway.record(accepted).status, code(slipway.record(accepted)))
        assert Status.SUCCEEDED is slipway.tear_down(accepted).status
        assert {} == leftovers(slipway)
