"""In which order the containers of a task start and end."""

from typing import Any

import pytest

from localcloud.ecs.dependencies import ContainerFact, has_loop, may_start, stop_groups


def container(name: str, **conditions: str) -> dict[str, Any]:
    """Return a container definition that depends on others, by their names."""
    return {"name": name, "dependsOn": [{"containerName": n, "condition": c} for n, c in conditions.items()]}


RUNNING = ContainerFact(started=True)
HEALTHY = ContainerFact(started=True, health_status="HEALTHY")
UNHEALTHY = ContainerFact(started=True, health_status="UNHEALTHY")
SUCCEEDED = ContainerFact(started=True, exit_code=0)
FAILED = ContainerFact(started=True, exit_code=3)
LATE = ContainerFact(started=True, waited_seconds=5.0, start_timeout_seconds=5.0)


@pytest.mark.parametrize(
    ("condition", "fact", "answer"),
    [
        ("START", ContainerFact(), "not yet"),
        ("START", RUNNING, "yes"),
        ("HEALTHY", RUNNING, "not yet"),
        ("HEALTHY", HEALTHY, "yes"),
        ("HEALTHY", UNHEALTHY, "never"),
        ("HEALTHY", LATE, "never"),
        ("HEALTHY", SUCCEEDED, "never"),
        ("COMPLETE", RUNNING, "not yet"),
        ("COMPLETE", FAILED, "yes"),
        ("COMPLETE", LATE, "never"),
        ("SUCCESS", RUNNING, "not yet"),
        ("SUCCESS", SUCCEEDED, "yes"),
        ("SUCCESS", FAILED, "never"),
        ("SUCCESS", LATE, "never"),
    ],
)
def test_each_condition(condition: str, fact: ContainerFact, answer: str) -> None:
    """A condition holds, may come to hold, or never will: then the container that waits is given up."""
    assert answer == may_start(container("web", db=condition), {"db": fact})[0]


def test_all_conditions_must_hold() -> None:
    """A container waits for every container that it depends on."""
    waiting = container("web", db="START", cache="START")

    assert "not yet" == may_start(waiting, {"db": RUNNING, "cache": ContainerFact()})[0]
    assert "yes" == may_start(waiting, {"db": RUNNING, "cache": RUNNING})[0]
    assert "yes" == may_start(container("web"), {})[0]


def test_says_which_condition_failed() -> None:
    """What will never start says what it waited for."""
    _, reason = may_start(container("web", migrate="SUCCESS"), {"migrate": FAILED})

    assert reason == (
        "dependency graph: failed to resolve container ordering dependency [migrate] for target [web]: "
        "it did not reach SUCCESS."
    )


def test_containers_stop_in_reverse() -> None:
    """A container stops after all that depend on it; those that do not know each other stop together."""
    containers = [container("db"), container("cache"), container("api", db="START"), container("web", api="HEALTHY")]

    assert [["web"], ["api"], ["db", "cache"]] == stop_groups(containers)


def test_circles_are_found() -> None:
    """Containers that wait for each other are a circle."""
    assert has_loop([container("a", b="START"), container("b", a="START"), container("c")])
    assert not has_loop([container("a", b="START"), container("b")])
