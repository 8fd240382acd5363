"""In which order the containers of a task start and end: pure functions on values.

Rules: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDependency.html
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

DEFAULT_START_SECONDS = 180
"""How long a container waits for those that it depends on, unless they say: `startTimeout`."""


@dataclass(frozen=True)
class ContainerFact:
    """How one container goes. `waited_seconds` counts from its start; seconds are wall seconds."""

    started: bool = False
    exit_code: int | None = None
    health_status: str = "UNKNOWN"
    waited_seconds: float = 0.0
    start_timeout_seconds: float = DEFAULT_START_SECONDS


Answer = Literal["yes", "not yet", "never"]


def may_start(container: Mapping[str, Any], facts: Mapping[str, ContainerFact]) -> tuple[Answer, str]:
    """Tell whether all that a container definition depends on holds; and if it never will, why not."""
    answers = [(_holds(d["condition"], facts[d["containerName"]]), d) for d in container.get("dependsOn", [])]
    for answer, dependency in answers:
        if answer == "never":
            return answer, (
                f"dependency graph: failed to resolve container ordering dependency [{dependency['containerName']}] "
                f"for target [{container['name']}]: it did not reach {dependency['condition']}."
            )
    return ("yes" if all(answer == "yes" for answer, _ in answers) else "not yet"), ""


def _holds(condition: str, fact: ContainerFact) -> Answer:
    ended = fact.exit_code is not None
    held = {
        "START": fact.started,
        "COMPLETE": ended,
        "SUCCESS": fact.exit_code == 0,
        "HEALTHY": fact.health_status == "HEALTHY" and not ended,
    }[condition]
    if held:
        return "yes"
    hopeless = (ended and condition != "COMPLETE") or fact.health_status == "UNHEALTHY"
    late = fact.started and fact.waited_seconds >= fact.start_timeout_seconds
    return "never" if hopeless or late else "not yet"


def stop_groups(containers: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """Return the containers' names in groups that stop together, each before those that it depends on."""
    after = {c["name"]: [d["containerName"] for d in c.get("dependsOn", [])] for c in containers}
    depth = dict.fromkeys(after, 0)
    for _ in after:
        depth = {name: max((depth[needed] + 1 for needed in needs), default=0) for name, needs in after.items()}
    return [[n for n in after if depth[n] == level] for level in range(max(depth.values(), default=0), -1, -1)]


def has_loop(containers: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether containers depend on each other in a circle."""
    left = {c["name"]: {d["containerName"] for d in c.get("dependsOn", [])} for c in containers}
    while free := [name for name, needs in left.items() if not needs & left.keys()]:
        for name in free:
            del left[name]
    return bool(left)
