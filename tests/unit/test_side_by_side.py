"""Several questions that AWS answers one at a time are asked at once."""

from contextvars import ContextVar
from threading import Barrier

import pytest

from chalicelib.aws.calls import AT_ONCE, side_by_side

SAID: ContextVar[str] = ContextVar("SAID", default="nothing")


def test_are_under_way_together() -> None:
    """As many as may be are under way at once, and the answers come in the order of the questions."""
    together = Barrier(AT_ONCE)

    def ask(number: int) -> int:
        together.wait(60)
        return -number

    assert [-number for number in range(3 * AT_ONCE)] == side_by_side(ask, range(3 * AT_ONCE))
    assert [] == side_by_side(ask, [])


def test_each_is_asked_in_the_askers_context() -> None:
    """What an invocation keeps in its context, such as the count of its calls, is there for each question."""
    SAID.set("here")
    assert ["here"] * 3 == side_by_side(lambda _: SAID.get(), range(3))


def test_the_first_failure_is_told() -> None:
    """Of several that fail the first in the order of the questions is raised, and the others were asked."""
    asked = set[int]()

    def ask(number: int) -> None:
        asked.add(number)
        if number:
            raise ValueError(number)

    with pytest.raises(ValueError, match=r"^1$"):
        side_by_side(ask, range(3))
    assert {0, 1, 2} == asked
