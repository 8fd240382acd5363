"""What a POST asks for beside its manifest, by query parameters."""

from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib.errors import InvalidQuery

CHOICES: Mapping[str, tuple[str, ...]] = {
    "dry_run": ("false", "true"),
    "force": ("false", "true"),
    "on_busy": ("fail", "supersede"),
}


@dataclass(frozen=True)
class Options:
    """`dry_run`: only the plan. `force`: deploy what did not change, too.

    `supersede`: take the place of whatever deployment holds one of the services.
    """

    dry_run: bool
    force: bool
    supersede: bool


def scope_of(query: Mapping[str, str]) -> str:
    """Return the scope that a POST needs: a dry run changes nothing, and whatever is not plainly one needs `write`."""
    return "plan" if query.get("dry_run") == "true" else "write"


def options(query: Mapping[str, str]) -> Options:
    """Return what a query asks for; the first choice of each parameter is what is meant without it.

    Raises InvalidQuery for another parameter, and for another value.
    """
    for name, value in query.items():
        if name not in CHOICES:
            raise InvalidQuery(f"{name[:50]} is no parameter of this route; it has {', '.join(CHOICES)}.")
        if value not in CHOICES[name]:
            raise InvalidQuery(f"{name}={value[:20]}: write {' or '.join(CHOICES[name])}.")
    asked = {name: query.get(name, choices[0]) for name, choices in CHOICES.items()}
    return Options(
        dry_run=asked["dry_run"] == "true",
        force=asked["force"] == "true",
        supersede=asked["on_busy"] == "supersede",
    )
