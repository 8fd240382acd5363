"""GET /deployments/{id}/logs in the local cloud: what runs, and the last words of what died."""

from typing import Any

from tests.local.local_cloud import LocalCloud, wait_for
from tests.local.samples import accepted, deployed

KEPT = ("\nservices:", "\non_failure: keep\n\nservices:")


def lines(cloud: LocalCloud, deployment_id: str, query: str = "") -> list[dict[str, Any]]:
    """Return the tasks and lines of a deployment's one service, when there are lines."""

    def look() -> list[dict[str, Any]] | None:
        answer = cloud.ask("GET", f"/deployments/{deployment_id}/logs{query}")
        assert 200 == answer.status, answer.document
        tasks: list[dict[str, Any]] = answer.document["tasks"]
        return tasks if any(each["lines"] for each in tasks) else None

    return wait_for(look)


def test_hello(cloud: LocalCloud) -> None:
    """The last lines of what runs are there, as many as are asked for: a load balancer's checks come in between."""
    ended = deployed(cloud, "actors/hello/slipway.yaml")
    for _ in range(3):
        cloud.visit("/hello")
    said = [line["message"] for task in lines(cloud, ended["id"], "?lines=50") for line in task["lines"]]
    [task, *_] = lines(cloud, ended["id"], "?lines=1")

    assert ("RUNNING", "hello", 1) == (task["status"], task["container"], len(task["lines"]))
    assert 3 == sum("GET /hello" in message for message in said)


def test_crash_loop(cloud: LocalCloud) -> None:
    """The last words of what died are there, the newest task's first."""
    ended = cloud.ended(accepted(cloud, "actors/crash_loop/slipway.yaml", KEPT))
    tasks = lines(cloud, ended["id"])

    assert "failed" == ended["status"]
    assert {"crash-loop"} == {each["container"] for each in tasks}
    assert 1 <= len(tasks) <= 5
    said = [line["message"] for each in tasks for line in each["lines"]]
    evidence = [each["message"] for each in ended["failure"]["evidence"] if each["kind"] == "log"]
    assert evidence
    assert set(evidence) <= set(said)
