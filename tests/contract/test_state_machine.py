"""The state machines and the code say the same: states, functions, files, errors; and every road leads to Finish."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chalicelib import errors, steps
from chalicelib.steps.step import BETWEEN_TRIES
from statemachines.draw import drawn

ROOT = Path(__file__).parents[2]
MACHINES: dict[str, dict[str, Any]] = {
    name: json.loads((ROOT / "statemachines" / f"{name}.asl.json").read_text()) for name in ("deployment", "teardown")
}
STEPS = {**steps.ACT, **steps.OBSERVE}
RETIRED = {"Preflight"}
ENDS = {"Succeed", "Fail"}

# https://docs.aws.amazon.com/step-functions/latest/dg/bp-lambda-serviceexception.html and concepts-error-handling.html
DOCUMENTED = {
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.Unknown",
    "Runtime.ExitError",
    "Sandbox.Timedout",
    "States.ALL",
    "States.Timeout",
    "States.HeartbeatTimeout",
    "States.TaskFailed",
}


def machines(machine: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a machine and those inside of its Maps."""
    yield machine
    for state in machine["States"].values():
        if "ItemProcessor" in state:
            yield from machines(state["ItemProcessor"])


ALL = [(f"{name} {at}", each) for name, machine in MACHINES.items() for at, each in enumerate(machines(machine))]
EVERY_MACHINE = pytest.mark.parametrize("machine", [each for _, each in ALL], ids=[name for name, _ in ALL])
# Both machines have some states: they are told apart by the machine's name before theirs.
STATES: dict[str, dict[str, Any]] = {
    f"{at.split()[0]}: {name}": state for at, each in ALL for name, state in each["States"].items()
}
TASKS = {name: state for name, state in STATES.items() if state["Type"] == "Task"}


def step_of(state: str) -> str:
    """Return a state's own name, which is its step's."""
    return state.partition(": ")[2]


def follows(state: dict[str, Any]) -> set[str]:
    """Return the states to which a state may lead."""
    parts = [state, *state.get("Catch", []), *state.get("Choices", [])]
    return {each["Next"] for each in parts if "Next" in each} | {state[key] for key in ("Default",) if key in state}


def reached(machine: dict[str, Any], without: str | None = None) -> set[str]:
    """Return the states that a machine's start leads to, not going through one of them."""
    found: set[str] = set()
    ahead = {machine["StartAt"]}
    while ahead := ahead - found - {without}:
        found |= ahead
        ahead = {name for each in ahead for name in follows(machine["States"][each])}
    return found


def test_names_are_unique() -> None:
    """A state's name is said once in its machine, for it is the step's name too."""
    assert sum(len(each["States"]) for _, each in ALL) == len(STATES)


def test_task_states_are_the_steps() -> None:
    """Every Task state is a step, and every step a Task state, here or in a release whose executions may go on."""
    assert set(STEPS) - RETIRED == {step_of(name) for name in TASKS}
    assert RETIRED <= set(STEPS)
    assert set() == set(steps.ACT) & set(steps.OBSERVE)


@pytest.mark.parametrize("name", TASKS)
def test_task_calls_its_function(name: str) -> None:
    """A step that changes AWS runs in `act`, any other in `observe`."""
    expected = "${ActFunction}" if step_of(name) in steps.ACT else "${ObserveFunction}"
    assert expected == TASKS[name]["Parameters"]["FunctionName"]


@pytest.mark.parametrize("name", TASKS)
def test_step_has_its_file(name: str) -> None:
    """The step of a state is in the file that bears its name."""
    snake = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", step_of(name)).lower()
    assert (ROOT / "chalicelib" / "steps" / f"{snake}.py").is_file()
    assert f"chalicelib.steps.{snake}" == STEPS[step_of(name)].__module__


def test_every_step_file_is_a_state() -> None:
    """There is no step that the state machine does not know."""
    shared = {"__init__", "account", "evidence", "found", "looks", "name_proof", "rollout", "route_proof"}
    shared |= {"earlier", "step", "unnamed", "wait"}
    files = {path.stem for path in (ROOT / "chalicelib" / "steps").glob("*.py")} - shared
    assert {step.__module__.rpartition(".")[2] for step in STEPS.values()} == files


@pytest.mark.parametrize("name", STATES)
def test_errors_are_known(name: str) -> None:
    """Every name in ErrorEquals is a class in errors, or one that AWS documents."""
    parts = [*STATES[name].get("Retry", []), *STATES[name].get("Catch", [])]
    unknown = {error for part in parts for error in part["ErrorEquals"] if error not in DOCUMENTED}
    assert {error for error in unknown if issubclass(getattr(errors, error), errors.SlipwayError)} == unknown


@pytest.mark.parametrize("name", STATES)
def test_everything_is_commented(name: str) -> None:
    """Every state, Catch, Retry and choice says what it is for."""
    state = STATES[name]
    parts = [state, *state.get("Catch", []), *state.get("Retry", []), *state.get("Choices", [])]
    assert [] == [part for part in parts if len(part.get("Comment", "")) < 5]


