"""How a deployment ends: its status and its sentence."""

import pytest

from chalicelib.deployment import Deployment, Failure, ServiceProgress, Status
from chalicelib.verdict import goes_back, verdict
from tests.unit.deployments import NOW, deployment, failure, proven

ARN = "arn:aws:ecs:us-east-1:000000000000:task-definition/shop"


def pruned(name: str, *, changed: bool = True) -> ServiceProgress:
    """Return a service that was removed; one that had not been there did not change."""
    return ServiceProgress(name=name, status="removed", changed=changed)


@pytest.mark.parametrize(
    ("ended", "status", "sentence"),
    [
        (deployment(proven("a")), Status.SUCCEEDED, "a deployed and stable."),
        (
            deployment(proven("a", dns=True)),
            Status.SUCCEEDED,
            "a deployed and stable, and a resolves to the tasks that run.",
        ),
        (
            deployment(proven("a", dns=True), proven("b", dns=True), proven("c", changed=False)),
            Status.SUCCEEDED,
            "a and b deployed and stable, and a and b resolve to the tasks that run.",
        ),
        (
            deployment(proven("a", dns=True, by="records")),
            Status.SUCCEEDED,
            "a deployed and stable, and the DNS records of a lead to the tasks that run.",
        ),
        (
            deployment(proven("a", dns=True), proven("b", dns=True, by="records")),
            Status.SUCCEEDED,
            "a and b deployed and stable, and a resolves, and the DNS records of b lead to the tasks that run.",
        ),
        (
            deployment(proven("a", changed=False), proven("b", changed=False), proven("c", changed=False)),
            Status.SUCCEEDED,
            "Nothing to change: a, b and c already serve as asked, proven.",
        ),
        (
            deployment(proven("a"), ServiceProgress(name="b", status="running")),
            Status.FAILED,
            "b never reached a proof, and nothing says why.",
        ),
        (
            deployment(ServiceProgress(name="a"), ServiceProgress(name="b")),
            Status.FAILED,
            "a, b never reached a proof, and nothing says why.",
        ),
        (deployment(failure=failure("rollout_failed")), Status.FAILED, "home failed: Because."),
        (deployment(failure=failure("step_failed", None)), Status.FAILED, "The deployment failed: Because."),
        (deployment(failure=failure("deployment_timed_out")), Status.TIMED_OUT, "home failed: Because."),
        (deployment(failure=failure("rollout_superseded")), Status.SUPERSEDED, "home failed: Because."),
        (deployment(failure=failure("deployment_superseded", None)), Status.SUPERSEDED, "Because."),
        (deployment(failure=failure("deployment_cancelled", None)), Status.CANCELLED, "Because."),
        (deployment(proven("a"), failure=failure("execution_ended")), Status.FAILED, "home failed: Because."),
        (deployment(proven("a"), pruned("b")), Status.SUCCEEDED, "a deployed and stable. b is removed."),
        (
            deployment(proven("a", changed=False), pruned("b"), pruned("c"), pruned("d", changed=False)),
            Status.SUCCEEDED,
            "Nothing to change: a already serve as asked, proven. b and c are removed.",
        ),
        (
            deployment(proven("a"), pruned("b"), ServiceProgress(name="c"), failure=failure("prune_failed", None)),
            Status.FAILED,
            "a deployed and stable. b is removed. Because.",
        ),
    ],
)
def test_verdict(ended: Deployment, status: Status, sentence: str) -> None:
    """The verdict is a status and a sentence: the cause names both, and success needs every service proven."""
    assert (status, sentence) == verdict(ended)


@pytest.mark.parametrize(
    ("ended", "sentence"),
    [
        (deployment(proven("a"), proven("b")), "a and b are removed."),
        (deployment(proven("a"), proven("b", changed=False)), "a is removed."),
        (deployment(proven("a", changed=False)), "Nothing of shop was running; what else it had is removed."),
        (
            deployment(proven("a"), ServiceProgress(name="b"), failure=failure("step_failed")),
            "home failed: Because. Not removed: b.",
        ),
        (
            deployment(proven("a"), failure=failure("step_failed", None)),
            "The deployment failed: Because. The services are removed, what they shared is not.",
        ),
    ],
)
def test_verdict_of_a_teardown(ended: Deployment, sentence: str) -> None:
    """A teardown's verdict says what is removed, and when it failed what is not."""
    assert sentence == verdict(ended.model_copy(update={"kind": "teardown"}))[1]


def test_verdict_tells_what_a_teardown_left() -> None:
    """What others use is left, and the verdict says so."""
    left = ("the cluster shop, in which others have 1 services", "the namespace shop.local")
    ended = deployment(proven("a")).model_copy(update={"kind": "teardown", "left": left})
    told = "a is removed. Left: the cluster shop, in which others have 1 services; the namespace shop.local."
    assert told == verdict(ended)[1]


