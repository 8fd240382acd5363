"""Events wake waits, and close or restart what died."""

from typing import Any

import pytest

from chalicelib import events, recovery
from chalicelib.deployment import Deployment, Status
from chalicelib.errors import AwsRefused, Throttled
from chalicelib.store import Store
from chalicelib.waits import WAKES_AT_MOST
from tests.machine.slipway import Slipway, two_services

ACCOUNT = "arn:aws:ecs:us-east-1:000000000000"


def ecs_event(detail_type: str, cluster: str, service: str, **detail: Any) -> dict[str, Any]:
    """Return an event as ECS sends it."""
    task = detail_type == "ECS Task State Change"
    about = {"clusterArn": f"{ACCOUNT}:cluster/{cluster}"}
    return {
        "source": "aws.ecs",
        "detail-type": detail_type,
        "resources": [f"{ACCOUNT}:task/{cluster}/1" if task else f"{ACCOUNT}:service/{cluster}/{service}"],
        "detail": {**about, **({"group": f"service:{service}"} if task else {}), **detail},
    }


def task_stopped(cluster: str, service: str) -> dict[str, Any]:
    """Return the event that a task stopped otherwise than by scaling."""
    return ecs_event("ECS Task State Change", cluster, service, lastStatus="STOPPED")


def executions_end(deployment: Deployment, status: str) -> dict[str, Any]:
    """Return the event that an execution ended."""
    machine = "arn:aws:states:us-east-1:000000000000:stateMachine:slipway-test"
    detail = {"stateMachineArn": machine, "name": deployment.id, "status": status}
    return {"source": "aws.states", "detail-type": "Step Functions Execution Status Change", "detail": detail}


def seconds_with(store: Store, event: dict[str, Any]) -> float:
    """Return how long a deployment of one service takes that polls every 300 s, with `event` sent every 10 s."""
    slipway = Slipway(store)
    manifest = two_services(namespace=None, poll_seconds=300, services={"worker": {"image": "worker:1"}})
    deployment = slipway.post({**manifest, "cluster": "workers"})

    def send() -> None:
        events.on_event(slipway.cloud, event)
        slipway.clock.call_later(10, send)

    send()
    slipway.machine.run(deployment.id)
    assert Status.SUCCEEDED is slipway.record(deployment).status
    return slipway.clock.seconds


@pytest.mark.parametrize(
    ("detail_type", "detail"),
    [
        ("ECS Deployment State Change", {"eventName": "SERVICE_DEPLOYMENT_COMPLETED"}),
        ("ECS Service Action", {"eventName": "SERVICE_STEADY_STATE"}),
        ("ECS Task State Change", {"lastStatus": "STOPPED"}),
    ],
)
def test_event_wakes_the_wait_of_its_service(store: Store, detail_type: str, detail: dict[str, Any]) -> None:
    """An event of a service makes its wait look at once, long before the poll."""
    assert seconds_with(store, ecs_event(detail_type, "workers", "worker", **detail)) < 60


@pytest.mark.parametrize(
    "event",
    [
        ecs_event("ECS Task State Change", "workers", "other", lastStatus="RUNNING"),
        ecs_event("ECS Task State Change", "elsewhere", "worker", lastStatus="RUNNING"),
        ecs_event("ECS Task State Change", "workers", "worker", lastStatus="PENDING"),
        ecs_event("ECS Deployment State Change", "workers", "worker", eventName="SERVICE_DEPLOYMENT_IN_PROGRESS"),
    ],
)
def test_other_events_wake_nothing(store: Store, event: dict[str, Any]) -> None:
    """An event of another service, or one that decides nothing, leaves a wait alone."""
    assert seconds_with(store, event) >= 300


def test_tasks_that_come_and_go_wake_a_wait_so_often(store: Store) -> None:
    """A service whose tasks stop all day has its wait look again WAKES_AT_MOST times, then by the poll alone."""
    slipway = Slipway(store, hanging={"worker:1"})
    worker = {"services": {"worker": {"image": "worker:1"}}}
    deployment = slipway.post(two_services(namespace=None, timeout_seconds=3600, poll_seconds=300, **worker))

    def send() -> None:
        events.on_event(slipway.cloud, task_stopped(deployment.cluster, "worker"))
        slipway.clock.call_later(1, send)

    send()
    slipway.machine.run(deployment.id)
    assert Status.TIMED_OUT is slipway.record(deployment).status
    assert slipway.faults.calls.count("ecs.rollout") == WAKES_AT_MOST + 3600 / 300


def test_event_decides_nothing(store: Store) -> None:
    """An event that says completed while the rollout still goes only makes the wait look again."""
    slipway = Slipway(store, hanging={"worker:1"})
    manifest = two_services(
        namespace=None, timeout_seconds=60, poll_seconds=30, services={"worker": {"image": "worker:1"}}
    )
    deployment = slipway.post(manifest)
    event = ecs_event(
        "ECS Deployment State Change", deployment.cluster, "worker", eventName="SERVICE_DEPLOYMENT_COMPLETED"
    )
    slipway.clock.call_later(10, lambda: events.on_event(slipway.cloud, event))
    slipway.machine.run(deployment.id)
    assert Status.TIMED_OUT is slipway.record(deployment).status


