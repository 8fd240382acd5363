"""docs/api.md has every limit, with its value."""

import re
from pathlib import Path

from chalicelib import limits
from chalicelib.errors import RequestError

PAGE = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
TABLE = PAGE.split("\n## Limits\n", 1)[1].split("\n## ", 1)[0]
STATUSES = {each.code(): each.status for each in RequestError.__subclasses__()}


def test_every_limit_is_on_the_page() -> None:
    """Each limit has a row with its value, and there is no other row."""
    rows = {name: int(value) for name, value in re.findall(r"^\| `(\w+)` \| (\d+) \|", TABLE, re.MULTILINE)}
    assert {name: value for name, value in vars(limits).items() if name.isupper()} == rows


def test_the_faults_past_them_are_real() -> None:
    """Each status and code that the table names is an error's."""
    named = re.findall(r"(\d{3}) `(\w+)`", TABLE)
    assert [(int(status), code) for status, code in named] == [(STATUSES[code], code) for _, code in named]
