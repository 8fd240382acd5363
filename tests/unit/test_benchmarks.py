"""What the benchmarks decide on their own: goals, words for a person, the page of results."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree.ElementTree import fromstring

import pytest

from benchmarks.cost import transitions_in
from benchmarks.figure import Figure, figure, shown
from benchmarks.graph import active, drawing
from benchmarks.results import Result, keep, kept, page
from benchmarks.scale import duration, least_seconds, manifests


def result(*figures: Figure) -> Result:
    """Return a result that was measured some time ago."""
    return Result("lag", "Who says it first.", 1, "2026-11-20T18:50:00+00:00", "a machine", 0.5, "peer==1", figures)


@pytest.mark.parametrize(
    ("measured", "goal", "met"),
    [([0.1, 0.2, 9.0], 0.25, True), ([0.3], 0.25, False), ([0.1], None, None), ([], 0.25, False), (0.0, 0, True)],
)
def test_the_median_meets_the_goal(measured: list[float] | float, goal: float | None, met: bool | None) -> None:
    """A figure is met when its median is at most the goal; what could not be measured is not met."""
    assert met == figure("lag", measured, "s", goal).met


@pytest.mark.parametrize(
    ("value", "words"),
    [(12.0, "12 s"), (0.254, "0.25 s"), (0.00071, "0.00071 s"), (-1.234, "-1.23 s"), (None, "none")],
)
def test_values_are_words(value: float | None, words: str) -> None:
    """A value is shown with its unit, whole numbers whole, small ones with two digits that tell something."""
    assert words == shown(value, "s")


def test_what_is_kept_is_read_again(tmp_path: Path) -> None:
    """A result on disk is the result that was measured."""
    measured = result(figure("Slipway", [0.1, 0.2], "s", 0.25), figure("a peer", [], "s"))
    keep(measured, tmp_path)

    assert [measured] == kept(tmp_path)
    assert page([measured], []) == (tmp_path / "README.md").read_text()


def test_a_drawing_stands_with_its_figures() -> None:
    """A part of the page shows the drawing of its name, when there is one."""
    assert "![lag](lag.svg)" in page([result()], ["lag.svg"])
    assert "lag.svg" not in page([result()], ["scale.svg"])


def test_what_is_under_way() -> None:
    """Spans of time become the number of those under way, at each of their ends."""
    assert [(0.0, 1), (1.0, 2), (2.0, 1), (4.0, 0)] == active([(0.0, 2.0), (1.0, 4.0)])


def test_a_drawing_holds_its_lines() -> None:
    """A drawing is XML with a path for each line; nothing under way is an empty one."""
    for points in ([(0.0, 1), (2.0, 0)], []):
        root = fromstring(drawing("three", {"a": points, "b": points}))  # noqa: S314  a drawing of our own
        assert ["a", "b"] == [each.text for each in root.findall("{*}text")][-2:]


def test_billed_transitions() -> None:
    """AWS bills each state that is entered, and each further try of a task."""
    kinds = ["ExecutionStarted", "PassStateEntered", "TaskStateEntered", "TaskScheduled", "TaskFailed", "TaskScheduled"]
    assert 3 == transitions_in([{"type": kind} for kind in kinds])


def test_services_are_shared_evenly() -> None:
    """Ten deployments share all services; fewer services than that have one each."""
    assert [10] * 10 == [len(each["services"]) for each in manifests(100)]
    assert [1] * 3 == [len(each["services"]) for each in manifests(3)]
    assert (80, 0) == (least_seconds(100), least_seconds(20))


def test_the_middle_of_the_runs_is_near_the_least() -> None:
    """Of three runs the one in the middle takes at most 1.15 times what the throttle allows."""
    begun = datetime(2026, 1, 1, tzinfo=UTC)
    for seconds, met in (((400, 92, 80), True), ((80, 93, 93), False)):
        ends = [(begun + timedelta(seconds=each)).isoformat() for each in seconds]
        *_, against = duration([[{"created_at": begun.isoformat(), "finished_at": end}] for end in ends], 80)
        assert (1.15, met) == (against.goal, against.met)