@EVERY_MACHINE
def test_every_next_exists_and_every_state_is_reached(machine: dict[str, Any]) -> None:
    """Every road leads to a state that is there, and every state lies on a road."""
    assert set(machine["States"]) == reached(machine)


@EVERY_MACHINE
def test_every_road_ends(machine: dict[str, Any]) -> None:
    """From every state an end can be reached."""
    ends = {name for name, state in machine["States"].items() if state["Type"] in ENDS or state.get("End")}
    for name in machine["States"]:
        assert reached({**machine, "StartAt": name}) & ends, f"{name} never ends"


@pytest.mark.parametrize("machine", MACHINES.values(), ids=MACHINES)
def test_every_road_leads_to_finish(machine: dict[str, Any]) -> None:
    """There is no end that does not lie behind Finish."""
    ends = {name for name, state in machine["States"].items() if state["Type"] in ENDS or state.get("End")}
    assert {"Finish"} == ends
    assert set() == reached(machine, without="Finish") & ends


@pytest.mark.parametrize("name", TASKS)
def test_catches_all_last(name: str) -> None:
    """States.ALL stands alone and last: what comes after it would never be asked."""
    for part in ("Retry", "Catch"):
        earlier = [error for each in TASKS[name].get(part, [])[:-1] for error in each["ErrorEquals"]]
        assert "States.ALL" not in earlier
        assert all(
            len(each["ErrorEquals"]) == 1 for each in TASKS[name].get(part, []) if "States.ALL" in each["ErrorEquals"]
        )


@pytest.mark.parametrize("name", TASKS)
def test_every_task_is_tried_again(name: str) -> None:
    """What passes by itself is tried again, in every task alike: AWS, Lambda, another writer."""
    throttled, unsettled, transient, busy = TASKS[name]["Retry"]
    assert TASKS["deployment: Plan"]["Retry"] == [throttled, unsettled, transient, busy]
    assert ["Throttled"] == throttled["ErrorEquals"]
    assert (["Unsettled"], ["TransientAws"]) == (unsettled["ErrorEquals"], transient["ErrorEquals"])
    assert {"StoreConflict", "NewerRelease"} <= set(busy["ErrorEquals"])


def seconds(retrier: dict[str, Any]) -> float:
    """Return how long a retrier without jitter waits in all."""
    assert "JitterStrategy" not in retrier, "with jitter nobody knows how long"
    first, rate = retrier["IntervalSeconds"], retrier["BackoffRate"]
    delays = (first * rate**attempt for attempt in range(retrier["MaxAttempts"]))
    return float(sum(min(delay, retrier["MaxDelaySeconds"]) for delay in delays))


def test_what_passes_has_its_time() -> None:
    """What does not settle is asked for twenty minutes, what is transient for two, and neither for much longer."""
    _, unsettled, transient, _ = TASKS["deployment: Plan"]["Retry"]
    assert 1_200 <= seconds(unsettled) <= 1_260
    assert 120 <= seconds(transient) <= 150


def test_what_is_refused_is_asked_for_a_last_time() -> None:
    """Between two tries of what AWS refuses there is no more time than a step takes it to be."""
    refused = TASKS["deployment: Plan"]["Retry"][:3]
    assert BETWEEN_TRIES.total_seconds() == max(each["MaxDelaySeconds"] for each in refused)


@pytest.mark.parametrize("name", TASKS)
def test_every_task_tells_when_its_state_was_entered(name: str) -> None:
    """A step knows whether a try before it has hung: its state was entered long ago."""
    assert "$$.State.EnteredTime" == TASKS[name]["Parameters"]["Payload"]["entered_at.$"]


@pytest.mark.parametrize(
    "name", [name for name in TASKS if step_of(name) not in ("ServiceFailed", "RestoreFailed", "Finish")]
)
def test_every_task_catches_all(name: str) -> None:
    """No error of a task ends the execution; only those that record how it ended have nowhere to go."""
    assert ["States.ALL"] == TASKS[name]["Catch"][-1]["ErrorEquals"]


WAITS = {name: state for name, state in TASKS.items() if state["Resource"].endswith(".waitForTaskToken")}


@pytest.mark.parametrize("name", WAITS)
def test_wait_polls_through_a_choice(name: str) -> None:
    """A wait that times out goes to the same choice as one that was completed; its default is to wait again."""
    state = WAITS[name]
    assert ["States.HeartbeatTimeout", "States.Timeout"] == state["Catch"][0]["ErrorEquals"]
    assert ("$.look", "$.look", state["Next"]) == (
        state["ResultPath"],
        state["Catch"][0]["ResultPath"],
        state["Catch"][0]["Next"],
    )
    machine = name.partition(": ")[0]
    assert step_of(name) == STATES[f"{machine}: {state['Next']}"]["Default"]
    assert "$.poll_seconds" == state["HeartbeatSecondsPath"] == state["Parameters"]["Payload"]["poll_seconds.$"]


def test_the_page_is_drawn_from_the_machines() -> None:
    """statemachines/README.md is what `make docs` draws of the machines as they are."""
    assert drawn() == (ROOT / "statemachines" / "README.md").read_text()
