"""Deployments that fail: AWS's words, no lock left, and what served serves on."""

import json

import pytest

from tests.local.local_cloud import LocalCloud, hello, visitors


@pytest.mark.full
def test_an_image_that_does_not_exist(cloud: LocalCloud) -> None:
    """A first deployment of a missing image fails in ECS's words, and its lock is gone."""
    failed = cloud.deploy(hello("no-image", image="no-such-image:1"))

    assert "failed" == failed["status"]
    assert "image_not_found" == failed["failure"]["code"]
    assert "CannotPullContainerError" in failed["failure"]["cause"]
    assert "stopped_task" == failed["failure"]["evidence"][0]["kind"]
    assert failed["services"]["hello"]["what_serves"] is None
    assert "succeeded" == cloud.deploy(hello("no-image"))["status"]


def test_a_broken_deploy_is_not_noticed_by_visitors(cloud: LocalCloud) -> None:
    """While crash-loop is deployed over hello, and goes back, every request is answered by hello, which serves on."""
    served = cloud.deploy(hello("broken"))
    with visitors(f"{cloud.balancer}/broken") as seen:
        failed = cloud.deploy(hello("broken", image="actors-crash-loop:1"))

    revision = served["services"]["hello"]["task_definition"]
    assert ("succeeded", "rolled_back") == (served["status"], failed["status"])
    assert "Essential container in task exited" in failed["failure"]["cause"]
    assert revision == failed["services"]["hello"]["what_serves"]
    assert {"200"} == set(seen)


@pytest.mark.full
def test_a_failed_wave_is_the_last(cloud: LocalCloud) -> None:
    """A service whose dependency failed is never started, and the deployment says which one failed."""
    manifest = hello("waves") | {"on_failure": "keep"}
    manifest["services"]["base"] = {"image": "actors-crash-loop:1"}
    manifest["services"]["hello"]["depends_on"] = ["base"]
    failed = cloud.deploy(manifest)

    described = cloud.client("ecs").describe_services(cluster="waves", services=["base", "hello"])
    assert ("failed", "base") == (failed["status"], failed["failure"]["service"])
    assert "pending" == failed["services"]["hello"]["status"]
    assert ["base"] == [service["serviceName"] for service in described["services"]]


@pytest.mark.full
def test_a_service_of_somebody_else_is_left_alone(cloud: LocalCloud) -> None:
    """An ECS service that Slipway did not make is never changed."""
    ecs = cloud.client("ecs")
    assert "succeeded" == cloud.deploy(hello("foreign"))["status"]
    service = ecs.describe_services(cluster="foreign", services=["hello"])["services"][0]
    ecs.untag_resource(resourceArn=service["serviceArn"], tagKeys=["slipway:application"])
    failed = cloud.deploy(hello("foreign", environment={"GREETING": "mine now"}))

    assert "service_not_owned" == failed["failure"]["code"]
    assert {"hello"} == {cloud.visit("/foreign")["greeting"]}


@pytest.mark.full
def test_a_service_of_another_application_is_not_taken(cloud: LocalCloud) -> None:
    """Who asks to adopt another application's service gets neither it nor a word of what is in it, nor removes it."""
    assert "succeeded" == cloud.deploy(hello("owner", environment={"GREETING": "hunter2"}))["status"]
    taking = hello("taker", environment={"GREETING": "mine now"}, adopt=True) | {"cluster": "owner"}
    body, kind = json.dumps(taking).encode(), {"Content_Type": "application/json"}
    plan = cloud.ask("POST", "/deployments?dry_run=true", body, **kind).document
    taken = cloud.deploy(taking)
    removed = cloud.ended(cloud.ask("DELETE", "/applications/taker").document["id"])

    assert ("refused", False) == (plan["services"]["hello"]["action"], "hunter2" in json.dumps([plan, taken]))
    assert ["service_not_owned"] * 2 == [each["failure"]["code"] for each in (taken, removed)]
    assert {"hunter2"} == {cloud.visit("/owner")["greeting"]}