@pytest.mark.parametrize(
    ("cause", "sentence"), [("No", "No."), ("No.", "No."), ("No!", "No!"), ("Who knows?", "Who knows?")]
)
def test_a_cause_becomes_a_sentence(cause: str, sentence: str) -> None:
    """Somebody else's words end as a sentence ends, and have one end only."""
    failed = failure("step_failed").model_copy(update={"cause": cause})
    assert f"home failed: {sentence}" == verdict(deployment(failure=failed))[1]


def went_back(
    *services: ServiceProgress, code: str = "rollout_failed", stuck: str | None = None, why: str = "No room."
) -> Deployment:
    """Return a deployment that went back, or got `stuck` on its way."""
    ended = deployment(*services, failure=failure(code))
    cause = Failure(code="rollout_failed", service=stuck, cause=why, fix="Mend it.") if stuck else None
    return ended.model_copy(update={"rollback_deadline_at": NOW, "rollback_failure": cause})


def back(name: str) -> ServiceProgress:
    """Return a service whose previous revision serves again."""
    serves = f"{ARN}-{name}:6"
    return ServiceProgress(name=name, status="rolled_back", previous_task_definition=serves, what_serves=serves)


REMOVED = ServiceProgress(name="new", status="removed")


@pytest.mark.parametrize(
    ("ended", "status", "sentence"),
    [
        (went_back(back("home")), Status.ROLLED_BACK, "home failed: Because. shop-home:6 serves again."),
        (
            went_back(back("home"), back("bus"), REMOVED),
            Status.ROLLED_BACK,
            "home failed: Because. shop-home:6 and shop-bus:6 serve again; new is removed.",
        ),
        (went_back(REMOVED), Status.FAILED, "home failed: Because. new is removed."),
        (
            went_back(REMOVED, ServiceProgress(name="newer", status="removed")),
            Status.FAILED,
            "home failed: Because. new and newer are removed.",
        ),
        (went_back(ServiceProgress(name="bus")), Status.FAILED, "home failed: Because."),
        (went_back(back("home"), ServiceProgress(name="bus")), Status.ROLLED_BACK, "shop-home:6 serves again."),
        (went_back(ServiceProgress(name="bus", status="rolled_back")), Status.FAILED, "Because. bus serves again."),
        (
            went_back(back("home"), ServiceProgress(name="bus", status="running")),
            Status.FAILED,
            "It did not come back to what served before.",
        ),
        (
            went_back(ServiceProgress(name="bus", status="stopped"), code="deployment_cancelled"),
            Status.FAILED,
            "It did not come back to what served before.",
        ),
        (went_back(back("home"), code="deployment_timed_out"), Status.TIMED_OUT, "shop-home:6 serves again."),
        (went_back(back("home"), code="deployment_cancelled"), Status.CANCELLED, "shop-home:6 serves again."),
        (went_back(back("bus"), stuck="home"), Status.FAILED, "home failed: Because. Going back failed: No room."),
        (
            went_back(back("bus"), stuck="home", why="Because."),
            Status.FAILED,
            "home failed: Because. Going back failed for the same reason.",
        ),
        (
            went_back(back("home"), code="deployment_cancelled", stuck="home"),
            Status.FAILED,
            "Going back failed: No room.",
        ),
    ],
)
def test_verdict_of_the_way_back(ended: Deployment, status: Status, sentence: str) -> None:
    """The cause names the status, and the sentence says what serves; with nothing before, it failed."""
    said = verdict(ended)
    assert (status, True) == (said[0], said[1].endswith(sentence)), said


@pytest.mark.parametrize(
    ("code", "phase", "on_failure", "expected"),
    [
        ("rollout_failed", "deploying", "rollback", True),
        ("rollout_failed", "deploying", "keep", False),
        ("rollout_failed", "planned", "rollback", False),
        ("deployment_timed_out", "awaiting_namespace", "rollback", True),
        ("deployment_cancelled", "deploying", "keep", True),
        ("deployment_cancelled", "pending", "rollback", False),
        ("rollout_superseded", "deploying", "rollback", False),
        ("deployment_superseded", "deploying", "rollback", False),
        ("deployment_cancelled", "pruning", "rollback", False),
        ("execution_ended", "pruning", "rollback", False),
        (None, "deploying", "rollback", False),
    ],
)
def test_goes_back(code: str | None, phase: str, on_failure: str, expected: bool) -> None:
    """What was changed goes back, unless the caller keeps it or another deployment has taken over."""
    failed = deployment(failure=failure(code) if code else None).model_copy(update={"phase": phase})
    assert expected is goes_back(failed, on_failure)