def test_event_of_an_ended_execution_closes_its_deployment(store: Store) -> None:
    """A deployment whose execution was stopped by hand is failed, and its services are free."""
    slipway = Slipway(store)
    deployment = slipway.post(two_services())
    slipway.clock.advance(40)
    slipway.machine.stop(deployment.id)
    events.on_event(slipway.cloud, executions_end(deployment, "ABORTED"))
    closed = slipway.record(deployment)

    assert (Status.FAILED, []) == (closed.status, slipway.locks(closed))
    assert closed.failure is not None
    assert ("execution_ended", True) == (closed.failure.code, "ABORTED" in closed.failure.cause)


def test_event_of_a_success_changes_nothing(store: Store) -> None:
    """An execution that ended on its own roads has said so itself."""
    slipway = Slipway(store)
    deployment = slipway.deploy(two_services())
    for status in ("SUCCEEDED", "FAILED"):
        events.on_event(slipway.cloud, executions_end(deployment, status))
    assert deployment == slipway.record(deployment)


def test_sweep_closes_the_dead_and_leaves_the_living(store: Store) -> None:
    """The sweep closes a deployment whose execution ended, and lets one that runs go on.

    Of one that recorded something within the last minute it asks nothing.
    """
    slipway = Slipway(store, rollout_seconds=200)
    dead, living = slipway.post(two_services()), slipway.post(two_services(namespace="other.local"))
    slipway.clock.advance(40)
    slipway.machine.stop(dead.id)
    found = []
    for seconds in (0, 61):
        slipway.clock.advance(seconds)
        recovery.sweep(slipway.cloud)
        found.append([slipway.record(each).status for each in (dead, living)])
    assert [[Status.RUNNING, Status.RUNNING], [Status.FAILED, Status.RUNNING]] == found
    slipway.machine.run(living.id)
    assert Status.SUCCEEDED is slipway.record(living).status


def test_sweep_starts_what_was_left_pending(store: Store) -> None:
    """A deployment whose start was refused is started by the sweep, once it is a minute old."""
    slipway = Slipway(store, breaks={"workflow.start": [Throttled("start_execution", "ThrottlingException", "")]})
    deployment = slipway.post(two_services())
    recovery.sweep(slipway.cloud)
    assert deployment.id not in slipway.machine.executions
    slipway.clock.advance(61)
    recovery.sweep(slipway.cloud)
    slipway.machine.run(deployment.id)
    assert Status.SUCCEEDED is slipway.record(deployment).status


def test_sweep_goes_on_after_one_that_cannot_be_recovered(store: Store) -> None:
    """One deployment that AWS does not let us recover now keeps no other from being recovered."""
    slipway = Slipway(store, breaks={"workflow.status": [Throttled("describe_execution", "ThrottlingException", "")]})
    first, second = slipway.post(two_services()), slipway.post(two_services())
    slipway.clock.advance(40)
    for deployment in (first, second):
        slipway.machine.stop(deployment.id)
    slipway.clock.advance(61)
    with pytest.raises(ExceptionGroup, match="not every open deployment could be met"):
        recovery.sweep(slipway.cloud)
    assert (Status.RUNNING, Status.FAILED) == (slipway.record(first).status, slipway.record(second).status)


def test_sweep_closes_what_never_started(store: Store) -> None:
    """A deployment whose start AWS refuses for good is failed at its deadline, and its services are free."""
    slipway = Slipway(store, breaks={"workflow.start": AwsRefused("start_execution", "AccessDeniedException", "no")})
    deployment = slipway.post(two_services())
    slipway.clock.advance(901)
    recovery.sweep(slipway.cloud)
    closed = slipway.record(deployment)
    assert (Status.FAILED, []) == (closed.status, slipway.locks(closed))


def test_sweep_tells_of_what_is_stuck(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    """A deployment that goes on long after its deadline, and as long again for its way back, counts in a metric."""
    slipway = Slipway(store, breaks={"store.finish": Throttled("write", "ThrottlingException", "")})
    slipway.post(two_services(timeout_seconds=10))
    told = []
    for seconds in (10 + 10 + 14 * 60, 2 * 60):
        slipway.clock.advance(seconds)
        recovery.sweep(slipway.cloud)
        told.append('"installation":"slipway","DeploymentStuck":[1.0]' in capsys.readouterr().out)
    assert [False, True] == told


def test_sweep_closes_what_ended_before_its_plan(store: Store) -> None:
    """A deployment that is still pending, although its execution ended, is closed: its name cannot start again."""
    slipway = Slipway(store)
    deployment = slipway.post(two_services())
    slipway.machine.stop(deployment.id)
    slipway.clock.advance(61)
    recovery.sweep(slipway.cloud)
    closed = slipway.record(deployment)
    assert (Status.FAILED, []) == (closed.status, slipway.locks(closed))


def test_post_takes_over_from_the_dead(store: Store) -> None:
    """A lease that is over is asked for its holder's life; a dead holder is closed, and the next goes."""
    slipway = Slipway(store)
    manifest = two_services()
    dead = slipway.post(manifest)
    slipway.clock.advance(40)
    slipway.machine.stop(dead.id)
    slipway.clock.advance(900 + 601)
    successor = slipway.deploy(manifest)
    assert (Status.FAILED, Status.SUCCEEDED) == (slipway.record(dead).status, successor.status)
