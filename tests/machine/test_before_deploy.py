"""before_deploy: the new revision runs once, and only its success changes the service."""

from typing import Any

import pytest

from chalicelib import events
from chalicelib.deployment import Status
from chalicelib.errors import AwsRefused
from chalicelib.store import Store
from tests.faults import Breaks
from tests.machine.slipway import Slipway, two_services, with_service
from tests.world import ACCOUNT

REFUSAL = AwsRefused("call", "AccessDeniedException", "not authorized")
MIGRATION = {"command": ["migrate", "--all"], "timeout_seconds": 60}


def migrated(**changes: Any) -> dict[str, Any]:
    """Return the manifest of one service with a migration."""
    services = {"home": {"image": "home:1", "before_deploy": MIGRATION, **changes}}
    return two_services(namespace=None, services=services)


def test_task_runs_before_the_service_changes(store: Store) -> None:
    """The task has ended before the service is made; what it wrote last is in the timeline."""
    slipway = Slipway(store)
    deployment = slipway.deploy(migrated())
    told = [event.message for event in slipway.timeline(deployment) if event.phase == "before_deploy"]
    last_lines = "\n".join(f"line {number}" for number in range(11, 31))

    assert ["run migrate --all", "create home"] == slipway.world.changes[-2:]
    assert Status.SUCCEEDED is deployment.status
    assert ["Started the task once-1: migrate --all", f"before_deploy ended with exit code 0.\n{last_lines}"] == told
    path = slipway.execution(deployment).path_of("home")
    assert ["TaskNeeded?", "BeforeDeploy", "AwaitTask", "TaskEnded?", "DeployService"] == path[4:9]


def test_task_is_of_the_new_revision(store: Store) -> None:
    """An update runs the revision that will serve, in the service's own container."""
    slipway = Slipway(store)
    manifest = migrated()
    slipway.deploy(manifest)
    after = slipway.deploy(with_service(manifest, "home", image="home:2"))
    tasks = list(slipway.world.tasks.values())

    assert 2 == len(tasks)
    assert after.services["home"].task_definition == tasks[1].task_definition
    assert ("home", f"{after.id}/home") == (tasks[1].command.container, tasks[1].started_by)


def test_unchanged_service_runs_no_task(store: Store) -> None:
    """The same manifest again runs no task, and neither does one without before_deploy."""
    slipway = Slipway(store)
    manifest = migrated()
    slipway.deploy(manifest)
    again = slipway.deploy(manifest)
    slipway.deploy(two_services())

    assert 1 == len(slipway.world.tasks)
    assert (Status.SUCCEEDED, False) == (again.status, again.services["home"].changed)
    assert "AwaitTask" not in slipway.execution(again).path


def test_failed_task_leaves_what_serves(store: Store) -> None:
    """A task that exits 3 ends the deployment with its reason, exit code and last lines; what served serves on."""
    slipway = Slipway(store)
    manifest = migrated()
    before = slipway.deploy(manifest)
    slipway.world.exit_codes["migrate"] = 3
    slipway.world.changes.clear()
    after = slipway.deploy(with_service(manifest, "home", image="home:2"))
    home, failure = after.services["home"], after.failure

    assert failure is not None
    assert (Status.ROLLED_BACK, "before_deploy_failed", "home") == (after.status, failure.code, failure.service)
    assert "before_deploy failed: Essential container in task exited; exit code 3" == failure.cause
    assert [("log", f"line {number}") for number in range(11, 31)] == [(e.kind, e.message) for e in failure.evidence]
    assert before.services["home"].task_definition == home.what_serves == slipway.world.serves(after.cluster, "home")
    assert [] == [change for change in slipway.world.changes if "update" in change]
    assert [] == slipway.locks(after)


