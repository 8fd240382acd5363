"""In which order a caller reads what is wrong, how much of it, and what a document holds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib import limits
from chalicelib.errors import Fault
from chalicelib.manifest.findings import Finding, Path, faults_to_show, holds, reading_order

DOCUMENT = {"a": {"b": [1, {"c": None}]}, "d": 3}
READ: list[Path] = [
    (),
    ("z",),
    ("a",),
    ("a", "x", "y"),
    ("a", "b"),
    ("a", "b", 7),
    ("a", "b", 0),
    ("a", "b", 1),
    ("a", "b", 1, "c"),
    ("d",),
]


@given(st.permutations(READ))
def test_reading_order(paths: list[Path]) -> None:
    """Faults come as one reads the document; what is missing comes right after where it belongs."""
    assert READ == sorted(paths, key=reading_order(DOCUMENT))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ((), True),
        (("a", "b", 1, "c"), True),
        (("a", "b", 2), False),
        (("a", "b", "c"), False),
        (("a", "x"), False),
        (("d", 0), False),
        (("z",), False),
    ],
)
def test_holds(path: Path, expected: bool) -> None:
    """A document holds what a path leads to, step by step, null too."""
    assert expected is holds(DOCUMENT, path)


def findings(count: int) -> list[Finding]:
    """Return so many findings, in reading order."""
    return [Finding(("list", number), "wrong") for number in range(count)]


@pytest.mark.parametrize(
    ("count", "more", "shown", "last"),
    [
        (0, 0, 0, None),
        (1, 0, 1, None),
        (limits.FAULTS, 0, limits.FAULTS, None),
        (limits.FAULTS - 2, 2, limits.FAULTS - 2, None),
        (limits.FAULTS + 1, 0, limits.FAULTS, 2),
        (limits.FAULTS, 1, limits.FAULTS, 2),
        (limits.FAULTS, 3901, limits.FAULTS, 3902),
    ],
)
def test_as_many_as_can_be_shown(count: int, more: int, shown: int, last: int | None) -> None:
    """All faults are shown while there is room for them; else the last one says how many more there are."""
    faults = faults_to_show(findings(count), {"list": [0] * count}, more)

    assert shown == len(faults)
    told = [Fault(f"/list/{number}", "wrong") for number in range(shown - (last is not None))]
    ends = [Fault("", f"There are {last} more faults: mend these first, then ask again.")] if last else []
    assert told + ends == list(faults)


def test_what_was_not_described_is_not_counted_unless_told() -> None:
    """Whoever does not say that there are more has shown all that there are."""
    assert limits.FAULTS == len(faults_to_show(findings(limits.FAULTS), {}))
    assert "" not in {fault.pointer for fault in faults_to_show(findings(limits.FAULTS), {})}


def test_once_and_in_order() -> None:
    """What two rules find is shown once, and all in reading order."""
    twice = [Finding(("d",), "wrong"), Finding(("a", "b"), "wrong"), Finding(("d",), "wrong")]
    assert (Fault("/a/b", "wrong"), Fault("/d", "wrong")) == faults_to_show(twice, DOCUMENT)
