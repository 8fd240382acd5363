"""What is wrong and where: findings, their JSON pointers, and the order in which a caller reads them."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from chalicelib import limits
from chalicelib.errors import Fault

Path = tuple[str | int, ...]
MAX_SHOWN = 60  # characters of what a caller wrote are quoted


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong: the steps to it from the root of the manifest, and what to write instead."""

    path: Path
    detail: str


def pointer(path: Path) -> str:
    """Return the JSON pointer of a path (RFC 6901): `~` becomes `~0`, `/` becomes `~1`."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)


def holds(document: Any, path: Path) -> bool:
    """Say whether the document has a value at this path."""
    for step in path:
        if not _has(document, step):
            return False
        document = document[step]
    return True


def reading_order(document: Any) -> Callable[[Path], tuple[int, bool]]:
    """Return a sort key for paths: as one reads the document; what is missing comes right after where it belongs."""
    places = {path: place for place, path in enumerate(_paths(document, ()))}

    def key(path: Path) -> tuple[int, bool]:
        nearest = path
        while nearest not in places:
            nearest = nearest[:-1]
        return places[nearest], nearest != path

    return key


def faults_to_show(findings: Iterable[Finding], document: Any, more: int = 0) -> tuple[Fault, ...]:
    """Return the findings as faults: in reading order, none twice, at most `limits.FAULTS`.

    When there are more of them, or `more` that were not even described, the last fault says how many.
    """
    order = reading_order(document)
    found = sorted(dict.fromkeys(findings), key=lambda finding: order(finding.path))
    faults = [Fault(pointer(finding.path), finding.detail) for finding in found]
    if len(faults) + more <= limits.FAULTS:
        return tuple(faults)
    hidden = len(faults) + more - (limits.FAULTS - 1)
    return (
        *faults[: limits.FAULTS - 1],
        Fault("", f"There are {hidden} more faults: mend these first, then ask again."),
    )


def _has(value: Any, step: str | int) -> bool:
    if isinstance(value, list):
        return isinstance(step, int) and step < len(value)
    return isinstance(value, dict) and step in value


def _paths(value: Any, path: Path) -> Iterator[Path]:
    yield path
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, child in children:
        yield from _paths(child, (*path, step))
