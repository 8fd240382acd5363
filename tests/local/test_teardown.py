"""Teardown: an application disappears without a trace, and nothing else does."""

from typing import Any

import pytest
import yaml

from tests.local.inventory import inventory
from tests.local.local_cloud import ECS_PRACTICE, HttpAnswer, LocalCloud, hello, wait_for


def tear_down(cloud: LocalCloud, application: str, environment: str = "default", **headers: str) -> dict[str, Any]:
    """DELETE an application that must be known, and return the teardown as it ended."""
    accepted = delete(cloud, application, environment, **headers)
    assert 202 == accepted.status, accepted.document
    assert f"/deployments/{accepted.document['id']}" == accepted.headers["Location"]
    return cloud.ended(accepted.document["id"])


def delete(cloud: LocalCloud, application: str, environment: str = "default", **headers: str) -> HttpAnswer:
    """DELETE an application."""
    return cloud.ask("DELETE", f"/applications/{application}?environment={environment}", None, **headers)


def practice(application: str) -> dict[str, Any]:
    """Return ecs-practice as another application, scaled, with a load balancer and a namespace of its own."""
    manifest: dict[str, Any] = yaml.safe_load(ECS_PRACTICE.read_text())
    manifest |= {"application": application, "namespace": f"{application}.local"}
    manifest["load_balancer"] = {"name": "slipway-6", "port": 80}
    manifest["services"]["api"]["environment"]["USER_API_HOST"] = f"user.{application}.local"
    manifest["services"]["api"]["scaling"] = {"min": 1, "max": 2, "cpu": 60}
    return manifest


def test_nothing_is_left(cloud: LocalCloud) -> None:
    """Afterwards the account holds what it held before; again there is nothing to do, and then all of it is back."""
    before = inventory(cloud)
    deployed = cloud.deploy(practice("gone"))
    assert "succeeded" == deployed["status"], deployed
    changed = {kind for kind, each in inventory(cloud).items() if each != before[kind]}
    assert {"load balancers", "listeners"} == set(before) - changed
    ended = tear_down(cloud, "gone")

    assert ("teardown", "succeeded", "api and user-api are removed.") == (
        ended["kind"],
        ended["status"],
        ended["verdict"],
    )
    assert before == inventory(cloud)
    again = tear_down(cloud, "gone")
    assert "succeeded" == again["status"], again
    assert "succeeded" == cloud.deploy(practice("gone"))["status"]
    tear_down(cloud, "gone")
    assert before == inventory(cloud)


@pytest.mark.full
def test_somebody_elses_service_survives(cloud: LocalCloud) -> None:
    """A service that Slipway did not make runs on, and so its cluster stays; when it is gone, the cluster goes too."""
    before = inventory(cloud)
    deployed = cloud.deploy(hello("shared"))
    ecs, task_definition = cloud.client("ecs"), deployed["services"]["hello"]["task_definition"]
    settings = ecs.describe_services(cluster="shared", services=["hello"])["services"][0]["networkConfiguration"]
    ecs.create_service(
        cluster="shared",
        serviceName="theirs",
        taskDefinition=task_definition,
        desiredCount=1,
        launchType="FARGATE",
        networkConfiguration=settings,
    )
    ended = tear_down(cloud, "shared")

    assert ("succeeded", 1) == (ended["status"], ended["verdict"].count("the cluster shared, in which others have"))
    (theirs,) = ecs.describe_services(cluster="shared", services=["theirs"])["services"]
    assert ("ACTIVE", 1) == (theirs["status"], theirs["desiredCount"])
    ecs.delete_service(cluster="shared", service="theirs", force=True)
    wait_for(lambda: inactive(ecs, "shared", "theirs") or None)
    assert "succeeded" == tear_down(cloud, "shared")["status"]
    assert before == inventory(cloud)


def inactive(ecs: Any, cluster: str, service: str) -> bool:
    """Tell whether a service is gone."""
    found = ecs.describe_services(cluster=cluster, services=[service])["services"]
    return [each["status"] for each in found] == ["INACTIVE"]


def test_a_foreign_service_of_that_name_is_refused(cloud: LocalCloud) -> None:
    """A service of our name that is not ours any more is named, and all of it is left."""
    cloud.deploy(hello("taken"))
    ecs = cloud.client("ecs")
    arn = ecs.describe_services(cluster="taken", services=["hello"])["services"][0]["serviceArn"]
    before = inventory(cloud)
    tags = ecs.list_tags_for_resource(resourceArn=arn)["tags"]
    ecs.untag_resource(resourceArn=arn, tagKeys=["slipway:application"])
    refused = tear_down(cloud, "taken")

    assert ("failed", "service_not_owned") == (refused["status"], refused["failure"]["code"])
    assert before == inventory(cloud)
    ecs.tag_resource(resourceArn=arn, tags=tags)
    assert "succeeded" == tear_down(cloud, "taken")["status"]


def test_what_is_not_known_is_not_found(cloud: LocalCloud) -> None:
    """An application that nobody deployed in that environment is a problem, and so is a token that may only read."""
    assert (404, "not_found") == status_and_code(delete(cloud, "never-deployed"))
    assert (403, "forbidden") == status_and_code(delete(cloud, "never-deployed", token="local-read"))


def test_a_busy_application_is_a_conflict(cloud: LocalCloud) -> None:
    """While a deployment holds a service, a teardown is told which; a key makes one teardown."""
    holder = cloud.post(hello("busy")).document["id"]
    busy = delete(cloud, "busy")
    assert (409, holder) == (busy.status, busy.document["deployment"])
    cloud.ended(holder)
    first, second = (delete(cloud, "busy", Idempotency_Key="once") for _ in range(2))
    assert (202, "true") == (first.status, second.headers["Idempotency-Replayed"])
    assert first.document["id"] == second.document["id"]
    assert "succeeded" == cloud.ended(first.document["id"])["status"]


def status_and_code(answer: HttpAnswer) -> tuple[int, str]:
    """Return what a problem says."""
    return answer.status, answer.document["code"]
