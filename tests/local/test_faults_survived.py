"""What goes wrong on the way, each kind once, for real: a true verdict, no lock, nothing twice, nothing orphaned."""

from typing import Any

import pytest

from tests.full import full_but
from tests.local.faults import A_CALL, ANSWER_LOST, THROTTLED, execution_arn, going_wrong, made_for
from tests.local.inventory import made
from tests.local.local_cloud import LocalCloud, hello, wait_for
from tests.local.stuck import BROKEN, STUCK, accepted, deployed, under_way
from tests.local.truth import locks, served, told

CREATE = {"service": "ecs", "operation": "CreateService"}
REGISTER = {"service": "ecs", "operation": "RegisterTaskDefinition"}
CREATE_RULE = {"service": "elasticloadbalancing", "operation": "CreateRule"}
CONFLICT = {
    "kind": "fail",
    "service": "dynamodb",
    "code": "TransactionConflictException",
    "message": "Transaction is ongoing for the item",
    "status": 400,
    "times": 2,
}
PASSING: dict[str, list[dict[str, Any]]] = {
    "throttled": [THROTTLED | CREATE],
    "internal error": [{"kind": "fail", "status": 500, "times": A_CALL, **CREATE}],
    "timeout after its effect": [ANSWER_LOST | CREATE],
    "a revision whose answer is lost": [ANSWER_LOST | REGISTER],
    "a rule whose answer is lost": [ANSWER_LOST | CREATE_RULE],
    "connection reset": [{"kind": "reset", "times": A_CALL, **CREATE}],
    "connection reset after its effect": [{"kind": "reset", "after": True, "times": A_CALL, **CREATE}],
    "on_event dies": [{"kind": "crash", "function": "on_event", "times": None}],
    "no event arrives": [{"kind": "drop_events", "times": None}],
    "records conflict": [CONFLICT | {"operation": each} for each in ("UpdateItem", "TransactWriteItems")],
    "act dies after its effect": [{"kind": "lose_answer", "function": "act", "times": 3}],
    "observe dies": [{"kind": "crash", "function": "observe", "times": 2}],
}
QUICK = {"timeout after its effect", "records conflict", "act dies after its effect"}
ONE_OF_EACH = {"services": 1, "rollouts": 1, "revisions": 1, "rules": 1, "target groups": 1}
REFUSED = {"kind": "fail", "code": "AccessDeniedException", "message": "not authorized", "status": 400}


@pytest.fixture(scope="module")
def left_pending(cloud: LocalCloud) -> str:
    """Return a deployment that was recorded and not started, as in a crash between the two."""
    with going_wrong(cloud, {**REFUSED, "service": "states", "operation": "StartExecution"}):
        return accepted(cloud, hello("left"))


@pytest.mark.usefixtures("left_pending")
@pytest.mark.parametrize("kind", full_but(QUICK, PASSING))
def test_what_passes_is_survived(cloud: LocalCloud, kind: str) -> None:
    """What passes by itself keeps no deployment from succeeding, and nothing is made twice."""
    application = kind.replace(" ", "-").replace("_", "-")
    with going_wrong(cloud, *PASSING[kind]):
        [ended] = deployed(cloud, hello(application))

    assert told(ended) == served(cloud, ended)
    assert made_for(cloud, application) == ONE_OF_EACH
    assert "hello" == cloud.visit(f"/{application}")["greeting"]
    assert ended["id"] not in locks(cloud).values()


def test_what_is_always_refused(cloud: LocalCloud) -> None:
    """A call that AWS always refuses ends a first deployment `failed`, in AWS's words, and nothing of it is left."""
    before = made(cloud)
    with going_wrong(cloud, {**REFUSED, **CREATE, "times": None}):
        ended = cloud.deploy(hello("refused"))

    assert ("failed", None) == (ended["status"], ended["rollback_failure"])
    assert "not authorized" in ended["failure"]["cause"]
    assert {"hello": None} == told(ended) == served(cloud, ended)
    assert before == made(cloud)
    assert ended["id"] not in locks(cloud).values()


def test_no_event_on_the_way_back(cloud: LocalCloud) -> None:
    """Without events polls see the failure, and that what served before serves again."""
    [before] = deployed(cloud, hello("unheard"))
    with going_wrong(cloud, {"kind": "drop_events", "times": None}):
        ended = cloud.deploy(hello("unheard", **BROKEN))

    assert ("rolled_back", told(before)) == (ended["status"], told(ended))
    assert told(ended) == served(cloud, ended)


def test_an_execution_that_is_stopped(cloud: LocalCloud) -> None:
    """An execution that somebody stops ends its deployment `failed` at once, and the next one mends what it left."""
    stopped = accepted(cloud, hello("halted", **STUCK))
    under_way(cloud, stopped)
    cloud.client("stepfunctions").stop_execution(executionArn=execution_arn(stopped))
    ended = cloud.ended(stopped)
    [mended] = deployed(cloud, hello("halted"))

    assert ("failed", "execution_ended") == (ended["status"], ended["failure"]["code"])
    assert "it never reached its end" in ended["verdict"]
    assert told(mended) == served(cloud, mended)
    assert set() == {stopped, mended["id"]} & set(locks(cloud).values())


@pytest.mark.full
def test_a_start_that_never_came(cloud: LocalCloud, left_pending: str) -> None:
    """A deployment that was recorded and not started is started by the sweep, once, and succeeds."""
    states = cloud.client("stepfunctions")

    def started() -> str | None:
        try:
            return str(states.describe_execution(executionArn=execution_arn(left_pending))["status"])
        except states.exceptions.ExecutionDoesNotExist:
            return None

    assert wait_for(started, seconds=150)  # the sweep comes every minute, and leaves a minute to who is about to start
    ended = cloud.ended(left_pending)
    assert ("succeeded", told(ended)) == (ended["status"], served(cloud, ended))
    assert made_for(cloud, "left") == ONE_OF_EACH
    assert {} == locks(cloud)
