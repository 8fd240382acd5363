"""What the record keeps has the shape that its version had when it was first written."""

import pytest

from chalicelib.versions import UPGRADES, version
from tests.releases.shapes import DOCUMENTS, frozen, shape

WHAT_TO_DO = """
The shape of a document that the record keeps has changed, and deployments in flight have the one before.
1. Write what makes the new shape of the old one, a pure function, at the end of its kind's row in
   chalicelib/versions.py; it leaves alone what has the new shape already. A new field with a default needs
   only `lambda document: document`: the version tells an older release that it cannot read this.
2. `python -m tests.releases.shapes` freezes the new shape under its number.
3. `python -m tests.releases.freeze <date>`, on the commit before, if its records are not frozen yet."""


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_shape_changes_with_its_version(kind: str) -> None:
    """A document's fields and their types are those that are frozen for its version."""
    assert frozen()[kind].get(str(version(kind))) == shape(kind), WHAT_TO_DO


def test_every_version_is_known() -> None:
    """Every kind has its upgrades, and every version that was ever written is one that they know."""
    numbers = {kind: [str(number) for number in range(1, version(kind) + 1)] for kind in UPGRADES}
    assert numbers == {kind: list(versions) for kind, versions in frozen().items()}