@pytest.mark.parametrize("unread", [{"tasks.find": [None, None, REFUSAL]}, {"logs.tail": REFUSAL}])
def test_failure_is_recorded_without_its_log(store: Store, unread: Breaks) -> None:
    """When ECS or the log cannot be asked any more, the failure is recorded without evidence."""
    slipway = Slipway(store, breaks=unread, exit_codes={"migrate": 3})
    failure = slipway.deploy(migrated()).failure
    assert failure is not None
    assert slipway.faults.struck
    assert ("before_deploy_failed", ()) == (failure.code, failure.evidence)


def test_failed_task_of_a_first_deployment(store: Store) -> None:
    """A first deployment whose task fails makes no service."""
    slipway = Slipway(store, exit_codes={"migrate": 1})
    deployment = slipway.deploy(migrated())
    assert (Status.FAILED, None) == (deployment.status, deployment.services["home"].what_serves)
    assert {} == slipway.world.services


def test_long_task_is_stopped(store: Store) -> None:
    """A task that takes longer than its timeout_seconds is stopped, and the failure says so."""
    slipway = Slipway(store, exit_codes={"migrate": None})
    deployment = slipway.deploy({**migrated(), "poll_seconds": 5, "on_failure": "keep"})

    assert deployment.failure is not None
    assert "before_deploy was RUNNING after its timeout_seconds of 60" == deployment.failure.cause
    assert "line 30" == deployment.failure.evidence[-1].message
    assert "stop migrate --all" == slipway.world.changes[-1]
    assert 60 <= slipway.clock.seconds < 70


def test_deadline_stops_the_task_too(store: Store) -> None:
    """A task that is not waited for any more does not go on: when the deadline passes, it is stopped."""
    slipway = Slipway(store, exit_codes={"migrate": None})
    deployment = slipway.deploy({**migrated(), "poll_seconds": 5, "timeout_seconds": 30, "on_failure": "keep"})
    assert (Status.TIMED_OUT, "stop migrate --all") == (deployment.status, slipway.world.changes[-1])


def test_failed_sibling_stops_the_task(store: Store) -> None:
    """When another service fails first, the task is stopped and its service is left as it was."""
    slipway = Slipway(store, broken={"other:1"}, exit_codes={"migrate": None})
    manifest = {**migrated(), "poll_seconds": 5, "on_failure": "keep"}
    deployment = slipway.deploy(with_service(manifest, "other", image="other:1"))
    assert ("stopped", "failed") == tuple(deployment.services[name].status for name in ("home", "other"))
    assert "stop migrate --all" in slipway.world.changes
    assert (deployment.cluster, "home") not in slipway.world.services


def task_event(cluster: str, started_by: str, status: str) -> dict[str, Any]:
    """Return the event of a task that belongs to no service."""
    return {
        "source": "aws.ecs",
        "detail-type": "ECS Task State Change",
        "resources": [f"{ACCOUNT}:task/{cluster}/1"],
        "detail": {
            "clusterArn": f"{ACCOUNT}:cluster/{cluster}",
            "group": "family:home",
            "startedBy": started_by,
            "lastStatus": status,
        },
    }


@pytest.mark.parametrize(
    ("started_by", "status", "woken"),
    [
        ("{id}/home", "STOPPED", True),
        ("{id}/ho", "STOPPED", True),  # a long name is cut to what ECS takes
        ("{id}/home", "RUNNING", False),
        ("{id}/other", "STOPPED", False),
        ("dep_00000000000000000000000000/home", "STOPPED", False),
        ("somebody", "STOPPED", False),
        ("", "STOPPED", False),
    ],
)
def test_event_of_the_task_wakes_its_wait(store: Store, started_by: str, status: str, woken: bool) -> None:
    """The end of the task wakes its wait long before the poll, by what the task was started by; no other event does."""
    slipway = Slipway(store)
    deployment = slipway.post({**migrated(), "poll_seconds": 300})
    event = task_event(deployment.cluster, started_by.format(id=deployment.id), status)
    slipway.clock.call_later(20, lambda: events.on_event(slipway.cloud, event))
    slipway.clock.advance(30)
    assert woken is ("DeployService" in slipway.execution(deployment).path)
