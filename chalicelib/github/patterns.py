"""Patterns of refs, environments, workflows and repositories: `*` is within a segment, `**` goes across `/`."""

import re

_TOKENS = re.compile(r"\*\*|\*|[^*]", re.DOTALL)


def matches(pattern: str, text: str) -> bool:
    """Tell whether a pattern names a text, all of it; whatever is no star stands for itself, capitals too.

    It follows all places at once that the pattern may have reached: no pattern makes it slow.
    """
    reached = {0}
    for token in _TOKENS.findall(pattern):
        reached = _stretched(token, text, reached) if token[0] == "*" else _stepped(token, text, reached)
    return len(text) in reached


def _stepped(character: str, text: str, reached: set[int]) -> set[int]:
    return {at + 1 for at in reached if text[at : at + 1] == character}


def _stretched(stars: str, text: str, reached: set[int]) -> set[int]:
    """Return where stars may end that begin at any of some places."""
    ends: set[int] = set()
    for at in range(len(text) + 1):
        goes_on = at - 1 in ends and (stars == "**" or text[at - 1] != "/")
        if at in reached or goes_on:
            ends.add(at)
    return ends
