"""Images with placeholders."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.manifest.templates import HARMLESS, fill, filled, image_places, placeholder_faults, tag_text
from chalicelib.manifest.values import IMAGE

WRITTEN = {
    "services": {
        "one": {"image": "one:{sha}"},
        "two": {"containers": {"a": {"image": "a:1"}, "b": {"image": "b:{tag}"}}},
        "raw": {"task_definition": {"containerDefinitions": [{"name": "c", "image": "c:1"}, 7]}},
        "odd": "nothing",
        "none": {"image": 7, "containers": [], "task_definition": {"containerDefinitions": "x"}},
    }
}


def test_places() -> None:
    """Every image is found in whichever form it is written, by the names that a request may use."""
    assert {
        ("services", "one", "image"): ("one",),
        ("services", "two", "containers", "a", "image"): ("two.a",),
        ("services", "two", "containers", "b", "image"): ("two.b",),
        ("services", "raw", "task_definition", "containerDefinitions", 0, "image"): ("raw.c", "raw"),
    } == {place.path: place.names for place in image_places(WRITTEN)}


def test_filled() -> None:
    """Placeholders get their values, images their places, and what was written stays as it was."""
    document, findings = filled(WRITTEN, {"sha": "abc", "tag": "v1"}, {"raw": "d:{sha}"})
    assert [] == findings
    assert ["one:abc", "a:1", "b:v1", "d:abc"] == [place.image for place in image_places(document)]
    assert "one:{sha}" == WRITTEN["services"]["one"]["image"]  # type: ignore[index]


def test_values_that_are_missing() -> None:
    """A placeholder without a value is a finding at its place, and so is an image of no service."""
    _, findings = filled(WRITTEN, {"tag": "v1", "sha": ""}, {"on": "x:1"})
    assert [("images", "on"), ("services", "one", "image")] == [each.path for each in findings]


@pytest.mark.parametrize(
    ("template", "count"), [("a:{sha}", 0), ("r:5000/a:{branch}-{sha}", 0), ("a:1", 0), ("a:{x}", 1)]
)
def test_placeholders(template: str, count: int) -> None:
    """A placeholder is one of four, each as often as one likes."""
    assert count == len(list(placeholder_faults(template, HARMLESS)))


@given(st.text(max_size=200))
def test_values_stay_in_the_tag(value: str) -> None:
    """Whatever a branch or tag is called, the image has the same repository, or no value at all."""
    if tag_text(value):
        image = fill("registry.local:5000/home:{branch}", {"branch": value})
        assert re.fullmatch(IMAGE, image)
        assert "registry.local:5000/home" == image.rpartition(":")[0]
