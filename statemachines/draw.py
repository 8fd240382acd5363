"""Draws statemachines/README.md from the state machines' own words: `make docs`; a test compares the two."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
TITLES = {"deployment.asl.json": "A deployment", "teardown.asl.json": "A teardown"}
State = Mapping[str, Any]


def page(machines: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the page: both machines, by the names of their files."""
    lines = ["# The state machines", "", "This page is drawn from them by `make docs`.", ""]
    return "\n".join([*lines, *(section(TITLES[name], machine) for name, machine in machines.items())])


def section(title: str, machine: Mapping[str, Any]) -> str:
    """Return a machine's part of the page: what it is, its picture, and a row for each state."""
    rows = [row(name, state, inside) for name, state, inside in states(machine)]
    return "\n".join(
        [
            f"## {title}",
            "",
            machine["Comment"],
            "",
            "```mermaid",
            "stateDiagram-v2",
            *picture(machine, "    "),
            "```",
            "",
            "| state | in | what it does | when it fails |",
            "|---|---|---|---|",
            *rows,
            "",
        ]
    )


def states(machine: Mapping[str, Any], inside: str = "") -> Iterator[tuple[str, State, str]]:
    """Return every state with the Map that it is in, in the order of the file."""
    for name, state in machine["States"].items():
        yield name, state, inside
        if state["Type"] == "Map":
            yield from states(state["ItemProcessor"], name)


def row(name: str, state: State, inside: str) -> str:
    """Return a state's row."""
    kind = function(state) if state["Type"] == "Task" else state["Type"].lower()
    roads = [f"{each['Comment']} → {each['Next']}" for each in state.get("Catch", []) if is_failure(each)]
    return f"| {name} | {inside or 'the machine'} | {state['Comment']} ({kind}) | {'; '.join(roads)} |"


def is_failure(catch: Mapping[str, Any]) -> bool:
    """Tell whether a Catch is for failures: that of a wait's timeout is the next look."""
    errors: list[str] = catch["ErrorEquals"]
    return errors != ["States.Timeout"]


def function(state: State) -> str:
    """Return the function that a Task calls, such as "act"."""
    name = str(state["Parameters"]["FunctionName"]).removeprefix("${").removesuffix("Function}").lower()
    if state["Resource"].endswith(".waitForTaskToken"):
        return f"waits, `{name}` {'looks' if name == 'observe' else 'tries'}"
    return f"`{name}`"


def picture(machine: Mapping[str, Any], indent: str) -> Iterator[str]:
    """Return the lines of a Mermaid state diagram; what is in a Map is drawn inside of it."""
    yield f"{indent}[*] --> {identifier(machine['StartAt'])}"
    for name, state in machine["States"].items():
        if state["Type"] == "Map":
            yield f"{indent}state {identifier(name)} {{"
            yield from picture(state["ItemProcessor"], indent + "    ")
            yield f"{indent}}}"
        for target in targets(state):
            yield f"{indent}{identifier(name)} --> {identifier(target)}"


def targets(state: State) -> list[str]:
    """Return where a state leads, each once; an end is [*]."""
    nexts = [each["Next"] for each in (*state.get("Choices", []), *state.get("Catch", []))]
    nexts += [state[key] for key in ("Next", "Default") if key in state]
    if state.get("End") or state["Type"] in ("Succeed", "Fail"):
        nexts.append("[*]")
    return list(dict.fromkeys(nexts))


def identifier(name: str) -> str:
    """Return a name that Mermaid takes."""
    return name.replace("?", "")


def drawn() -> str:
    """Return the page of the machines as their files are."""
    return page({name: json.loads((HERE / name).read_text()) for name in TITLES})


if __name__ == "__main__":
    (HERE / "README.md").write_text(drawn())
