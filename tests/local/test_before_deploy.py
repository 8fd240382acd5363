"""before_deploy and scaling for real: a migration runs as a task of the new revision before anything changes."""

from typing import Any

import pytest

from tests.local.local_cloud import LocalCloud, hello


def migrated(application: str, program: str, timeout_seconds: int = 60, **changes: Any) -> dict[str, Any]:
    """Return the manifest of `hello` whose before_deploy is a program in Python."""
    migration = {"command": ["python", "-c", program], "timeout_seconds": timeout_seconds}
    return hello(application, before_deploy=migration, **changes)


def test_migration_is_seen_in_the_timeline(cloud: LocalCloud) -> None:
    """A migration that exits 0 lets the service change; what it wrote is in the timeline."""
    ended = cloud.deploy(migrated("migrates", "print('made 3 tables')"))
    events = cloud.ask("GET", f"/deployments/{ended['id']}/events").document["events"]
    told = [event["message"] for event in events if event["phase"] == "before_deploy"]

    assert "succeeded" == ended["status"]
    assert "before_deploy ended with exit code 0.\nmade 3 tables" == told[-1]
    assert "hello" == cloud.visit("/migrates")["greeting"]


def test_failed_migration_changes_nothing(cloud: LocalCloud) -> None:
    """A migration that exits 3 fails the deployment with its last line; the revision before serves on."""
    before = cloud.deploy(hello("unmigrated"))
    program = "print('no such table', flush=True); raise SystemExit(3)"
    failed = cloud.deploy(migrated("unmigrated", program, environment={"GREETING": "changed"}))
    failure, service = failed["failure"], failed["services"]["hello"]

    assert ("rolled_back", "before_deploy_failed") == (failed["status"], failure["code"])
    assert "exit code 3" in failure["cause"]
    assert [("log", "no such table")] == [(each["kind"], each["message"]) for each in failure["evidence"]]
    assert before["services"]["hello"]["task_definition"] == service["what_serves"] != service["task_definition"]
    assert "hello" == cloud.visit("/unmigrated")["greeting"]


@pytest.mark.full
def test_long_migration_is_stopped(cloud: LocalCloud) -> None:
    """A migration that takes longer than its timeout_seconds is stopped, and no service is made."""
    program = "import time; print('waits for a lock', flush=True); time.sleep(600)"
    failed = cloud.deploy(migrated("waiting", program, timeout_seconds=2) | {"on_failure": "keep"})
    ecs = cloud.client("ecs")
    (arn,) = ecs.list_tasks(cluster="waiting", desiredStatus="STOPPED")["taskArns"]
    (task,) = ecs.describe_tasks(cluster="waiting", tasks=[arn])["tasks"]

    assert "after its timeout_seconds of 2" in failed["failure"]["cause"]
    assert ["waits for a lock"] == [each["message"] for each in failed["failure"]["evidence"]]
    assert f"{failed['id']} failed" == task["stoppedReason"]
    assert [] == ecs.list_services(cluster="waiting")["serviceArns"]


@pytest.mark.full
def test_scaled_out_service_is_not_reset(cloud: LocalCloud) -> None:
    """A service that was scaled out meanwhile keeps its desired count in the next deployment."""
    scaling = {"min": 1, "max": 4, "cpu": 60}
    first = cloud.deploy(hello("scaled", scaling=scaling))
    ecs = cloud.client("ecs")
    ecs.update_service(cluster="scaled", service="hello", desiredCount=3)
    second = cloud.deploy(hello("scaled", scaling=scaling, environment={"GREETING": "again"}))
    (service,) = ecs.describe_services(cluster="scaled", services=["hello"])["services"]

    assert ("succeeded", "succeeded") == (first["status"], second["status"])
    assert (3, 3) == (service["desiredCount"], service["runningCount"])
    targets = cloud.client("application-autoscaling").describe_scalable_targets(ServiceNamespace="ecs")
    assert (1, 4) in [(each["MinCapacity"], each["MaxCapacity"]) for each in targets["ScalableTargets"]]
