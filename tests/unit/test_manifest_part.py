"""A part of a manifest: what can be read of it while other faults stand in it."""

from typing import Any

import pytest

from chalicelib.manifest.containers import Container
from chalicelib.manifest.findings import Path
from chalicelib.manifest.part import Part

HERE: Path = ("services", "api")
WRITTEN: dict[str, Any] = {
    "image": "api:1",
    "port": 80,
    "essential": False,
    "command": ["run", 5, "it"],
    "environment": {"A": "1", "B": 2, "C": "3"},
    "health_check": {"command": ["CMD", "true"]},
    "mounts": [{"volume": "data"}, "data", {"volume": "logs"}],
    "depends_on": None,
}


def part(*faulty: Path, **written: Any) -> Part:
    """Return a container of which some paths are reported already."""
    return Part(Container, WRITTEN | written, frozenset((*HERE, *each) for each in faulty), HERE)


def test_what_is_written_is_read() -> None:
    """Each kind is read where it stands; what is of another kind is passed over, and keeps its index or its key."""
    read = part()

    assert ("api:1", 80, False) == (read.text("image"), read.whole("port"), read.flag("essential"))
    assert ({0: "run", 2: "it"}, {"A": "1", "C": "3"}) == (read.texts("command"), read.texts_by_key("environment"))
    assert (3, 3, None) == (read.count("command"), read.count("environment"), read.count("image"))
    assert [0, 2] == list(read.parts("mounts", Container))
    assert (*HERE, "mounts", 2) == read.parts("mounts", Container)[2].path
    check = read.part("health_check", Container)
    assert check is not None
    assert ((*HERE, "health_check"), {"command": ["CMD", "true"]}) == (check.path, check.written)


@pytest.mark.parametrize(
    ("method", "keys"),
    [
        ("text", ["image"]),
        ("whole", ["port"]),
        ("flag", ["essential"]),
        ("texts", ["command", "mounts"]),
        ("texts_by_key", ["environment"]),
    ],
)
def test_no_kind_is_read_as_another(method: str, keys: list[str]) -> None:
    """False is no number, an object no list, and so on: nothing is read as what it is not."""
    assert keys == [key for key in WRITTEN if getattr(part(), method)(key) not in (None, {})]


def test_what_is_reported_is_passed_over() -> None:
    """What is reported already answers nothing: a whole key, and an entry of a list or an object."""
    keys = part(*((key,) for key in WRITTEN))
    entries = part(("command", 0), ("environment", "C"))

    assert (None, None, None) == (keys.text("image"), keys.whole("port"), keys.flag("essential"))
    assert ({}, {}, None) == (keys.texts("command"), keys.texts_by_key("environment"), keys.count("command"))
    assert ({2: "it"}, {"A": "1"}) == (entries.texts("command"), entries.texts_by_key("environment"))


def test_defaults_hold_for_what_is_not_said() -> None:
    """A key that is not there has its default, and does not say anything; null says nothing either."""
    silent = Part(Container, {"depends_on": None}, frozenset(), HERE)

    assert (True, 30, None) == (silent.flag("essential"), silent.whole("stop_timeout"), silent.text("image"))
    assert {"image", "port", "essential", "command", "environment", "health_check", "mounts"} == {
        key for key in WRITTEN if part().says(key)
    }
    assert not silent.says("essential")
