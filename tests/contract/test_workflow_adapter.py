"""The tokens of waits, as Step Functions takes them."""

import pytest

from chalicelib.aws.step_functions import Workflow
from chalicelib.errors import Throttled
from tests.contract.test_passing import Refusing


def test_a_token_is_completed_once() -> None:
    """Two events of one moment find the same token: what this process has completed it does not ask for again."""
    aws = Refusing("", "", "", {})
    workflow = Workflow(aws.client("stepfunctions"), {})
    for token in ("one", "one", "two"):
        workflow.complete(token, decided=False)
    assert ["SendTaskSuccess"] * 2 == aws.asked


def test_a_token_that_is_spent() -> None:
    """A token that somebody else has completed is left so."""
    aws = Refusing("send_task_success", "TaskTimedOut", "no", {})
    Workflow(aws.client("stepfunctions"), {}).complete("one", decided=True)
    assert ["SendTaskSuccess"] == aws.asked


def test_a_token_that_is_refused_for_now() -> None:
    """One that was refused for now is asked for again."""
    aws = Refusing("send_task_success", "ThrottlingException", "no", {})
    workflow, asked = Workflow(aws.client("stepfunctions"), {}), []
    for _ in range(2):
        with pytest.raises(Throttled):
            workflow.complete("one", decided=True)
        asked.append(len(aws.asked))
    assert asked[0] < asked[1]
