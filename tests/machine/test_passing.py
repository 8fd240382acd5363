"""A refusal of AWS that passes changes nothing; one that does not pass ends the deployment, in time, in AWS's words."""

from datetime import timedelta

import pytest
from botocore.exceptions import ClientError

from chalicelib.aws.calls import translated
from chalicelib.aws.passing import PASSING, Passing
from chalicelib.deployment import Deployment, Status
from chalicelib.errors import AwsError, TransientAws, Unsettled
from chalicelib.store import Store
from tests.faults import Break
from tests.machine import test_faults, test_teardown_faults
from tests.machine.slipway import Slipway, two_services

# Which of our calls asks for an operation of AWS; ECS and Cloud Map have both a CreateService and a DeleteService.
ASKED_BY = {
    "create_cluster": "ecs.create_cluster",
    "create_log_group": "logs.ensure_group",
    "create_rule": "load_balancers.ensure_rule",
    "create_service": "ecs.create_service",
    "delete_cluster": "clusters.delete",
    "delete_namespace": "cloud_map.delete_namespace",
    "delete_scaling_policy": "autoscaling.put",
    "delete_service": "clusters.delete_service",
    "delete_target_group": "load_balancers.delete_target_group",
    "deregister_scalable_target": "autoscaling.remove",
    "describe_scalable_targets": "autoscaling.find",
    "describe_scaling_policies": "autoscaling.find",
    "describe_rules": "load_balancers.leads",
    "describe_tags": "load_balancers.target_groups",
    "describe_target_group_attributes": "load_balancers.routes",
    "describe_target_health": "load_balancers.target_health",
    "get_operation": "cloud_map.operation_succeeded",
    "modify_rule": "load_balancers.ensure_rule",
    "modify_target_group": "load_balancers.ensure_target_group",
    "modify_target_group_attributes": "load_balancers.ensure_target_group",
    "put_retention_policy": "logs.ensure_group",
    "put_scaling_policy": "autoscaling.put",
    "register_scalable_target": "autoscaling.put",
    "register_task_definition": "task_definitions.register",
    "run_task": "tasks.run",
    "set_rule_priorities": "load_balancers.ensure_rule",
    "update_service": "ecs.update_service",
}
IN_CLOUD_MAP = {
    ("delete_service", "ResourceInUse"): "cloud_map.delete_service",
    ("get_service", "ServiceNotFound"): "cloud_map.ensure_service",
    ("update_service", "DuplicateRequest"): "cloud_map.ensure_service",
}
TIMES = 5
ROWS = {f"{'+'.join(row.operations)} {row.code}: {row.text}": row for row in PASSING}
EVERY_ROW = pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
BOUNDS: dict[type[AwsError], timedelta] = {TransientAws: timedelta(minutes=2), Unsettled: timedelta(minutes=20)}
IN_A_WAIT = {  # which asks again until the deadline
    "cloud_map.delete_namespace",
    "cloud_map.delete_service",
    "cloud_map.operation_succeeded",
    "load_balancers.delete_target_group",
    "load_balancers.leads",
    "load_balancers.target_groups",
    "load_balancers.target_health",
}
MARGIN = timedelta(minutes=2)  # for the rest of a run, and for the last time that it is asked again


def refusal(row: Passing, operation: str) -> AwsError:
    """Return a refusal as AWS sends it, in our errors."""
    message = f"AWS says: {row.text or 'not now'}."
    error = ClientError({"Error": {"Code": row.code or "ClientException", "Message": message}}, operation)
    return translated(operation, error)


def asked_by(row: Passing, operation: str) -> str:
    """Return our call that meets a refusal."""
    return IN_CLOUD_MAP.get((operation, row.code)) or ASKED_BY[operation]


def run(store: Store, call: str, fault: AwsError, times: int | None) -> tuple[Slipway, Deployment]:
    """Deploy or tear down in the circumstances in which a call is made, which is refused so many times, or for ever."""
    in_circumstances = test_teardown_faults.run if call in test_faults.OF_A_TEARDOWN else test_faults.run
    once: list[Break] = [fault]
    return in_circumstances(store, call, fault if times is None else once * times)


@EVERY_ROW
def test_it_passes(store: Store, row: Passing) -> None:
    """A refusal that comes a few times is over before anybody is told of it."""
    for call in {asked_by(row, each): each for each in row.operations}:
        slipway, ended = run(store, call, refusal(row, row.operations[0]), TIMES)
        assert (TIMES, Status.SUCCEEDED, None) == (len(slipway.faults.struck), ended.status, ended.failure)


@EVERY_ROW
def test_it_never_passes(store: Store, row: Passing) -> None:
    """A refusal that comes for ever ends what it refuses: in AWS's words, not before its time, and in time."""
    for call in {asked_by(row, each): each for each in row.operations}:
        fault = refusal(row, row.operations[0])
        slipway, ended = run(store, call, fault, None)

        assert ended.status in (Status.FAILED, Status.TIMED_OUT, Status.ROLLED_BACK)
        assert ended.failure is not None
        assert str(fault) in ended.failure.cause
        whole = ended.deadline_at - ended.created_at
        bound = whole if call in IN_A_WAIT else BOUNDS[type(fault)]
        assert min(bound, whole) <= failed_after(slipway, ended) <= min(bound, whole) + MARGIN


def test_a_long_deadline_does_not_prolong_it(store: Store) -> None:
    """What is not settled after twenty minutes ends a deployment that has two hours."""
    row = next(each for each in PASSING if "still Draining" in each.text)
    slipway = Slipway(store, {"ecs.create_service": refusal(row, "create_service")})
    ended = slipway.deploy(two_services(timeout_seconds=7_200))

    assert Status.FAILED is ended.status
    assert BOUNDS[Unsettled] <= failed_after(slipway, ended) <= BOUNDS[Unsettled] + MARGIN


def failed_after(slipway: Slipway, deployment: Deployment) -> timedelta:
    """Return how long a deployment took to its failure."""
    failed = next(each.at for each in slipway.timeline(deployment) if each.phase in ("failed", "rolling_back"))
    return failed - deployment.created_at
