"""Enumerations of which `make test` takes a few, and `make test-full` all."""

from collections.abc import Collection, Iterable
from typing import Any

import pytest


def full_but(quick: Collection[Any], cases: Iterable[Any]) -> list[Any]:
    """Return the cases as parameters; all but the quick ones are marked `full`."""
    return [pytest.param(each, marks=() if each in quick else pytest.mark.full) for each in cases]
