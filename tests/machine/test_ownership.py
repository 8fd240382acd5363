"""Whose an ECS service is: an application changes its own, adopts what nobody claims, and sees nothing of another's."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.api import applications
from chalicelib.deployment import Deployment, Status, status_document
from chalicelib.errors import AwsRefused
from chalicelib.store import Store
from tests.faults import Breaks
from tests.machine.moments import Interruption, Moment
from tests.machine.slipway import Slipway, two_services, with_service
from tests.machine.test_teardown import code, leftovers
from tests.machine.test_way_back import served
from tests.stale import Behind

HIDDEN = "hunter2-of-the-victim"
ADOPTING = pytest.mark.parametrize("adopt", [False, True], ids=["as it is", "adopt"])
CLAIMS = pytest.mark.parametrize("tag", ["slipway:application", "slipway:environment", "slipway:installation"])
REFUSED = AwsRefused("DescribeServices", "AccessDeniedException", "not authorized")


def victim(**changes: Any) -> dict[str, Any]:
    """Return the manifest of whoever has the services, in a cluster that is everybody's, with something to hide."""
    scaling = {"min": 2, "max": 4, "cpu": 60}
    manifest = two_services(application="victim", cluster="shared", **changes)
    return with_service(manifest, "home", environment={"PASSWORD": HIDDEN}, scaling=scaling)


def thief(adopt: bool) -> dict[str, Any]:
    """Return the manifest of an application that asks for the same services in the same cluster."""
    manifest = two_services(application="thief", cluster="shared", namespace=None, load_balancer=None)
    services = {name: {"image": "thief:1", "port": 80, "adopt": adopt} for name in manifest["services"]}
    return {**manifest, "services": services}


def tags_of(slipway: Slipway, name: str) -> dict[str, str]:
    """Return the tags of a service, to be changed by whoever claims it."""
    service = slipway.world.service("shared", name)
    assert service is not None
    return service.tags


def taken(slipway: Slipway, name: str) -> Callable[[], None]:
    """Return what somebody else does meanwhile: the service bears the tags of another application."""
    return lambda: tags_of(slipway, name).update({"slipway:application": "victim"})


def shown(slipway: Slipway, deployment: Deployment) -> str:
    """Return all that the API shows of a deployment and of its application."""
    timeline = [event.message for event in slipway.timeline(deployment)]
    live = applications.shown(slipway.cloud, deployment.application, {"environment": deployment.environment})
    return json.dumps([status_document(deployment, ""), timeline, live])


@ADOPTING
def test_a_deployment_takes_nothing(store: Store, adopt: bool) -> None:
    """Another application's services are refused before anything changes, without an advice that cannot help."""
    slipway = Slipway(store)
    slipway.deploy(victim())
    before, mark = served(slipway), len(slipway.world.changes)
    refused = slipway.deploy(thief(adopt))

    assert (Status.FAILED, "service_not_owned", before) == (refused.status, code(refused), served(slipway))
    assert [] == slipway.world.changes[mark:]
    assert refused.failure is not None
    assert "slipway:application=victim" in refused.failure.cause
    assert "adopt" not in refused.failure.fix


@ADOPTING
def test_nothing_of_it_is_shown(store: Store, adopt: bool) -> None:
    """Neither plan nor deployment nor application tells more of another's service than whose it is."""
    slipway = Slipway(store)
    slipway.deploy(victim())
    plan = slipway.dry_run(thief(adopt))
    refused = slipway.deploy(thief(adopt))
    told = json.dumps(plan) + shown(slipway, refused)

    assert {"home": "refused", "redis": "refused"} == {name: each["action"] for name, each in plan["services"].items()}
    assert [([], [])] * 2 == [(each["changes"], each["creates"]) for each in plan["services"].values()]
    assert "adopt" not in "".join(each["fix"] for each in plan["findings"])
    assert [] == [secret for secret in (HIDDEN, "home:1", "redis:7", "victim-home", "victim-redis") if secret in told]
    assert "redis: refused, home: refused." in slipway.timeline(refused)[0].message


@ADOPTING
def test_a_teardown_removes_nothing(store: Store, adopt: bool) -> None:
    """The teardown of whoever asked for another's services leaves them, and all that is theirs; the owner's removes."""
    slipway = Slipway(store)
    owner = slipway.deploy(victim())
    attacker = slipway.deploy(thief(adopt))
    before, mark = served(slipway), len(slipway.world.changes)
    ended = slipway.tear_down(attacker)

    assert (Status.FAILED, "service_not_owned", before) == (ended.status, code(ended), served(slipway))
    assert [] == slipway.world.changes[mark:]
    assert "adopt" not in (ended.failure.fix if ended.failure else "")
    assert Status.SUCCEEDED is slipway.tear_down(owner).status
    assert {} == leftovers(slipway)


@CLAIMS
def test_one_tag_claims(store: Store, tag: str) -> None:
    """One tag of somebody else's is a claim, whatever the others say; one's own environment is another's, too."""
    slipway, manifest = Slipway(store), with_service(two_services(cluster="shared"), "home", adopt=True)
    slipway.deploy(manifest)
    tags = tags_of(slipway, "home")
    tags.clear()
    tags[tag] = "another"
    changed = with_service(manifest, "home", environment={"GREETING": "hi"})
    plan, refused = slipway.dry_run(changed), slipway.deploy(changed)

    assert ("refused", "service_not_owned") == (plan["services"]["home"]["action"], code(refused))
    assert {tag: "another"} == tags_of(slipway, "home")


