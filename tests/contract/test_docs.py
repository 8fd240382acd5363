"""The pages: what is written from the code is fresh, and each link within the repository leads somewhere."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from docs import decision_index

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    each
    for each in ROOT.rglob("*.md")
    if not any(part.startswith(".") or part == "node_modules" for part in each.relative_to(ROOT).parts)
)
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
LINK = re.compile(r"\[[^]]*\]\(([^)\s]+)\)|^\[[^]]+\]: (\S+)", re.MULTILINE)


def test_decisions_are_listed() -> None:
    """docs/decisions/README.md is what `make docs` writes of them."""
    assert decision_index.text() == decision_index.INDEX.read_text(encoding="utf-8")


def prose(page: Path) -> str:
    """Return a page without its blocks of code."""
    return FENCED.sub("", page.read_text(encoding="utf-8"))


def anchors(page: Path) -> Iterator[str]:
    """Yield the anchors of a page's headings, as GitHub makes them: words in small letters, joined by hyphens."""
    for heading in HEADING.findall(prose(page)):
        text = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading)
        yield re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")


def dead(page: Path) -> Iterator[str]:
    """Yield the links of a page to files, and to headings of pages, that are not there."""
    for link in (inline or named for inline, named in LINK.findall(prose(page))):
        if "://" in link or link.startswith("mailto:"):
            continue
        path, _, anchor = link.partition("#")
        there = (page.parent / path).resolve() if path else page
        if not there.exists() or (anchor and anchor not in anchors(there)):
            yield link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """A link to a file of the repository, or to a heading of a page, finds it."""
    assert [] == list(dead(page))
