"""The interpreter tells the truth: what it refuses, and the same executions on moto's interpreter end alike."""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from threading import Lock
from typing import Any

import pytest

from chalicelib import steps
from chalicelib.api import deployments
from chalicelib.aws.dynamodb import Table
from chalicelib.aws.step_functions import Workflow
from chalicelib.deployment import Deployment
from chalicelib.steps.step import Step
from chalicelib.store import Store
from tests.fake_cloud import FakeCloud
from tests.faults import Faults
from tests.full import full_but
from tests.local.doors import ROLE, wait_until
from tests.local.doors import Cloud as Door
from tests.machine.interpreter import Execution, Interpreter
from tests.machine.slipway import Slipway, definition, request, two_services, with_service
from tests.machine.virtual_time import VirtualClock
from tests.tables import NAME, create_table
from tests.world import World

LOOP = {"StartAt": "Round", "States": {"Round": {"Type": "Pass", "Next": "Round"}}}
BEHAVIOUR: dict[str, Any] = {"broken": {"redis:broken"}, "hanging": {"slow:1"}, "exit_codes": {"fail": 3}}


QUICK = frozenset({"fails beside a sibling"})
A_LOOK_SECONDS, PATIENCE_SECONDS = 1.0, 60


@dataclass(frozen=True)
class Case:
    """A deployment whose workflow is moto's, in a world of its own, whose time moves by a second with each look."""

    cloud: FakeCloud
    clock: VirtualClock
    turn: Lock = field(default_factory=Lock)

    def run(self, table: Mapping[str, Step], event: dict[str, Any]) -> dict[str, Any]:
        """Run a step, one at a time; then wake who still waits, as an event does: nobody waits for a poll."""
        with self.turn:
            result = steps.run(table, self.cloud, event)
            token, workflow = event.get("token"), self.cloud.parts["workflow"]
            if token and token not in workflow.completed:
                self.clock.advance(A_LOOK_SECONDS)
                workflow.complete(token, decided=False)
            return result


class Remembering(Workflow):
    """The workflow, with what it completed: moto forgets a token's first completion when a second one follows."""

    def __init__(self, client: Any, state_machine_arns: Mapping[str, str]) -> None:
        super().__init__(client, state_machine_arns)
        self.completed: set[str] = set()

    def complete(self, token: str, *, decided: bool, named: bool = False) -> None:
        """End a wait."""
        self.completed.add(token)
        super().complete(token, decided=decided, named=named)


class Busy(Exception):
    """What a function of these tests raises."""


def execute(machine: dict[str, Any], function: Any = None, document: Any = None) -> tuple[Execution, VirtualClock]:
    """Return an execution of a machine that has ended, and the clock that it took."""
    clock = VirtualClock()
    interpreter = Interpreter(machine, {"function": function}, clock)
    interpreter.start("one", document or {})
    return interpreter.run("one"), clock


def task(**changes: Any) -> dict[str, Any]:
    """Return a machine of one task."""
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": "function", "Payload": {"everything.$": "$"}},
        "End": True,
        **changes,
    }
    return {"StartAt": "Only", "States": {"Only": state}}


@pytest.mark.parametrize("unknown", [{"HeartbeatSeconds": 5}, {"Resource": "arn:aws:states:::sqs:sendMessage"}])
def test_unknown_feature_is_refused(unknown: dict[str, Any]) -> None:
    """A feature of the language that the interpreter does not know stops the test."""
    with pytest.raises(NotImplementedError):
        execute(task(**unknown), lambda _: {})


def test_endless_loop_is_refused() -> None:
    """A machine that goes in circles without waiting stops the test."""
    with pytest.raises(OverflowError, match="history overflow"):
        execute(LOOP)


def test_large_document_is_refused() -> None:
    """What Step Functions would not carry stops the test."""
    with pytest.raises(AssertionError, match="bytes do not pass"):
        execute(task(), lambda _: {"words": "x" * 300_000})


def test_retry_takes_its_time() -> None:
    """A retry waits its interval, longer each time, and what is left after the last is the error."""
    retrier = {
        "ErrorEquals": ["Busy"],
        "IntervalSeconds": 1,
        "BackoffRate": 2.0,
        "MaxAttempts": 3,
        "MaxDelaySeconds": 3,
    }
    asked: list[Any] = []

    def busy(payload: Any) -> None:
        asked.append(payload)
        raise Busy("later")

    execution, clock = execute(task(Retry=[retrier]), busy)
    assert (4, 6) == (len(asked), round(clock.seconds))
    assert execution.error is not None
    assert ("FAILED", "Busy") == (execution.status, execution.error.name)


