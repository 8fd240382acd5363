"""Preflight for real: everything that is wrong is told at once, and nothing was made."""

from tests.local.local_cloud import LocalCloud, hello


def test_two_wrong_things_at_once(cloud: LocalCloud) -> None:
    """A subnet and a load balancer that are not there give both findings; nothing was made, and the lock is gone."""
    wrong = hello("preflight") | {
        "namespace": "preflight.local",
        "network": {"subnets": ["private", "nowhere"]},
        "load_balancer": {"name": "nobody"},
    }
    failed = cloud.deploy(wrong)
    evidence = failed["failure"]["evidence"]

    assert ("failed", "preflight_failed") == (failed["status"], failed["failure"]["code"])
    assert ["/network/subnets/1", "/load_balancer"] == [each["resource"] for each in evidence]
    assert {"preflight"} == {each["kind"] for each in evidence}
    assert [] == cloud.client("ecs").describe_clusters(clusters=["preflight"])["clusters"]
    namespaces = cloud.client("servicediscovery").list_namespaces()["Namespaces"]
    assert "preflight.local" not in [each["Name"] for each in namespaces]
    assert "succeeded" == cloud.deploy(hello("preflight"))["status"]


def test_what_is_there_gives_no_finding(cloud: LocalCloud) -> None:
    """The local account passes its own preflight, warnings included."""
    ended = cloud.deploy(hello("passes", discovery={}) | {"namespace": "passes.local"})
    again = cloud.deploy(hello("passes", discovery={}) | {"namespace": "passes.local"})
    timelines = [cloud.ask("GET", f"/deployments/{each['id']}/events").document["events"] for each in (ended, again)]

    assert ("succeeded", "succeeded") == (ended["status"], again["status"])
    assert [] == [line["message"] for lines in timelines for line in lines if line["phase"] == "preflight"]