@CLAIMS
def test_ones_own_tags_claim_nothing(store: Store, tag: str) -> None:
    """A service that bears a part of our tags and nobody else's is adopted, and without `adopt` that is advised."""
    slipway, manifest = Slipway(store), two_services(cluster="shared")
    slipway.deploy(manifest)
    del tags_of(slipway, "home")[tag]
    refused = slipway.deploy(manifest)
    adopted = slipway.deploy(with_service(manifest, "home", adopt=True))

    assert ("service_not_owned", Status.SUCCEEDED) == (code(refused), adopted.status)
    assert refused.failure is not None
    assert "write adopt: true" in refused.failure.fix
    assert tag in tags_of(slipway, "home")


def test_claimed_after_preflight(store: Store) -> None:
    """What was free at Preflight and is another's when it would change is left as it is, there and on the way back."""
    slipway = Slipway(store)
    manifest = with_service(two_services(cluster="shared"), "home", adopt=True)
    slipway.deploy(manifest)
    for tag in [each for each in tags_of(slipway, "home") if each.startswith("slipway:")]:
        del tags_of(slipway, "home")[tag]
    before = served(slipway)["specs"]
    interruption = Interruption(slipway, Moment("DeployService", "home", after=False), taken(slipway, "home"))
    ended = slipway.deploy(with_service(manifest, "home", image="home:2"))

    assert (True, Status.FAILED, "service_not_owned") == (interruption.happened, ended.status, code(ended))
    assert (before, None) == (served(slipway)["specs"], ended.services["home"].what_serves)
    assert "victim" == tags_of(slipway, "home")["slipway:application"]


@pytest.mark.parametrize("reads", [{}, {"ecs.serving": Behind(60)}], ids=["at once", "a minute later"])
@pytest.mark.parametrize("adopt", [False, True])
def test_made_after_the_plan(store: Store, adopt: bool, reads: Breaks) -> None:
    """A service that somebody made since the plan is not taken, whenever it is seen: nobody knows its way back."""
    slipway = Slipway(store)
    manifest = with_service(two_services(cluster="shared"), "home", adopt=adopt)
    theirs = two_services(cluster="shared", application="other", namespace="other.local")
    slipway.deploy(with_service(theirs, "home", route={"path": "/other"}))
    spec = slipway.world.services["shared", "home"].spec
    slipway.world.services.clear()

    def made() -> None:
        slipway.faults.break_from_now_on(reads)
        theirs = replace(spec, discovery=None, route=())
        slipway.faults.history.noted(slipway.world.make, "shared", "home", theirs, {"by": "hand"})

    Interruption(slipway, Moment("DeployService", "home", after=False), made)
    ended = slipway.deploy(manifest)
    assert ("service_not_owned", {"by": "hand"}) == (code(ended), tags_of(slipway, "home"))


def test_claimed_on_the_way_back(store: Store) -> None:
    """What another application has claimed before it would go back is left as it is, and operators hear of it."""
    slipway = Slipway(store, broken={"home:broken"})
    manifest = two_services(cluster="shared")
    slipway.deploy(manifest)
    marks: list[int] = []

    def claimed() -> None:
        taken(slipway, "home")()
        marks.append(len(slipway.world.changes))

    Interruption(slipway, Moment("Restore", "home", after=False), claimed)
    ended = slipway.deploy(with_service(manifest, "home", image="home:broken"))

    assert Status.FAILED is ended.status
    assert ended.rollback_failure is not None
    assert ("service_not_owned", "home") == (ended.rollback_failure.code, ended.rollback_failure.service)
    assert ([], None) == (slipway.world.changes[marks[0] :], ended.services["home"].what_serves)


@ADOPTING
def test_what_preflight_could_not_check_is_not_shown(store: Store, adopt: bool) -> None:
    """A dry run looks for itself whose a service is: where Preflight was not let to, nothing of it is shown."""
    slipway = Slipway(store)
    slipway.deploy(victim())
    slipway.faults.break_from_now_on({"ecs.serving": [REFUSED]})
    plan = slipway.dry_run(thief(adopt))

    assert {"home": "unknown", "redis": "unknown"} == {name: each["action"] for name, each in plan["services"].items()}
    assert HIDDEN not in json.dumps(plan)


def test_a_name_of_another_is_not_shown(store: Store) -> None:
    """Where Preflight was not let to look whose a name in Cloud Map is, a dry run shows nothing of another's."""
    slipway = Slipway(store)
    slipway.deploy(victim())
    services = {"web": {"image": "web:1", "discovery": {"name": "www", "ttl": 60}}}
    manifest = two_services(application="thief", services=services)
    slipway.deploy({**manifest, "services": {"web": {"image": "web:1"}}})
    slipway.faults.break_from_now_on({"cloud_map.tags": [REFUSED]})
    plan = slipway.dry_run(manifest)

    assert "discovery.ttl" not in [each["field"] for each in plan["services"]["web"]["changes"]]


def test_nothing_is_drift_of_what_another_made(store: Store) -> None:
    """A service of another application that took the name of one that is gone is not what is live here."""
    slipway = Slipway(store)
    slipway.deploy(two_services(application="mine", cluster="shared", namespace="mine.local"))
    slipway.world.services.clear()
    slipway.deploy(victim())
    live = applications.shown(slipway.cloud, "mine", {})["services"]

    assert [("service", None)] * 2 == [(each["drift"][0]["field"], each["task_definition"]) for each in live.values()]
    assert HIDDEN not in json.dumps(live)
