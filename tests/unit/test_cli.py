"""What a person reads of a deployment's timeline."""

from datetime import UTC, datetime

from cli.client import ApiError
from cli.follow import line


def test_a_line_says_when_who_and_what() -> None:
    """A line has the seconds since the POST, the service or the deployment, the phase and the message."""
    created_at = datetime(2026, 11, 20, 18, 50, 0, tzinfo=UTC)
    event = {"at": "2026-11-20T18:50:06.900Z", "service": None, "phase": "succeeded", "message": "Done."}

    assert "   6.9 s  deployment    succeeded           Done." == line(event, created_at)


def test_a_problem_is_readable() -> None:
    """A refused request says status, title, detail, and every fault with its pointer."""
    faults = [{"pointer": "/services/api/cpu", "detail": "300 is no size"}]
    error = ApiError(422, {"title": "The manifest has faults", "detail": "It has 1 fault.", "errors": faults})

    assert "422 The manifest has faults: It has 1 fault.\n  /services/api/cpu: 300 is no size" == str(error)