@pytest.fixture(scope="module")
def door() -> Iterator[Door]:
    """Return an endpoint behind which moto really executes state machines."""
    door = Door()
    door.door.start()
    with door.closing:
        create_table(door.client("dynamodb"))
        yield door
        door.client("dynamodb").delete_table(TableName=NAME)
    door.door.stop()


def cases() -> dict[str, dict[str, Any]]:
    """Return manifests that take all roads."""
    one, go, fail = {"image": "home:1"}, *({"before_deploy": {"command": [each]}} for each in ("go", "fail"))
    return {
        "succeeds": two_services(),
        "fails beside a sibling": with_service(
            with_service(two_services(), "redis", image="redis:broken"), "slow", image="slow:1"
        ),
        "names a network that is not there": two_services(network={"vpc": "absent", "subnets": ["private"]}),
        "runs a task first": two_services(namespace=None, services={"home": {**one, **go}}),
        "runs a task that fails": two_services(namespace=None, services={"home": {**one, **fail}}),
        "times out": two_services(namespace=None, timeout_seconds=6, services={"slow": {"image": "slow:1"}}),
    }


def asked(names: Collection[str]) -> dict[str, dict[str, Any]]:
    """Return some of these, of applications that nobody has deployed."""
    return {name: manifest for name, manifest in cases().items() if name in names}


def outcome(deployment: Deployment, status: str, path: set[str]) -> dict[str, Any]:
    """Return how an execution ended, as far as both interpreters must agree."""
    return {
        "execution": status,
        "states": path,
        "status": deployment.status.value,
        "code": deployment.failure.code if deployment.failure else None,
        "services": {name: each.status for name, each in deployment.services.items()},
    }


@pytest.mark.parametrize("names", full_but([QUICK], [QUICK, frozenset(cases())]))
def test_executions_end_alike_on_moto(door: Door, names: frozenset[str]) -> None:
    """The same deployments go through the same states to the same end, here and on moto."""
    store = Store(Table(door.client("dynamodb"), NAME))
    here = {}
    for name, manifest in asked(names).items():
        slipway = Slipway(store, dns_seconds=0, **BEHAVIOUR)
        deployment = slipway.deploy(manifest)
        execution = slipway.execution(deployment)
        here[name] = outcome(deployment, execution.status, set(execution.path))

    assert here == on_moto(door, store, asked(names))


def on_moto(door: Door, store: Store, manifests: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return how deployments end whose workflow is moto's, side by side."""
    step_functions = door.client("stepfunctions")
    machine = step_functions.create_state_machine(name=NAME, definition=json.dumps(definition()), roleArn=ROLE)
    arn = machine["stateMachineArn"]
    workflow = Remembering(step_functions, {"deploy": arn})
    began = {name: case(store, workflow) for name in manifests}
    by_application = {manifest["application"]: began[name] for name, manifest in manifests.items()}

    def run(table: Mapping[str, Step], event: dict[str, Any], _context: Any) -> dict[str, Any]:
        return by_application[store.get(event["deployment_id"]).application].run(table, event)

    door.lambdas.add("act", partial(run, steps.ACT))
    door.lambdas.add("observe", partial(run, steps.OBSERVE))
    posted = {name: deployments.create(began[name].cloud, request(each))[0].id for name, each in manifests.items()}
    return {name: ended(door, began[name].cloud, arn, deployment_id) for name, deployment_id in posted.items()}


def case(store: Store, workflow: Workflow) -> Case:
    """Return an installation on moto's workflow, in a world in which everything is there at the second look."""
    clock = VirtualClock()
    world = World(clock, rollout_seconds=0.3, namespace_seconds=0.3, dns_seconds=0, task_seconds=0.3, **BEHAVIOUR)
    return Case(FakeCloud(world, store, workflow, Faults(), clock), clock)


def ended(door: Door, cloud: FakeCloud, arn: str, deployment_id: str) -> dict[str, Any]:
    """Wait for an execution's end, and return its outcome."""
    wait_until(partial(_has_ended, cloud, deployment_id), seconds=PATIENCE_SECONDS)
    execution = f"{arn.replace(':stateMachine:', ':execution:')}:{deployment_id}"
    history = door.client("stepfunctions").get_execution_history(executionArn=execution)["events"]
    entered = {event["stateEnteredEventDetails"]["name"] for event in history if "stateEnteredEventDetails" in event}
    return outcome(cloud.store.get(deployment_id), str(cloud.workflow.status(deployment_id, "deploy")), entered)


def _has_ended(cloud: FakeCloud, deployment_id: str) -> bool:
    return cloud.workflow.status(deployment_id, "deploy") != "RUNNING"
