"""Images with placeholders."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.manifest.findings import Finding
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
    assert [
        Finding(("images", "on"), '"on" is no service of the registered manifest; did you mean "one"?'),
        Finding(("services", "one", "image"), '"one:{sha}": there is no value for {sha}; give the image, or a version'),
    ] == findings


def test_image_of_no_service() -> None:
    """An image that is like no service's name is told which there are."""
    _, findings = filled(WRITTEN, HARMLESS, {"xyz": "x:1"})
    there = "; there are one, two.a, two.b, raw.c, raw"
    assert [Finding(("images", "xyz"), f'"xyz" is no service of the registered manifest{there}')] == findings


def test_what_cannot_be_filled_is_still_an_image() -> None:
    """A template with faults becomes an image all the same, so that the rest of the manifest can be looked at."""
    document, findings = filled({"services": {"one": {"image": "one:{sha}-{x}"}}}, {"sha": "abc"})
    assert "one:abc-0" == document["services"]["one"]["image"]
    assert ["{x} is no placeholder: write {sha}, {short_sha}, {tag}, {branch}, {version}"] == [
        each.detail for each in findings
    ]


ELSEWHERE = "a placeholder stands in the tag alone, after the colon"


@pytest.mark.parametrize(
    ("template", "faults"),
    [
        ("a:{sha}", []),
        ("a:{sha}{sha}", []),
        ("r:5000/a:{branch}-{sha}", []),
        ("a:1", []),
        ("a:{x}", ["{x} is no placeholder: write {sha}, {short_sha}, {tag}, {branch}, {version}"]),
        ("a:{x}{x}", ["{x} is no placeholder: write {sha}, {short_sha}, {tag}, {branch}, {version}"]),
        (
            f"a:{{{'x' * 51}}}",
            [f"{{{'x' * 50}}} is no placeholder: write {{sha}}, {{short_sha}}, {{tag}}, {{branch}}, {{version}}"],
        ),
        ("{sha}", [f'"{{sha}}": {ELSEWHERE}']),
        ("{sha}/a:1", [f'"{{sha}}/a:1": {ELSEWHERE}']),
        ("{sha}/b/a:1", [f'"{{sha}}/b/a:1": {ELSEWHERE}']),
        ("r/{sha}:1", [f'"r/{{sha}}:1": {ELSEWHERE}']),
        ("r/a:{sha}:{tag}", []),
    ],
)
def test_placeholders(template: str, faults: list[str]) -> None:
    """A placeholder is one of four, each as often as one likes, and stands in the tag."""
    assert faults == list(placeholder_faults(template, HARMLESS))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("main", "main"),
        ("feature/x", "feature-x"),
        ("a//b @c", "a-b-c"),
        ("V_1.0-x", "V_1.0-x"),
        (".-.hidden", "hidden"),
        ("/x", "x"),
        ("", ""),
        ("///", ""),
        ("a" * 129, "a" * 128),
    ],
)
def test_text_of_a_tag(value: str, text: str) -> None:
    """What a tag cannot have becomes a hyphen, none stands first, and no more is kept than a tag takes."""
    assert text == tag_text(value)


@given(st.text(max_size=200))
def test_values_stay_in_the_tag(value: str) -> None:
    """Whatever a branch or tag is called, the image has the same repository, or no value at all."""
    if tag_text(value):
        image = fill("registry.local:5000/home:{branch}", {"branch": value})
        assert re.fullmatch(IMAGE, image)
        assert "registry.local:5000/home" == image.rpartition(":")[0]
