"""docs/manifest.md tells every field, and its example is a manifest."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from chalicelib import manifest
from chalicelib.manifest import NetworkOverride, parse
from chalicelib.manifest.sentences import REQUIRED

PAGE = (Path(__file__).parents[2] / "docs" / "manifest.md").read_text(encoding="utf-8")
MODELS: list[type[BaseModel]] = [
    model for name in manifest.__all__ if isinstance(model := getattr(manifest, name), type)
]


def section(title: str) -> str:
    """Return the part of the page under a heading."""
    return PAGE.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


@pytest.mark.parametrize("model", MODELS)
def test_every_field_is_on_the_page(model: type[BaseModel]) -> None:
    """Each model has a section, and each of its fields is named there, and nothing else in the first column."""
    text = section(model.__name__)
    rows = re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)

    assert [] == [field for field in model.model_fields if f"`{field}`" not in text]
    assert [] == [row for row in rows if row not in model.model_fields]


EXAMPLES = [parse(text.encode(), "application/yaml") for text in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)]


def parts(value: Any) -> Iterator[BaseModel]:
    """Yield every part of a manifest."""
    if isinstance(value, BaseModel):
        yield value
        yield from parts(dict(value))
    elif isinstance(value, Mapping | tuple):
        for inner in value.values() if isinstance(value, Mapping) else value:
            yield from parts(inner)


@pytest.mark.parametrize("model", sorted(set(MODELS) - {NetworkOverride}, key=str))
def test_the_examples_use_every_field(model: type[BaseModel]) -> None:
    """The page's examples are manifests, and together they write every field."""
    written = [part.model_fields_set for example in EXAMPLES for part in parts(example) if isinstance(part, model)]

    assert set(model.model_fields) == set().union(*written)


@pytest.mark.parametrize("model", MODELS)
def test_every_default_is_on_the_page(model: type[BaseModel]) -> None:
    """A default that is a number or text stands in the row of its field."""
    rows: dict[str, str] = dict(re.findall(r"^\| `(\w+)` \|[^|]*\| ([^|]*) \|", section(model.__name__), re.MULTILINE))
    plain: dict[str, Any] = {
        name: field.default
        for name, field in model.model_fields.items()
        if isinstance(field.default, int | str) and not isinstance(field.default, bool)
    }

    assert [] == [name for name, default in plain.items() if str(default) not in rows[name]]


def test_every_required_field_has_a_hint() -> None:
    """Whatever can be missing has words for what to write."""
    required = {name for model in MODELS for name, field in model.model_fields.items() if field.is_required()}

    assert required == set(REQUIRED)
