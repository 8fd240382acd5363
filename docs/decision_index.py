"""Writes the list of the decisions, by their titles, with their dates: `make docs`."""

import re
from pathlib import Path

DECISIONS = Path(__file__).parent / "decisions"
INDEX = DECISIONS / "README.md"
ABOUT = """# Decisions

What was decided, why, and what else was considered. A two-way door can be gone back through; a one-way door cannot, and
its page says for whom. A decision that another one replaces says so.

| | decision | decided | door |
|---|---|---|---|
"""
HEAD = re.compile(r"# (\d{4})\. (.+)\n\n(\d{4}-\d{2}-\d{2}) · an? (\S+) door(.*)\n")


def text() -> str:
    """Return the page. Raises ValueError for a decision that does not begin with its number, title, date and door."""
    return ABOUT + "".join(map(_row, sorted(DECISIONS.glob("0*.md"))))


def _row(page: Path) -> str:
    found = HEAD.match(page.read_text(encoding="utf-8"))
    if found is None or not page.name.startswith(f"{found[1]}-"):
        raise ValueError(f"{page.name} begins otherwise than `# 0000. Title`, and `2026-01-01 · a two-way door`")
    number, title, date, door, for_whom = found.groups()
    return f"| {number} | [{title}]({page.name}) | {date} | {door}{for_whom} |\n"


if __name__ == "__main__":
    INDEX.write_text(text(), encoding="utf-8")
